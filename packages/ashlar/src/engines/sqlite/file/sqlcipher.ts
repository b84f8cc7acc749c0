/** A version of the SQLCipher format (https://www.zetetic.net/sqlcipher/design/). */
export type CipherVersion = 1 | 2 | 3 | 4;

/** The format of an encrypted file: its SQLCipher version and its page size. */
export interface Cipher {
  readonly version: CipherVersion;
  readonly pageBytes: number;
}

/** The parameters of one version of the SQLCipher format. */
export interface CipherForm {
  /** The hash function that is used for deriving keys and for the HMAC of each page. */
  readonly hash: 'sha1' | 'sha512';
  /** The number of PBKDF2 rounds that derive a key from a passphrase. */
  readonly rounds: number;
  /** The number of bytes at the end of each page that hold its IV, its HMAC and padding. */
  readonly reservedBytes: number;
  readonly macBytes: number;
  /** The default page size of this SQLCipher version, in bytes. */
  readonly pageBytes: number;
}

/** The size of the IV of a page, in bytes. */
export const ivBytes = 16;

/** The parameters of each version of the SQLCipher format. */
export const cipherForms: Readonly<Record<CipherVersion, CipherForm>> = {
  4: { hash: 'sha512', rounds: 256_000, reservedBytes: 80, macBytes: 64, pageBytes: 4096 },
  3: { hash: 'sha1', rounds: 64_000, reservedBytes: 48, macBytes: 20, pageBytes: 1024 },
  2: { hash: 'sha1', rounds: 4_000, reservedBytes: 48, macBytes: 20, pageBytes: 1024 },
  // without HMAC
  1: { hash: 'sha1', rounds: 4_000, reservedBytes: 16, macBytes: 0, pageBytes: 1024 },
};

/**
 * The encryption format in which Ashlar writes files. With other page sizes, access to single rows took 1.7 to 6 times
 * as long.
 */
export const ownCipher: Cipher = { version: 4, pageBytes: 4096 };
