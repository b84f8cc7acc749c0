export { type AppendOnlyOptions, appendOnly } from './append-only.js';
export { type LifecycleOptions, lifecycle, type Transitions } from './lifecycle.js';
export { type PartitionedOptions, partitioned } from './partitioned.js';
export { type VersionedOptions, versioned } from './versioned.js';
