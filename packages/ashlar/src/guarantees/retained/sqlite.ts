import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { Retention } from '../../contract/retention.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';
import { any } from '../../sql/conditions.js';
import { objectName } from '../../sql/object-name.js';
import { emptied, replacing, rowidKey, rowidOf, uniqueKeys } from '../../sql/sqlite-keys.js';
import { raise, sqliteTrigger } from '../../sql/sqlite-triggers.js';
import { sql } from '../../sql/template.js';
import { inMonthsAndDays } from '../shared/period.js';
import { isPurgingOnSqlite } from '../shared/purging.js';
import { type Conditions, refusals } from './conditions.js';
import { clockIndex, frozenColumns, purgesName } from './names.js';

/** The conditions of a table of SQLite. */
export const sqliteConditions = (table: TableFacts, retention: Retention): Conditions => {
  const { column, period, holds } = retention;
  const { months, days } = inMonthsAndDays(period);
  const digits = table.columns[column]?.precision === 6 ? '000Z' : 'Z';
  return {
    // "floor": a month without such a day ends with its last one, as on Postgres; an SQLite that does not know it says NULL
    due: (row, moment = "'now'") =>
      `${row}.${identifier(column)} <= strftime('%Y-%m-%dT%H:%M:%f${digits}', ${moment}, '-${months} months', 'floor', '-${days} days')`,
    held: (row) => (holds === undefined ? 'false' : heldBy(table, retention, holds, row)),
  };
};

const heldBy = (table: TableFacts, { scope }: Retention, holds: string, row: string): string => {
  const key = table.primaryKey.columns;
  const path = (name: string): string => literal(`$.${JSON.stringify(name)}`);
  const lacking = key.map((name) => `json_type(hold.row_key, ${path(name)}) IS NULL`);
  const same = key.map((name) => `json_extract(hold.row_key, ${path(name)}) IS ${row}.${identifier(name)}`);
  const ofScope =
    scope === undefined
      ? 'hold.table_name IS NOT NULL'
      : `hold.scope = CAST(${row}.${identifier(scope)} AS TEXT)`;
  return sql`
    EXISTS (
      SELECT 1 FROM ${identifier(holds)} AS hold
      WHERE hold.released_at IS NULL
        AND (hold.table_name IS NULL OR hold.table_name = ${literal(table.name)})
        AND (hold.row_key IS NULL OR ${lacking.join(' OR ')} OR (${same.join(' AND ')}))
        AND (hold.scope IS NULL OR ${ofScope})
    )
  `;
};

const refuse = (text: string): string => `SELECT ${raise('retained', text)}`;
/** What keeps the rows of a table of SQLite for their time, on any connection. */
export const retainedOnSqlite = (table: TableFacts, retention: Retention): readonly GuaranteeObject[] => {
  const text = refusals(table.name, retention);
  const { due, held } = sqliteConditions(table, retention);
  const frozen = frozenColumns(table, retention);
  return [
    ...purges(table),
    ...clockIndex(table, retention),
    sqliteTrigger({
      name: objectName(table.name, 'retained_delete'),
      on: 'BEFORE DELETE',
      table: table.name,
      body: [
        sql`
          ${refuse(text.early)}
          WHERE (${due('OLD')}) IS NOT TRUE
        `,
        ...(retention.holds === undefined
          ? []
          : [
              sql`
                ${refuse(text.held)}
                WHERE ${held('OLD')}
              `,
            ]),
        sql`
          ${refuse(text.unasked)}
          WHERE NOT ${isPurgingOnSqlite(table)}
        `,
      ],
    }),
    sqliteTrigger({
      name: objectName(table.name, 'retained_update'),
      on: 'BEFORE UPDATE',
      table: table.name,
      when: any([...frozen, rowidOf(table)].map((name) => moved(table, name))),
      body: [refuse(text.moved(frozen))],
    }),
    ...replacements(table),
  ];
};

// a clock that was empty may be set
const moved = (table: TableFacts, name: string): string => {
  const [before, after] = [`OLD.${identifier(name)}`, `NEW.${identifier(name)}`];
  const differs = `${before} IS NOT ${after}`;
  return table.columns[name]?.nullable ? `(${before} IS NOT NULL AND ${differs})` : differs;
};

/**
 * REPLACE removes rows without a word on connections that do not ask for the triggers of what it removes. Ours do; one
 * that is no session may not, and there nothing is put in the place of a row.
 */
const replacements = (table: TableFacts): readonly GuaranteeObject[] => {
  const keys = uniqueKeys(table);
  const foreign = 'NOT EXISTS (SELECT 1 FROM ashlar_session)';
  const another = `${rowidOf(table)} <> OLD.${rowidOf(table)}`;
  const body = [refuse(`a row of ${table.name} with this key exists and is never replaced`)];
  const when = (conditions: readonly string[]): string =>
    sql`
      ${foreign}
        AND (${any(conditions)})
    `;
  return [
    sqliteTrigger({
      name: objectName(table.name, 'retained_replace'),
      on: 'BEFORE INSERT',
      table: table.name,
      when: when([...replacing(table, [...keys, ...rowidKey(table)]), ...emptied(table, keys)]),
      body,
    }),
    sqliteTrigger({
      name: objectName(table.name, 'retained_move'),
      on: 'BEFORE UPDATE',
      table: table.name,
      when: when([...replacing(table, keys, [another]), ...emptied(table, keys)]),
      body,
    }),
  ];
};

/** The record of what left: one line for each batch. */
const purges = (table: TableFacts): readonly GuaranteeObject[] => {
  const name = purgesName(table);
  const guard = (event: 'UPDATE' | 'DELETE'): GuaranteeObject =>
    sqliteTrigger({
      name: objectName(name, 'append_only', event.toLowerCase()),
      on: `BEFORE ${event}`,
      table: name,
      body: [refuse(`lines of ${name} are never changed and never deleted`)],
    });
  return [
    {
      type: 'table',
      name,
      sql: sql`
        CREATE TABLE ${identifier(name)} (
          id         INTEGER CONSTRAINT ${identifier(objectName(name, 'pkey'))} PRIMARY KEY AUTOINCREMENT,
          reason     TEXT    NOT NULL,
          rows       INTEGER NOT NULL,
          earliest   TEXT    NOT NULL,
          latest     TEXT    NOT NULL,
          partition  TEXT,
          purged_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        ) STRICT
      `,
    },
    guard('UPDATE'),
    guard('DELETE'),
    sqliteTrigger({
      name: objectName(name, 'append_only_insert'),
      on: 'BEFORE INSERT',
      table: name,
      when: any([`NOT ${isPurgingOnSqlite(table)}`, 'NEW.id <> -1']),
      body: [refuse(`lines of ${name} are written by retirement alone`)],
    }),
  ];
};
