export { type ExternalTable, external, native } from '../model/index.js';
export { type GuardParts, guard } from '../system/guard.js';
export { checkGuard, type GuardFinding } from './check.js';
export { changedMeanwhile } from './meanwhile.js';
export { type RestoreOptions, restoreGuard } from './restore.js';
