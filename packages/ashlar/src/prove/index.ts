export type { Checkpoints } from './ledgers.js';
export {
  type AttackProof,
  countAttacks,
  failuresOf,
  type GuaranteeProof,
  type LedgerProof,
  type Proof,
  type RefusedBy,
  type StructureProof,
  type Verdict,
} from './proof.js';
export { type ProveOptions, prove } from './prove.js';
