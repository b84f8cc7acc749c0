export { blindIndexes, decryptRow, encryptValues, type Values } from './cells.js';
export { type KeyName, newWrappedKey, rewrappedKey, type WrappedKey } from './data-key.js';
export { DataKeys, type Encryption } from './data-keys.js';
export { KeyringSql, type StoredKey } from './keyring-sql.js';
export { MasterKeys, type MasterKeyTexts } from './master-keys.js';
export {
  type Query,
  type Rows,
  resultOf,
  runSteps,
  runStepsNow,
  type Steps,
  type StepsResult,
} from './steps.js';
