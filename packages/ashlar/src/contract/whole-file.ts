import type { OpenOptions } from './open-options.js';

/** The content of a database file as row counts and a digest, and the fingerprint of the file's key. */
export interface FileContent {
  /** The number of rows of each table, including the shadow tables of virtual tables. */
  readonly rows: Readonly<Record<string, number>>;
  /** The SHA-256 hash of the schema and all rows, in hex. */
  readonly digest: string;
  /** A fingerprint that identifies the key; `undefined` for a file without encryption. */
  readonly keyFingerprint: string | undefined;
}

/** The result of a key rotation. */
export interface KeyRotation extends FileContent {
  /** `rotated`, or `already` if the file already had the new key and was not changed. */
  readonly outcome: 'rotated' | 'already';
  readonly path: string;
}

/** A database file to import. */
export interface ImportSource {
  readonly path: string;
  /** The key of the file: a passphrase, or 64 hex digits. */
  readonly key?: string | undefined;
}

/** The result of an import. */
export interface Imported extends FileContent {
  readonly path: string;
  /** The format of the imported file, for example `SQLite` or `SQLCipher 3`. */
  readonly source: string;
}

/** The name and the fingerprint of the key that opens a file. */
export interface FoundKey {
  readonly name: string;
  readonly fingerprint: string;
}

/** Operations on a whole database file. Those about keys are `undefined` for a file without encryption. */
export interface WholeFile {
  readonly rotateKey:
    | ((options: Pick<OpenOptions, 'key' | 'lockTimeout'>, newKey: string) => Promise<KeyRotation>)
    | undefined;
  readonly findKey: ((keys: Readonly<Record<string, string>>) => Promise<FoundKey | undefined>) | undefined;
  importFrom(options: Pick<OpenOptions, 'key'>, source: ImportSource): Promise<Imported>;
}
