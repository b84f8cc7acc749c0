export {
  type Checkpoint,
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  type SignedCheckpoint,
  signCheckpoint,
} from './checkpoint.js';
export { requireContinuation } from './continuation.js';
export { type Entry, entryForm, readEntry } from './entry.js';
export { formatHandover, openHandover } from './handover.js';
export { emptyRoot, Frontier, leafHash, nodeHash, rootOf } from './merkle.js';
export {
  newSigner,
  type OpenedNote,
  openNote,
  parsePrivateKey,
  parseVerifierKey,
  type Signer,
  signNote,
  type Verifier,
} from './note.js';
export {
  type ConsistencyProof,
  formatConsistency,
  formatProof,
  type InclusionProof,
  type ProvenEntry,
  parseConsistency,
  parseProof,
  verifyConsistencyFile,
  verifyProof,
} from './proof-file.js';
export {
  consistencyProof,
  frontierAt,
  inclusionProof,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from './proofs.js';
export { type KeptCheckpoint, readCheckpoints, type SigningRequest, signHead } from './signer-log.js';
