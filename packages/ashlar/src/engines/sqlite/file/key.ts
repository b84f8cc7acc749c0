import { createHash, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { AshlarError } from '../../../errors.js';
import { type CipherVersion, cipherForms } from './sqlcipher.js';

const stretch = promisify(pbkdf2);

/** The size of a raw key, in bytes. */
export const keyBytes = 32;
const rawDigitCount = 64;
const saltedDigitCount = 96;
/** The size of the salt at the start of an encrypted file, in bytes. */
export const saltBytes = 16;

const invalid = (detail: string): AshlarError =>
  new AshlarError('key-invalid', {
    message: 'The database key is malformed.',
    detail,
    suggestion: 'Give a passphrase, or a raw key of 64 hex digits (openssl rand -hex 32).',
  });

const rawForm = /^(?:x'([0-9a-f]*)'|([0-9a-f]{32,}))$/i;

/**
 * Throws if a key is missing or malformed.
 *
 * @throws AshlarError `key-missing`, `key-invalid`
 */
export function assertKey(key: string | undefined): asserts key is string {
  if (key === undefined) throw missingKey();
  if (key === '') throw invalid('It is empty.');
  const digits = rawDigits(key)?.length;
  // SQLite silently takes a raw key of another length for a passphrase
  if (digits !== undefined && digits !== rawDigitCount && digits !== saltedDigitCount) {
    throw invalid(`It looks like a raw key but has ${digits} hex digits instead of ${rawDigitCount}.`);
  }
  const bare = key.replace(/^[\s\u{FEFF}"]+|[\s"]+$/gu, '');
  if (bare !== key && rawDigits(bare) !== undefined)
    throw invalid('It looks like a raw key within blanks or quotes, or with a byte order mark.');
  if (!key.isWellFormed() || key.includes('\0'))
    throw invalid('A passphrase must not contain NUL or lone surrogates.');
}

const rawDigits = (key: string): string | undefined => {
  const raw = rawForm.exec(key);
  return raw ? (raw[1] ?? raw[2] ?? '').toLowerCase() : undefined;
};

/**
 * Converts a key into the form `x'KEYSALT'`: the raw key and the salt of a SQLCipher file, in hex. A passphrase is
 * derived here once, in a thread, instead of by each connection on the event loop.
 *
 * @param key - a passphrase, or 64 hex digits (96 with a salt, which then replaces `salt`)
 * @param salt - the first bytes of the file; random for a new file
 * @throws AshlarError `key-missing`, `key-invalid`
 */
export async function rawKey(key: string, salt: Buffer, version: CipherVersion = 4): Promise<string> {
  assertKey(key);
  const digits = rawDigits(key);
  if (digits?.length === saltedDigitCount) return `x'${digits}'`;
  if (digits !== undefined) return `x'${digits}${salt.toString('hex')}'`;
  const { rounds, hash } = cipherForms[version];
  const derived = await stretch(key, salt, rounds, keyBytes, hash);
  const text = `x'${derived.toString('hex')}${salt.toString('hex')}'`;
  derived.fill(0);
  return text;
}

/**
 * Returns the fingerprint of a key, 16 hex digits; a raw key has the same fingerprint in every file, a passphrase a
 * different one in each file. Guessing a passphrase from it costs as much as guessing it from the file.
 *
 * @param raw - `x'KEYSALT'`
 */
export function keyFingerprint(raw: string): string {
  return createHash('sha256')
    .update('ashlar/key-fingerprint')
    .update(Buffer.from(raw.slice(2, 66), 'hex'))
    .digest('hex')
    .slice(0, 16);
}

const missingKey = (): AshlarError =>
  new AshlarError('key-missing', {
    message: 'An encrypted database was opened without a key.',
    suggestion: 'Set DATABASE_KEY to the passphrase of the database, or to its raw key of 64 hex digits.',
  });
