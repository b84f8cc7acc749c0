export type { Period } from '../contract/retention.js';
export {
  alwaysTrigger,
  type FunctionOptions,
  type PostgresTrigger,
  raise as raiseOnPostgres,
  triggerFunction,
} from '../sql/postgres-triggers.js';
export { raise as raiseOnSqlite, type SqliteTrigger, sqliteTrigger } from '../sql/sqlite-triggers.js';
export { acyclic } from './acyclic/acyclic.js';
export { type AppendOnlyOptions, appendOnly } from './append-only/append-only.js';
export { type AuditedOptions, audited } from './audited/audited.js';
export { type AuditTrail, auditTrail } from './audited/trail.js';
export { type BlindIndexOptions, type EncryptedOptions, encrypted } from './encrypted/encrypted.js';
export { type Keyring, keyring } from './keyring/keyring.js';
export { type LedgeredOptions, ledgered } from './ledgered/ledgered.js';
export { type LifecycleOptions, lifecycle } from './lifecycle/lifecycle.js';
export type { Transitions } from './lifecycle/rules.js';
export { type PartitionedOptions, partitioned } from './partitioned/partitioned.js';
export { type LegalHolds, legalHolds } from './retained/holds.js';
export { type RetainedOptions, retained } from './retained/retained.js';
export { scoped } from './scoped/scoped.js';
export { type VersionedOptions, versioned } from './versioned/versioned.js';
