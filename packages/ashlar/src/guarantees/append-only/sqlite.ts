import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { ForeignKey, TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { mentions } from '../../sql/code.js';
import { all, any } from '../../sql/conditions.js';
import { indexObject } from '../../sql/index-object.js';
import { objectName } from '../../sql/object-name.js';
import {
  emptied,
  hiddenRowid,
  replacing,
  rowidKey,
  rowidOf,
  unchanged,
  uniqueKeys,
} from '../../sql/sqlite-keys.js';
import { raise, sqliteTrigger } from '../../sql/sqlite-triggers.js';
import { hanging, sql } from '../../sql/template.js';
import { isIndexed } from '../shared/declaration.js';
import type { AppendOnlyRules } from './rules.js';
import type { Stamp } from './stamp.js';

const refuse = (text: string): string => `SELECT ${raise('append-only', text)}`;

/** The triggers that keep a table append-only on SQLite, even on connections that did not run Ashlar's pragmas. */
export function appendOnlyOnSqlite(
  table: TableFacts,
  { parents, stamps }: AppendOnlyRules,
): readonly GuaranteeObject[] {
  return [
    update(table, stamps),
    // on a table with retention, the retention guarantee refuses every other delete
    ...(table.facts.retention ? [] : [remove(table, parents)]),
    insert(table),
    ...hiddenRowid(table, 'append-only'),
    ...parents.flatMap((parent) => parentStays(table, parent)),
  ];
}

const update = (table: TableFacts, stamps: readonly Stamp[]): GuaranteeObject => {
  const trigger = {
    name: objectName(table.name, 'append_only_update'),
    on: 'BEFORE UPDATE',
    table: table.name,
  };
  if (stamps.length === 0) {
    return sqliteTrigger({ ...trigger, body: [refuse(`rows of ${table.name} are never changed`)] });
  }
  const settable = stamps.map(({ name }) => name);
  const stamped = stamps.map((stamp) => `(${stamp.isBlank('OLD')} AND ${stamp.isSet('NEW')})`);
  const kept = stamps.map(
    (stamp) => `(${stamp.isBlank('OLD')} OR NEW.${identifier(stamp.name)} IS OLD.${identifier(stamp.name)})`,
  );
  const lawful = all([...unchanged(table, settable), ...kept, `(${stamped.join(' OR ')})`]);
  // a stamp may give the row a unique key that another row has, which OR REPLACE would then delete
  const entered = uniqueKeys(table).filter(({ columns, expressions = [], where = '' }) =>
    settable.some(
      (name) =>
        columns.includes(name) || [...expressions, where].some((text) => mentions(text, name, 'sqlite')),
    ),
  );
  const another = `${rowidOf(table)} <> OLD.${rowidOf(table)}`;
  return sqliteTrigger({
    ...trigger,
    when: any([`NOT (${hanging(lawful)})`, ...replacing(table, entered, [another])]),
    body: [
      refuse(`rows of ${table.name} are never changed, except that ${settable.join(' or ')} is set once`),
    ],
  });
};

const remove = (table: TableFacts, parents: readonly ForeignKey[]): GuaranteeObject => {
  const trigger = {
    name: objectName(table.name, 'append_only_delete'),
    on: 'BEFORE DELETE',
    table: table.name,
  };
  if (parents.length === 0) {
    return sqliteTrigger({ ...trigger, body: [refuse(`rows of ${table.name} are never deleted`)] });
  }
  return sqliteTrigger({
    ...trigger,
    when: all(parents.map(parentLives)),
    body: [refuse(`rows of ${table.name} are deleted only with their row of ${names(parents)}`)],
  });
};

// a cascade deletes the parent before its rows; a row without a parent cannot be deleted by a cascade
const parentLives = ({ columns, target }: ForeignKey): string => {
  const empty = columns.map((name) => `OLD.${identifier(name)} IS NULL`);
  const same = target.columns.map(
    (name, at) => `${identifier(name)} = OLD.${identifier(columns[at] ?? name)}`,
  );
  return `(${[...empty, `EXISTS (SELECT 1 FROM ${identifier(target.table)} WHERE ${same.join(' AND ')})`].join(' OR ')})`;
};

const insert = (table: TableFacts): GuaranteeObject => {
  const keys = uniqueKeys(table);
  return sqliteTrigger({
    name: objectName(table.name, 'append_only_insert'),
    on: 'BEFORE INSERT',
    table: table.name,
    when: any([...replacing(table, [...keys, ...rowidKey(table)]), ...emptied(table, keys)]),
    body: [refuse(`a row of ${table.name} with this key exists and is never replaced`)],
  });
};

// REPLACE of a parent would delete its rows, and so would deleting and reinserting it while foreign keys are off
const parentStays = (table: TableFacts, { columns, target }: ForeignKey): readonly GuaranteeObject[] => {
  const under = (row: 'NEW' | 'OLD'): string => {
    const same = columns.map(
      (name, at) => `${identifier(name)} = ${row}.${identifier(target.columns[at] ?? name)}`,
    );
    return `EXISTS (SELECT 1 FROM ${identifier(table.name)} WHERE ${same.join(' AND ')})`;
  };
  const moved = target.columns.map((name) => `NEW.${identifier(name)} IS NOT OLD.${identifier(name)}`);
  const body = [refuse(`a row of ${target.table} that rows of ${table.name} refer to is never replaced`)];
  return [
    ...(isIndexed(table, columns)
      ? []
      : [indexObject(objectName(table.name, ...columns, 'idx'), table.name, columns)]),
    sqliteTrigger({
      name: objectName(table.name, 'append_only', ...columns, 'insert'),
      on: 'BEFORE INSERT',
      table: target.table,
      ifMissing: true,
      when: under('NEW'),
      body,
    }),
    sqliteTrigger({
      name: objectName(table.name, 'append_only', ...columns, 'update'),
      on: 'BEFORE UPDATE',
      table: target.table,
      ifMissing: true,
      when: sql`
        (${moved.join(' OR ')})
          AND (${under('OLD')}
            OR ${under('NEW')})
      `,
      body,
    }),
  ];
};

const names = (parents: readonly ForeignKey[]): string =>
  [...new Set(parents.map((key) => key.target.table))].join(' or ');
