import type { Condition, Proving } from '../../../contract/dialect.js';
import { identifier, literal } from '../../../model/index.js';
import { columnCondition } from './column-sql.js';
import { sqliteKeyTexts } from './key-texts.js';

const pragma = (name: string, value: 0 | 1, otherwise: string): Condition => ({
  name: `PRAGMA ${name}`,
  finds: () =>
    `SELECT ${literal(`${name} is ${value === 1 ? 'off' : 'on'}: ${otherwise}`)} AS found FROM pragma_${name} WHERE ${name} <> ${value}`,
});

/** The parts of `prove` that are specific to SQLite. */
export const sqliteProving: Proving = {
  literal: (value) => {
    if (value === null || value === undefined) return 'NULL';
    if (typeof value === 'boolean') return value ? '1' : '0';
    if (value instanceof Uint8Array) return `X'${Buffer.from(value).toString('hex')}'`;
    return typeof value === 'string' ? literal(value) : String(value);
  },
  quoted: (expression) => `quote(${expression})`,
  checks: (table) => [
    ...Object.values(table.columns).flatMap((column) => {
      const condition = columnCondition(column);
      return condition === undefined
        ? []
        : [{ name: `${column.table}_${column.name}_check`, condition: `(${condition})` }];
    }),
    ...table.checks.map(({ name, sql: { sqlite } }) => ({ name, condition: `(${sqlite})` })),
  ],
  // SQLite keeps no number of rows, and counts by the smallest index
  rowsOf: (table) => `SELECT count(*) AS rows FROM main.${identifier(table)}`,
  keys: sqliteKeyTexts,
  // of NOT NULL and CHECK it names no row, as the checks of rows do
  damage: (table) =>
    `SELECT integrity_check AS found FROM pragma_integrity_check(${literal(table)}) WHERE integrity_check <> 'ok' AND integrity_check NOT LIKE 'NULL value in %' AND integrity_check NOT LIKE 'CHECK constraint failed in %'`,
  indexDamage: undefined,
  // integrity_check finds rows that a key does not keep apart
  withoutIndexes: undefined,
  // a copy of a file has the same
  identity: "SELECT coalesce(min(applied_at), '') AS identity FROM ashlar_migrations",
  trustNothing: undefined,
  partitionOf: () => 'NULL',
  conditions: [
    pragma('foreign_keys', 1, 'a row could refer to a row that does not exist'),
    pragma('recursive_triggers', 1, 'INSERT OR REPLACE would delete without firing triggers'),
    pragma('trusted_schema', 0, 'the schema could run functions with side effects'),
  ],
  // SQLite cannot disable a trigger
  objects: () => "SELECT type, name, 'yes' AS always FROM sqlite_schema",
};
