import type { Readable } from 'node:stream';
import type { RunSql } from './sql.js';

/**
 * What the bytes of a copy are: a database file of SQLite or SQLCipher, an archive of `pg_dump --format=custom`, or
 * the gzipped tar of a data folder that PGlite writes.
 */
export type CopyFormat = 'sqlite' | 'sqlcipher' | 'pg-custom' | 'pglite-tar';

/** One moment of a database, held while it is read and copied. Others go on writing meanwhile. */
export interface Snapshot {
  readonly format: CopyFormat;
  /** The key of the copy, where it is a file of SQLCipher: `x'KEYSALT'`. */
  readonly key?: string | undefined;
  /** How many bytes the copy will have, where that is known before. */
  readonly size?: number | undefined;
  /** Reads as the owner, every scope included, what the database held at this moment. */
  readonly read: RunSql;
  /** How many rows a table has; on a large one the event loop gets its turns meanwhile. */
  count(table: string): Promise<number>;
  /**
   * The whole database as it was at this moment. To be read once, and to its end.
   *
   * @param others - settles when nothing else is asked of the snapshot any more: an engine of one connection begins then,
   *   and lets the others have it as soon as it can. Default: that is so already
   */
  copy(others?: Promise<unknown>): Readable;
}
