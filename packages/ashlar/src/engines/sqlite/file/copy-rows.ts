import { identifier } from '../../../model/index.js';
import type { DriverDatabase } from '../driver/driver.js';
import { rowidOf } from './digest.js';

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly rootpage: number;
  readonly sql: string | null;
}

/**
 * Copies the attached database `old` row by row into the empty main database, for databases whose pages cannot be
 * copied as they are. It does in SQL what VACUUM does (https://sqlite.org/src/file/src/vacuum.c). The connection must
 * not be used for anything else.
 */
export function copyRows(database: DriverDatabase): void {
  // shadow tables and sqlite_schema can be written only in this mode
  database.unsafeMode(true);
  for (const name of ['foreign_keys', 'recursive_triggers']) database.pragma(`${name} = OFF`);
  for (const name of ['writable_schema', 'ignore_check_constraints']) database.pragma(`${name} = ON`);
  database.exec('BEGIN');
  const schema = database
    .prepare<unknown[], SchemaRow>('SELECT type, name, tbl_name, rootpage, sql FROM old.sqlite_schema')
    .all();
  const stored = schema.filter(({ type, rootpage }) => type === 'table' && rootpage > 0);
  for (const { name, sql } of stored) {
    if (name !== 'sqlite_sequence' && sql) database.exec(sql);
  }
  for (const { name } of stored) {
    // inserting into other tables writes to it; it is copied last
    if (name === 'sqlite_sequence') continue;
    const columns = copiedColumns(database, name).map(identifier).join(', ');
    const table = identifier(name);
    database.exec(`INSERT INTO main.${table} (${columns}) SELECT ${columns} FROM old.${table}`);
  }
  if (stored.some(({ name }) => name === 'sqlite_sequence')) {
    database.exec('DELETE FROM main.sqlite_sequence');
    database.exec('INSERT INTO main.sqlite_sequence SELECT * FROM old.sqlite_sequence');
  }
  for (const { type, sql } of schema) if (type === 'index' && sql) database.exec(sql);
  // views, triggers and virtual tables store no rows, and creating a virtual table has side effects: copy their entries only
  database.exec(`INSERT INTO main.sqlite_schema SELECT * FROM old.sqlite_schema
    WHERE type IN ('view', 'trigger') OR (type = 'table' AND rootpage = 0)`);
  for (const name of ['user_version', 'application_id']) {
    database.pragma(`main.${name} = ${database.pragma(`old.${name}`, { simple: true })}`);
  }
  database.exec('COMMIT');
}

/** The stored columns of a table, with the hidden rowid if it has a name. */
const copiedColumns = (database: DriverDatabase, table: string): string[] => {
  // generated columns follow from the others
  const stored = database
    .prepare<unknown[], { name: string }>("SELECT name FROM pragma_table_xinfo(?, 'old') WHERE hidden = 0")
    .all(table)
    .map(({ name }) => name);
  const rowid = rowidOf(database, table, 'old');
  return rowid === undefined ? stored : [rowid, ...stored];
};
