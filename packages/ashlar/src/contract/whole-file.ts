import type { OpenOptions } from './open-options.js';

/** What a file holds, and under which key. */
export interface FileContent {
  /** How many rows each table has, those that stand behind virtual tables included. */
  readonly rows: Readonly<Record<string, number>>;
  /** SHA-256 over schema and rows, in hex. */
  readonly digest: string;
  /** Tells keys apart; `undefined` for a plain file. */
  readonly keyFingerprint: string | undefined;
}

/** How a file got another key. */
export interface KeyRotation extends FileContent {
  /** `already` when the file was under the new key before: nothing was done. */
  readonly outcome: 'rotated' | 'already';
  readonly path: string;
}

/** A file that is to be imported. */
export interface ImportSource {
  readonly path: string;
  /** Its key: a passphrase, or 64 hex digits. */
  readonly key?: string | undefined;
}

/** What was imported. */
export interface Imported extends FileContent {
  readonly path: string;
  /** What the source was: `SQLite`, `SQLCipher 3`. */
  readonly source: string;
}

/** Which of several keys opens a file. */
export interface FoundKey {
  readonly name: string;
  readonly fingerprint: string;
}

/** What can be done with a whole database file; what is about keys is `undefined` where it has none. */
export interface WholeFile {
  readonly rotateKey:
    | ((options: Pick<OpenOptions, 'key' | 'lockTimeout'>, newKey: string) => Promise<KeyRotation>)
    | undefined;
  readonly findKey: ((keys: Readonly<Record<string, string>>) => Promise<FoundKey | undefined>) | undefined;
  importFrom(options: Pick<OpenOptions, 'key'>, source: ImportSource): Promise<Imported>;
}
