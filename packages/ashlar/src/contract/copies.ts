import type { Readable } from 'node:stream';
import type { Engine } from './engine.js';
import type { OpenOptions } from './open-options.js';
import type { CopyFormat } from './snapshot.js';

/** A copy of a database that is to be restored or examined. */
export interface Copy {
  readonly format: CopyFormat;
  readonly bytes: Readable;
  /** The number of bytes, if known in advance. */
  readonly size?: number | undefined;
  /** For a SQLCipher file: its key when it was copied. */
  readonly key?: string | undefined;
}

/** How a copy is restored. */
export interface PutOptions {
  /** Checks the copy before it becomes the database. If it rejects, the existing database is unchanged. */
  readonly check: (engine: Engine) => Promise<void>;
  /** Replaces an existing database. Without it, a target that is not empty is refused with `restore-target-not-empty`. */
  readonly replace: boolean;
}

/**
 * How one kind of engine handles copies. It verifies every copy with its own means first, and refuses a damaged one with
 * `database-corrupt`.
 */
export interface Copies {
  /** Makes the copy the database at `options.url`, under `options.key`. If the process is killed, the target holds either the old database or the copy. */
  put(options: OpenOptions, copy: Copy, how: PutOptions): Promise<void>;
  /** Opens the copy as a temporary database, without writing plaintext to disk, and removes it afterwards. */
  examine<T>(options: OpenOptions, copy: Copy, work: (engine: Engine) => Promise<T>): Promise<T>;
}
