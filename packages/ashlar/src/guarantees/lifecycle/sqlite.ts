import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';
import { all, any } from '../../sql/conditions.js';
import { objectName } from '../../sql/object-name.js';
import { emptied, replacing, rowidOf, uniqueKeys } from '../../sql/sqlite-keys.js';
import { raise, sqliteTrigger } from '../../sql/sqlite-triggers.js';
import { sql } from '../../sql/template.js';
import { beginsWrongly, movesWrongly } from './conditions.js';
import { type Lifecycle, mayGo } from './rules.js';

/** The triggers that allow only declared transitions of a status on SQLite, on any connection. */
export function lifecycleOnSqlite(table: TableFacts, given: Lifecycle): readonly GuaranteeObject[] {
  // a text needs no cast here
  const rules = { ...given, isNative: false };
  const status = identifier(rules.column);
  const of = `${table.name}.${rules.column}`;
  const refuse = (text: string): string => raise('lifecycle', text);
  const name = (event: string): string => objectName(table.name, rules.column, 'lifecycle', event);
  // RAISE takes only a constant text, so each refused transition has its own
  const beginnings = rules.statuses
    .filter((to) => !rules.initial.includes(to))
    .map((to) => `WHEN ${literal(to)} THEN ${refuse(`${of} cannot begin as ${to}`)}`);
  const steps = rules.statuses.flatMap((from) =>
    rules.statuses
      .filter((to) => from !== to && !mayGo(rules, from, to))
      .map(
        (to) => `WHEN ${literal(`${from} to ${to}`)} THEN ${refuse(`${of} cannot go from ${from} to ${to}`)}`,
      ),
  );
  const otherwise = refuse(`${of} has no such status`);
  const choose = (value: string, cases: readonly string[]): string =>
    cases.length === 0
      ? `SELECT ${otherwise}`
      : sql`
          SELECT CASE ${value}
            ${cases}
            ELSE ${otherwise}
          END
        `;

  const keys = uniqueKeys(table);
  const replaced = [`${status} IS NOT NEW.${status}`];
  const replacement = `SELECT ${refuse(`a row of ${table.name} with this key exists and is never replaced`)}`;
  const keyColumns = [...new Set(keys.flatMap(({ columns }) => columns))];
  const moved = keyColumns.map((column) => `NEW.${identifier(column)} IS NOT OLD.${identifier(column)}`);
  const another = `${rowidOf(table)} <> OLD.${rowidOf(table)}`;

  return [
    sqliteTrigger({
      name: name('insert'),
      on: 'BEFORE INSERT',
      table: table.name,
      when: beginsWrongly(rules),
      body: [choose(`NEW.${status}`, beginnings)],
    }),
    sqliteTrigger({
      name: name('update'),
      on: 'BEFORE UPDATE',
      table: table.name,
      when: movesWrongly(rules),
      body: [choose(`OLD.${status} || ' to ' || NEW.${status}`, steps)],
    }),
    // OR REPLACE replaces another row, whose status could then change without a transition
    sqliteTrigger({
      name: name('replace'),
      on: 'BEFORE INSERT',
      table: table.name,
      when: any([...replacing(table, keys, replaced), ...emptied(table, keys)]),
      body: [replacement],
    }),
    sqliteTrigger({
      name: name('move'),
      on: 'BEFORE UPDATE',
      table: table.name,
      when: all([
        `(${moved.join(' OR ')})`,
        `(${any([...replacing(table, keys, [...replaced, another]), ...emptied(table, keys)])})`,
      ]),
      body: [replacement],
    }),
  ];
}
