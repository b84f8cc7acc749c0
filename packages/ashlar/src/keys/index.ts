export type { FileContent, FoundKey, Imported, ImportSource, KeyRotation } from '../contract/whole-file.js';
export { findDatabaseKey, importDatabase, rotateDatabaseKey } from './database-file.js';
export { type ReencryptOptions, reencrypt } from './reencrypt.js';
export { rotateDataKey, rotateMaster } from './rotate.js';
export { finishScopeKeyRotation, installScopeKey, rotateScopeKey } from './scope-key.js';
export { type Shredded, type ShredOptions, shred } from './shred.js';
export { type KeyringStatus, keyringStatus } from './status.js';
