import type { Readable } from 'node:stream';
import type { Engine } from './engine.js';
import type { OpenOptions } from './open-options.js';
import type { CopyFormat } from './snapshot.js';

/** A copy of a database, to restore or to examine. */
export interface Copy {
  readonly format: CopyFormat;
  readonly bytes: Readable;
  /** The number of bytes, if known in advance. */
  readonly size?: number | undefined;
  /** For a SQLCipher file: the key that the file had when the copy was made. */
  readonly key?: string | undefined;
}

/** Options for restoring a copy. */
export interface PutOptions {
  /** Checks the copy before it becomes the database. If it rejects, the existing database is unchanged. */
  readonly check: (engine: Engine) => Promise<void>;
  /**
   * Whether to replace an existing database. If false, a target that is not empty is refused with
   * `restore-target-not-empty`.
   */
  readonly replace: boolean;
}

/**
 * Restores and examines copies of databases on one kind of engine. It verifies every copy with its own means first,
 * and refuses a damaged one with `database-corrupt`.
 */
export interface Copies {
  /**
   * Restores the copy as the database at `options.url`, with the key `options.key`. If the process is killed, the
   * target holds either the old database or the copy.
   */
  put(options: OpenOptions, copy: Copy, how: PutOptions): Promise<void>;
  /**
   * Runs `work` on the copy as a temporary database, without writing plaintext to disk, and removes the database
   * afterwards.
   */
  examine<T>(options: OpenOptions, copy: Copy, work: (engine: Engine) => Promise<T>): Promise<T>;
}
