export { type AppendOnlyOptions, appendOnly } from './append-only/append-only.js';
export { type AuditedOptions, audited } from './audited/audited.js';
export { type AuditTrail, auditTrail } from './audited/trail.js';
export { type LifecycleOptions, lifecycle, type Transitions } from './lifecycle/lifecycle.js';
export { type PartitionedOptions, partitioned } from './partitioned/partitioned.js';
export { type LegalHolds, legalHolds } from './retained/holds.js';
export { type RetainedOptions, retained } from './retained/retained.js';
export type { Period } from './shared/retention.js';
export { type VersionedOptions, versioned } from './versioned/versioned.js';
