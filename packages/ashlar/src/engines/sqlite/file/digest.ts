import { createHash, type Hash } from 'node:crypto';
import { identifier } from '../../../model/index.js';
import type { DriverDatabase } from '../driver/driver.js';
import { rowidName } from '../rowid.js';

/** The row counts and a digest of a database, for comparing it with a copy. */
export interface DatabaseDigest {
  /** The row count of each stored table, including the shadow tables of virtual tables. */
  readonly rows: Readonly<Record<string, number>>;
  /**
   * The SHA-256 hash, in hex, of user_version, application_id, the schema, and all rows with their hidden rowids, in
   * key order.
   */
  readonly digest: string;
}

/**
 * Counts and hashes all rows of the main database, or of the attached database `old`. Throws the errors of the driver.
 */
export function digestOf(database: DriverDatabase, place: 'main' | 'old' = 'main'): DatabaseDigest {
  const hash = createHash('sha256');
  const rows: Record<string, number> = {};
  database.exec('BEGIN');
  try {
    for (const name of ['user_version', 'application_id'])
      add(hash, database.pragma(`${place}.${name}`, { simple: true }));
    const schema = database
      .prepare<unknown[], SchemaRow>(
        `SELECT type, name, tbl_name, rootpage > 0 AS stored, sql FROM ${place}.sqlite_schema ORDER BY type, name`,
      )
      .all();
    for (const { type, name, tbl_name, sql } of schema)
      for (const part of [type, name, tbl_name, sql]) add(hash, part);
    for (const { name } of schema.filter(({ type, stored }) => type === 'table' && stored === 1)) {
      add(hash, name);
      const statement = database
        .prepare(allRows(database, name, place))
        .safeIntegers()
        .raw();
      let count = 0;
      for (const row of statement.iterate() as Iterable<unknown[]>) {
        for (const value of row) add(hash, value);
        count++;
      }
      rows[name] = count;
    }
  } finally {
    database.exec('ROLLBACK');
  }
  return { rows, digest: hash.digest('hex') };
}

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly stored: number;
  readonly sql: string | null;
}

/**
 * Returns a name by which SQL can read a table's hidden rowid; `undefined` if the table has no hidden rowid, or if its
 * columns have taken all three possible names.
 */
export function rowidOf(database: DriverDatabase, table: string, place: 'main' | 'old'): string | undefined {
  const names = database
    .prepare<unknown[], { name: string }>('SELECT name FROM pragma_table_xinfo(?, ?)')
    .all(table, place);
  const found = database
    .prepare<unknown[], { wr: number }>('SELECT wr FROM pragma_table_list WHERE schema = ? AND name = ?')
    .get(place, table);
  if (found?.wr === 1) return undefined;
  return rowidName(names.map(({ name }) => name));
}

// a table without rowid is stored, and read, in the order of its key
const allRows = (database: DriverDatabase, table: string, place: 'main' | 'old'): string => {
  const rowid = rowidOf(database, table, place);
  const from = `FROM ${place}.${identifier(table)}`;
  return rowid === undefined ? `SELECT * ${from}` : `SELECT ${rowid}, * ${from} ORDER BY ${rowid}`;
};

// type and length before each value, so that different rows never give the same bytes
const add = (hash: Hash, value: unknown): void => {
  if (value === null || value === undefined) hash.update('n;');
  else if (Buffer.isBuffer(value)) hash.update(`b${value.length};`).update(value);
  else {
    const text = String(value);
    hash.update(`${(typeof value)[0]}${Buffer.byteLength(text)};${text}`);
  }
};
