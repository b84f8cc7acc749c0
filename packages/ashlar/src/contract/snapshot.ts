import type { Readable } from 'node:stream';
import type { RunSql } from './sql.js';

/**
 * The format of a copy: an SQLite or SQLCipher file, an archive of `pg_dump --format=custom`, or the gzipped tar of a
 * PGlite data folder.
 */
export type CopyFormat = 'sqlite' | 'sqlcipher' | 'pg-custom' | 'pglite-tar';

/** A consistent state of a database, held while it is read and copied. Other sessions continue to write. */
export interface Snapshot {
  readonly format: CopyFormat;
  /** For a SQLCipher file: the key of the copy, as `x'KEYSALT'`. */
  readonly key?: string | undefined;
  /** The size of the copy in bytes, if known in advance. */
  readonly size?: number | undefined;
  /** Where the database is, however its URL is written: a path without symbolic links; on a server, cluster, database and schema. */
  readonly place: string;
  /** What tells the file, folder or schema at `place` from another one that is there before or after, as far as it can be told. */
  readonly incarnation: string;
  /** Runs a query on the snapshot as the owner, who sees the rows of every scope. */
  readonly read: RunSql;
  /** Counts the rows of a table in the snapshot. Does not block the event loop on a large table. */
  count(table: string): Promise<number>;
  /**
   * Returns a copy of the whole database as of this snapshot, as a stream. Read it once and to the end.
   *
   * @param others - settles when nothing else reads the snapshot any more: an engine with one connection starts the
   *   copy then, and releases the connection as early as possible. Default: nothing else reads it
   */
  copy(others?: Promise<unknown>): Readable;
}
