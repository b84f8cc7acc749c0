/** The versions of the SQLCipher format: https://www.zetetic.net/sqlcipher/design/ */
export type CipherVersion = 1 | 2 | 3 | 4;

/** How an encrypted file is written. */
export interface Cipher {
  readonly version: CipherVersion;
  readonly pageBytes: number;
}

/** What a version of the format does with a key and a page. */
export interface CipherForm {
  /** The hash of key derivation and of the HMAC of pages. */
  readonly hash: 'sha1' | 'sha512';
  /** Rounds of PBKDF2 for a passphrase. */
  readonly rounds: number;
  /** At the end of each page, in this order: an IV, an HMAC, padding. */
  readonly reservedBytes: number;
  readonly macBytes: number;
  /** What SQLCipher takes where nobody says otherwise. */
  readonly pageBytes: number;
}

export const ivBytes = 16;

export const cipherForms: Readonly<Record<CipherVersion, CipherForm>> = {
  4: { hash: 'sha512', rounds: 256_000, reservedBytes: 80, macBytes: 64, pageBytes: 4096 },
  3: { hash: 'sha1', rounds: 64_000, reservedBytes: 48, macBytes: 20, pageBytes: 1024 },
  2: { hash: 'sha1', rounds: 4_000, reservedBytes: 48, macBytes: 20, pageBytes: 1024 },
  // no HMAC yet
  1: { hash: 'sha1', rounds: 4_000, reservedBytes: 16, macBytes: 0, pageBytes: 1024 },
};

/** How Ashlar writes encrypted files. Other page sizes made single rows 1.7 to 6 times as expensive. */
export const ownCipher: Cipher = { version: 4, pageBytes: 4096 };
