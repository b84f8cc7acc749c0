export { blindIndexes, openRow, sealValues, type Values } from './cells.js';
export { type KeyName, newWrappedKey, rewrappedKey, type WrappedKey } from './data-key.js';
export { DataKeys, type Encryption } from './data-keys.js';
export { KeyringSql, type StoredKey } from './keyring-sql.js';
export { MasterKeys, type MasterKeyTexts } from './master-keys.js';
export { type Query, type Rows, type Settled, type Steps, settled, settleLater, settleNow } from './steps.js';
