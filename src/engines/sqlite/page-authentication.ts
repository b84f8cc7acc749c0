import { createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { keyBytes, saltBytes } from './key.js';

// SQLCipher 4: each page ends with an IV of 16 bytes and an HMAC-SHA512 over ciphertext, IV and page number
const pageBytes = 4096;
const macBytes = 64;
const macSaltMask = 0x3a;
const macIterations = 2;
const pagesTried = 16;

/**
 * Whether some page of an encrypted file was written under a key: then the key is right and the file damaged. To be
 * called only when this process does not have the file open.
 *
 * @param key - `x'KEYSALT'`
 */
export const authenticPages = (path: string, key: string): boolean => {
  const secret = Buffer.from(key.slice(2, 66), 'hex');
  const descriptor = openSync(path, 'r');
  try {
    const salt = Buffer.from(key.slice(66, 66 + 2 * saltBytes), 'hex');
    const macSalt = salt.map((byte) => byte ^ macSaltMask);
    const macKey = pbkdf2Sync(secret, macSalt, macIterations, keyBytes, 'sha512');
    const pages = Math.floor(fstatSync(descriptor).size / pageBytes);
    const step = Math.max(1, Math.floor(pages / pagesTried));
    for (let page = 1; page <= pages; page += step) {
      const content = Buffer.alloc(pageBytes);
      readSync(descriptor, content, 0, pageBytes, (page - 1) * pageBytes);
      if (isAuthentic(content, page, macKey)) return true;
    }
    return false;
  } finally {
    closeSync(descriptor);
    secret.fill(0);
  }
};

const isAuthentic = (content: Buffer, page: number, macKey: Buffer): boolean => {
  const number = Buffer.alloc(4);
  number.writeUInt32LE(page);
  // the first page begins with the salt, which is not encrypted
  const covered = content.subarray(page === 1 ? saltBytes : 0, pageBytes - macBytes);
  const expected = createHmac('sha512', macKey).update(covered).update(number).digest();
  return timingSafeEqual(expected, content.subarray(pageBytes - macBytes));
};
