import type { SqlName } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { literal } from '../../model/index.js';
import { sessionRole } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';

/** The PostgreSQL setting that names the table whose expired rows the owner may delete in the current transaction. */
export const purgingSetting = 'ashlar.purging';

/**
 * The SQL condition, for a PostgreSQL trigger function, that the owner of the trigger's table is purging that table.
 */
export function isPurgingOnPostgres({ name }: Pick<TableFacts, 'name'>): string {
  return sql`
    current_setting('${purgingSetting}', true) IS NOT DISTINCT FROM ${literal(name)}
      AND (SELECT pg_has_role(${sessionRole}, relowner, 'USAGE') FROM pg_class WHERE oid = TG_RELID)
  `;
}

/**
 * The SQL condition, for an SQLite trigger, that a purge of the given table is running. SQLite cannot tell who runs it.
 */
export function isPurgingOnSqlite({ name }: Pick<TableFacts, 'name'>): string {
  return `EXISTS (SELECT 1 FROM ashlar_purge WHERE table_name = ${literal(name)})`;
}

/** The statement that lets the owner delete expired rows of a table, until the transaction ends or the permission is taken back. */
export function permitPurge({ name }: Pick<TableFacts, 'name'>, dialect: SqlName): string {
  return dialect === 'postgres'
    ? `SELECT set_config('${purgingSetting}', ${literal(name)}, true)`
    : `INSERT INTO ashlar_purge (table_name) VALUES (${literal(name)})`;
}

/**
 * Returns the preparation of attacks on the lines that only a purge writes: `insert` writes one of them as a purge does. SQLite needs a
 * line, because its triggers fire for each row; PostgreSQL needs none. A session may write no line, so each statement may do nothing.
 */
export function aPurgedLine(
  table: Pick<TableFacts, 'name'>,
  dialect: SqlName,
  insert: string,
): readonly (readonly string[])[] {
  if (dialect === 'postgres') return [];
  return [permitPurge(table, dialect), insert, 'DELETE FROM ashlar_purge'].map((text) => [text, 'SELECT 1']);
}
