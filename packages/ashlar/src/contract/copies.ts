import type { Readable } from 'node:stream';
import type { Engine } from './engine.js';
import type { OpenOptions } from './open-options.js';
import type { CopyFormat } from './snapshot.js';

/** A copy on its way into a place. */
export interface Copy {
  readonly format: CopyFormat;
  readonly bytes: Readable;
  /** How many bytes there are, where that is known before. */
  readonly size?: number | undefined;
  /** The key of the file when it was copied, where it is one of SQLCipher. */
  readonly key?: string | undefined;
}

/** How a copy is put into a place. */
export interface PutOptions {
  /** Looks at the copy before it becomes the database of the place. When it rejects, the place is left as it was. */
  readonly check: (engine: Engine) => Promise<void>;
  /** What is there may be replaced; else a place that holds anything is refused with `restore-target-not-empty`. */
  readonly replace: boolean;
}

/**
 * What a kind of engine does with copies. Before a copy is handed to anybody it has been looked at with the engine's own
 * means: one that is damaged is refused with `database-corrupt`.
 */
export interface Copies {
  /** Makes the copy the database of the place that `options` name, with its key. Killed at any moment, the place holds what it held, or the copy. */
  put(options: OpenOptions, copy: Copy, how: PutOptions): Promise<void>;
  /** Opens the copy where it disturbs nobody and no plaintext of it reaches a disk; all of it is gone afterwards. */
  examine<T>(options: OpenOptions, copy: Copy, work: (engine: Engine) => Promise<T>): Promise<T>;
}
