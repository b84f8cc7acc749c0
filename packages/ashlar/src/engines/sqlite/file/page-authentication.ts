import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { keyBytes, rawKey, saltBytes } from './key.js';
import { type Cipher, type CipherVersion, cipherForms, ivBytes, ownCipher } from './sqlcipher.js';

// the HMAC key is derived from the key and the salt: https://www.zetetic.net/sqlcipher/design/
const macSaltMask = 0x3a;
const macRounds = 2;
const pagesTried = 16;

/**
 * Whether any of the sampled pages of an encrypted file authenticates with the given key. If one does, the key is right
 * and the file is damaged. Call only when this process does not have the file open.
 *
 * @param key - `x'KEYSALT'`
 */
export function authenticPages(path: string, key: string): boolean {
  return reading(path, (page, bytes) => {
    const pages = Math.floor(bytes / ownCipher.pageBytes);
    const step = Math.max(1, Math.floor(pages / pagesTried));
    return withKeys(key, ownCipher.version, ({ mac }) => {
      for (let number = 1; number <= pages; number += step)
        if (isAuthentic(page(number, ownCipher.pageBytes), number, mac, ownCipher)) return true;
      return false;
    });
  });
}

// SQLite uses bytes of this page as locks, and never writes it
const lockPage = 0x40000000 / ownCipher.pageBytes + 1;
const pagesAtOnce = 256;
const noPage = Buffer.alloc(ownCipher.pageBytes);

/**
 * Returns the number of the first page of an encrypted file that does not authenticate with the given key; `undefined`
 * if there is none. Call only when this process does not have the file open.
 *
 * @param key - `x'KEYSALT'`
 */
export async function firstDamagedPage(path: string, key: string): Promise<number | undefined> {
  const pages = reading(path, (_, bytes) => Math.ceil(bytes / ownCipher.pageBytes));
  for (let first = 1; first <= pages; first += pagesAtOnce) {
    const last = Math.min(pages, first + pagesAtOnce - 1);
    const found = reading(path, (page) =>
      withKeys(key, ownCipher.version, ({ mac }) => {
        for (let number = first; number <= last; number++) {
          const content = page(number, ownCipher.pageBytes);
          // a page that was allocated and freed in one transaction was never written
          const isSound =
            number === lockPage || content.equals(noPage) || isAuthentic(content, number, mac, ownCipher);
          if (!isSound) return number;
        }
        return undefined;
      }),
    );
    if (found !== undefined) return found;
    await nextTurn();
  }
  return undefined;
}

const versions: readonly CipherVersion[] = [4, 3, 2, 1];
const pageSizes = [4096, 1024, 8192, 16_384, 32_768, 65_536, 2048, 512] as const;

/**
 * Finds the SQLCipher version and page size with which the given key opens the first page of a file; `undefined` if the
 * key does not open it with any of them. Call only when this process does not have the file open.
 *
 * @param key - as a user gives it
 * @throws AshlarError `key-invalid`
 */
export async function recogniseCipher(path: string, key: string): Promise<Cipher | undefined> {
  const { first, bytes } = reading(path, (page, size) => ({ first: page(1, pageSizes[5]), bytes: size }));
  const salt = first.subarray(0, saltBytes);
  for (const version of versions) {
    const found = withKeys(await rawKey(key, salt, version), version, (keys) =>
      pageSizes.find((pageBytes) => {
        if (bytes < pageBytes) return false;
        const content = first.subarray(0, pageBytes);
        const cipher = { version, pageBytes };
        return version === 1
          ? beginsLikeSqlite(content, keys.page)
          : isAuthentic(content, 1, keys.mac, cipher);
      }),
    );
    if (found !== undefined) return { version, pageBytes: found };
  }
  return undefined;
}

/**
 * Whether the rollback journal of a file contains the file's first page and this page authenticates with the given key.
 * That page has the salt, so this works also after an interrupted PRAGMA rekey, which put another salt into the file.
 * Format of the journal: https://sqlite.org/fileformat2.html#the_rollback_journal
 */
export async function opensJournal(path: string, key: string): Promise<boolean> {
  const { pageBytes, version } = ownCipher;
  const start = reading(`${path}-journal`, (page) => page(1, 2 * pageBytes));
  const record = start.subarray(start.readUInt32BE(20));
  if (record.length < 4 + pageBytes || record.readUInt32BE(0) !== 1) return false;
  const content = record.subarray(4, 4 + pageBytes);
  const raw = await rawKey(key, content.subarray(0, saltBytes));
  return withKeys(raw, version, ({ mac }) => isAuthentic(content, 1, mac, ownCipher));
}

type ReadPage = (number: number, pageBytes: number) => Buffer;

const reading = <T>(path: string, work: (page: ReadPage, bytes: number) => T): T => {
  const descriptor = openSync(path, 'r');
  try {
    return work((number, pageBytes) => {
      const content = Buffer.alloc(pageBytes);
      readSync(descriptor, content, 0, pageBytes, (number - 1) * pageBytes);
      return content;
    }, fstatSync(descriptor).size);
  } finally {
    closeSync(descriptor);
  }
};

const withKeys = <T>(
  key: string,
  version: CipherVersion,
  work: (keys: { page: Buffer; mac: Buffer }) => T,
): T => {
  const page = Buffer.from(key.slice(2, 66), 'hex');
  const salt = Buffer.from(key.slice(66, 66 + 2 * saltBytes), 'hex').map((byte) => byte ^ macSaltMask);
  const mac = pbkdf2Sync(page, salt, macRounds, keyBytes, cipherForms[version].hash);
  try {
    return work({ page, mac });
  } finally {
    page.fill(0);
    mac.fill(0);
  }
};

const isAuthentic = (content: Buffer, page: number, macKey: Buffer, cipher: Cipher): boolean => {
  const { hash, reservedBytes, macBytes } = cipherForms[cipher.version];
  const number = Buffer.alloc(4);
  number.writeUInt32LE(page);
  const macAt = cipher.pageBytes - reservedBytes + ivBytes;
  // the first page begins with the salt, which is not encrypted
  const covered = content.subarray(page === 1 ? saltBytes : 0, macAt);
  const expected = createHmac(hash, macKey).update(covered).update(number).digest();
  return timingSafeEqual(expected, content.subarray(macAt, macAt + macBytes));
};

// version 1 has no HMAC. Bytes 16 to 23 of a database are the page size and constant bytes
// (https://sqlite.org/fileformat2.html#the_database_header)
const beginsLikeSqlite = (content: Buffer, key: Buffer): boolean => {
  const { reservedBytes } = cipherForms[1];
  const decipher = createDecipheriv('aes-256-cbc', key, content.subarray(-reservedBytes)).setAutoPadding(
    false,
  );
  const header = decipher.update(content.subarray(saltBytes, saltBytes + 16));
  const declared = header.readUInt16BE(0) === 1 ? 65_536 : header.readUInt16BE(0);
  return (
    declared === content.length &&
    (header[4] ?? 0) >= reservedBytes &&
    header.subarray(5, 8).equals(Buffer.from([64, 32, 32]))
  );
};
