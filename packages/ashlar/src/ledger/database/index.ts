export type { Checkpoint, SignedCheckpoint } from '../checkpoint.js';
export type { Entry } from '../entry.js';
export { formatHandover } from '../handover.js';
export { parsePrivateKey, parseVerifierKey, type Signer, type Verifier } from '../keys.js';
export type { LedgerProblem } from '../problems.js';
export type { ProvenEntry } from '../proof-file.js';
export {
  acceptHandover,
  type LedgerKey,
  newLedgerKey,
  readCheckpoint,
  verifyConsistencyProof,
  verifyInclusionProof,
} from '../public-keys.js';
export type { KeptCheckpoint } from '../signer-log.js';
export type { Verification } from '../verify.js';
export {
  type CheckpointOptions,
  checkpointLedger,
  keptCheckpoints,
  type LedgerVerification,
  ledgersOf,
  type OpenLedger,
  verifyLedger,
} from './checkpoints.js';
export { exportLedger } from './export.js';
export { type LedgerState, ledgerState, type OpenLedgerOptions, openLedger } from './open.js';
export { type GrowthProof, proveConsistency, proveInclusion, type RowProof } from './proofs.js';
