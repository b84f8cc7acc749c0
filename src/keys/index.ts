export { type ReencryptOptions, reencrypt } from './reencrypt.js';
export { rotateDataKey, rotateMaster } from './rotate.js';
export { type Shredded, type ShredOptions, shred } from './shred.js';
