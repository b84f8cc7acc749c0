import type { WholeFile } from '../../../contract/whole-file.js';
import { findKey } from './find-key.js';
import { importFile } from './import-file.js';
import { rotateKey } from './rotate-key.js';

/** Returns the operations on a whole database file, plain or encrypted. */
export function wholeFile(path: string, encrypted: boolean): WholeFile {
  return {
    rotateKey: encrypted ? (options, newKey) => rotateKey(path, options, newKey) : undefined,
    findKey: encrypted ? (keys) => findKey(path, keys) : undefined,
    importFrom: ({ key }, source) => importFile({ path, encrypted, key }, source),
  };
}
