export { type AppendOnlyOptions, appendOnly } from './append-only/append-only.js';
export { type BlindIndexOptions, type EncryptedOptions, encrypted } from './encrypted/encrypted.js';
export { type Keyring, keyring } from './keyring/keyring.js';
export { type LedgeredOptions, ledgered } from './ledgered/ledgered.js';
export { type LifecycleOptions, lifecycle, type Transitions } from './lifecycle/lifecycle.js';
export { type PartitionedOptions, partitioned } from './partitioned/partitioned.js';
export { scoped } from './scoped/scoped.js';
export { type VersionedOptions, versioned } from './versioned/versioned.js';
