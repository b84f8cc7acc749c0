import type { Column } from '../../contract/column.js';
import type { GuaranteeObject, GuardedTable } from '../../contract/guarantee.js';
import { identifier } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { raise, sqliteTrigger } from '../../sql/sqlite-triggers.js';
import { sql } from '../../sql/template.js';
import { acceptsUnscopedRows } from './unscoped.js';

/**
 * The triggers that confine writes on SQLite to the session's scope, on any connection. Without a session, there is no
 * row in `ashlar_session`. In a session, a REPLACE also fires the delete triggers.
 */
export function scopedOnSqlite(table: GuardedTable, column: Column): readonly GuaranteeObject[] {
  const trigger = (event: string, rows: readonly ('OLD' | 'NEW')[]): GuaranteeObject =>
    sqliteTrigger({
      name: objectName(table.name, 'scoped', event),
      on: `BEFORE ${event.toUpperCase()}`,
      table: table.name,
      when: outside(column, rows, event === 'insert' && acceptsUnscopedRows(table, column)),
      body: [
        `SELECT ${raise('scoped', `rows of ${table.name} are written by sessions of their scope only`)}`,
      ],
    });
  return [trigger('insert', ['NEW']), trigger('update', ['OLD', 'NEW']), trigger('delete', ['OLD'])];
}

const outside = (column: Column, rows: readonly ('OLD' | 'NEW')[], unscoped: boolean): string => {
  const own = rows.map((row) => {
    const value = `${row}.${identifier(column.name)}`;
    return `scope = ${column.kind === 'integer' ? `CAST(${value} AS TEXT)` : value}`;
  });
  return sql`
    NOT EXISTS (
      SELECT 1 FROM ashlar_session
      WHERE scope = '*' OR (scope <> '' AND ${own.join(' AND ')})
        ${unscoped ? [`OR (coalesce(scope, '') = '' AND NEW.${identifier(column.name)} IS NULL)`] : []}
    )
  `;
};
