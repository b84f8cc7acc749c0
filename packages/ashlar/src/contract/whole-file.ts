import type { OpenOptions } from './open-options.js';

/** The content of a database file and the key it is under. */
export interface FileContent {
  /** The number of rows of each table, the shadow tables of virtual tables included. */
  readonly rows: Readonly<Record<string, number>>;
  /** SHA-256 over schema and rows, in hex. */
  readonly digest: string;
  /** Tells keys apart; `undefined` for a plain file. */
  readonly keyFingerprint: string | undefined;
}

/** The result of a key rotation. */
export interface KeyRotation extends FileContent {
  /** `already`: the file was under the new key before, and nothing was done. */
  readonly outcome: 'rotated' | 'already';
  readonly path: string;
}

/** A file to import. */
export interface ImportSource {
  readonly path: string;
  /** Its key: a passphrase, or 64 hex digits. */
  readonly key?: string | undefined;
}

/** The result of an import. */
export interface Imported extends FileContent {
  readonly path: string;
  /** The format of the source: `SQLite`, `SQLCipher 3`. */
  readonly source: string;
}

/** The key that opens a file. */
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
