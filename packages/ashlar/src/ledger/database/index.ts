export {
  type Audited,
  folderOf,
  keptCheckpoints,
  ledgersOf,
  originOf,
  proofOf,
  signCheckpointOf,
  tampered,
  verifyLedgerOf,
} from './checkpoints.js';
export { exportLedger } from './export.js';
export { ledgersThere, verifyTable, withLedger } from './ledgers.js';
