export {
  folderOf,
  keptCheckpoints,
  ledgersOf,
  type OpenLedger,
  originOf,
  proofOf,
  signCheckpointOf,
  tampered,
  verifyLedgerOf,
} from './checkpoints.js';
export { exportLedger } from './export.js';
export { existingLedgers, verifyTable, withLedger } from './ledgers.js';
