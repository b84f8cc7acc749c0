export type { Barrier } from '../engines/refusal.js';
export { type ProveDataOptions, proveData } from './data/prove-data.js';
export {
  type DataEstimate,
  type DataFinding,
  type DataPosition,
  type DataReport,
  findingsOf,
} from './data/report.js';
export type { Checkpoints } from './ledgers.js';
export { type ProveOptions, prove } from './prove.js';
export {
  type AttackReport,
  countAttacks,
  failuresOf,
  type GuaranteeReport,
  type LedgerReport,
  type ProveReport,
  type StoppedBy,
  type StructureReport,
  type Verdict,
} from './report.js';
