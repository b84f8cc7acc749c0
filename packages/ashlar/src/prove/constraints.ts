import type { Attack, Probe } from '../contract/attack.js';
import type { Column } from '../contract/column.js';
import type { SqlDialect } from '../contract/dialect.js';
import type { Guarantee, GuardedTable } from '../contract/guarantee.js';
import type { SqlRow } from '../contract/sql.js';
import type { ForeignKey, Key, TableFacts, Unique } from '../contract/table.js';
import {
  columnsAndValues,
  givenKeys,
  insertRow,
  isFresh,
  isRow,
  refused,
  triedBy,
} from '../guarantees/shared/attacks.js';
import { identifier, literal, refusesDelete, refusesUpdate, writtenColumns } from '../model/index.js';
import { sql } from '../sql/template.js';
import { declaredChecks } from './data/declared.js';

/** A statement that a constraint should refuse, and a query that returns a row if it broke one although it was accepted. */
interface Trial {
  readonly name: string;
  readonly sql: string;
  readonly breaks: string;
}

// a table of many columns has hundreds of rows to try; this many show that they are refused
const mostTrials = 80;

const always = 'SELECT 1 AS found';

// SQL literals for keys that no row has
const unusedNumber = '2147483600';
const unusedText = "'00000000-0000-7000-8000-00000000dead'";

/** An SQL literal for a key that no row has; `undefined` for kinds that are rarely keys. */
const unusedKey = ({ kind }: Column): string | undefined => {
  if (kind === 'integer' || kind === 'bigint') return unusedNumber;
  return kind === 'uuid' || kind === 'text' ? unusedText : undefined;
};

/**
 * The keys, foreign keys and required columns of a table as a guarantee: its attacks write what they should refuse. CHECKs are not
 * among them: a database whose steps an earlier release wrote has not all that this release would write.
 */
export function constraintsOf(dialect: SqlDialect): Guarantee {
  const level = { level: 'enforced' as const, objects: () => [] };
  return {
    kind: 'guarantee',
    name: 'constraints',
    summary: 'Keys, foreign keys and required columns refuse the rows that break them.',
    sqlite: level,
    postgres: level,
    attacks: (table, probe) => attacks(table, probe, dialect),
  };
}

const attacks = (table: GuardedTable, probe: Probe, dialect: SqlDialect): readonly Attack[] => {
  const ofKeys = table.foreignKeys.flatMap((key) => orphans(table, probe, dialect, key));
  const trials = [
    ...required(table, probe, dialect),
    ...doubled(table, probe),
    ...ofKeys,
    ...table.foreignKeys.flatMap((key) => parents(probe, key)),
  ].slice(0, mostTrials);
  if (trials.length === 0) return [];
  if (dialect.name === 'postgres')
    return triedBy(['owner'], [refused('rows that the constraints refuse', together(trials))]);
  const each = (given: readonly Trial[]): readonly Attack[] =>
    triedBy(
      ['owner'],
      given.map(({ name, sql: statement, breaks }) => ({ ...refused(name, statement), breaks })),
    );
  return [
    ...each(trials),
    // SQLite checks no foreign key for a program that does not ask for it: triggers do
    ...each(ofKeys).map(
      (attack): Attack => ({ ...attack, name: `${attack.name}, by another program`, otherProgram: true }),
    ),
  ];
};

/** The query that finds a new row that breaks what its table declares. */
const isBroken = (table: GuardedTable, probe: Probe, dialect: SqlDialect, row: SqlRow): string => {
  const bad = declaredChecks(table, dialect).map((check) => `(${check.bad})`);
  const keys = table.primaryKey.columns;
  const empty = keys.filter((name) => row[name] === 'NULL').map((name) => `${identifier(name)} IS NULL`);
  const here = empty.length > 0 ? empty.join(' AND ') : isFresh(table, { ...probe, fresh: row });
  return `SELECT 1 AS found FROM ${identifier(table.name)} AS t WHERE ${here} AND (${bad.join(' OR ')})`;
};

/** A row without a value in each column that needs one. */
const required = (table: GuardedTable, probe: Probe, dialect: SqlDialect): readonly Trial[] =>
  writtenColumns(table)
    .filter(({ nullable, generated }) => !nullable && generated !== 'identity')
    .map(({ name }) => {
      const row = { ...probe.fresh, [name]: 'NULL' };
      return {
        name: `NULL in ${name}`,
        sql: insertRow(table.name, row),
        breaks: isBroken(table, probe, dialect, row),
      };
    });

/** A second row with each key of the existing one. */
const doubled = (table: TableFacts, probe: Probe): readonly Trial[] => {
  const keys: readonly (Key & Partial<Pick<Unique, 'nullsEqual'>>)[] = [
    table.primaryKey,
    ...table.uniques,
    ...table.indexes.filter(({ unique, where }) => unique && where === undefined),
  ];
  return keys.flatMap(({ columns, nullsEqual = [] }) => {
    const values = columns.map((name) => [name, probe.row[name] ?? 'NULL'] as const);
    if (values.some(([name, value]) => value === 'NULL' && !nullsEqual.includes(name))) return [];
    const row = { ...probe.fresh, ...Object.fromEntries(values) };
    const same = values.map(
      ([name, value]) => `${identifier(name)} ${value === 'NULL' ? 'IS' : '='} ${value}`,
    );
    return [
      {
        name: `a second row with the ${columns.join(', ')} of another`,
        sql: `INSERT INTO ${identifier(table.name)} ${columnsAndValues(row, givenKeys(table, probe))}`,
        breaks: `SELECT 1 AS found FROM (SELECT count(*) AS rows FROM ${identifier(table.name)} WHERE ${same.join(' AND ')}) AS counted WHERE counted.rows > 1`,
      },
    ];
  });
};

/** A row, new and changed, that refers to a row that does not exist. */
const orphans = (
  table: GuardedTable,
  probe: Probe,
  dialect: SqlDialect,
  { columns, deferrable }: ForeignKey,
): readonly Trial[] => {
  const unused = columns.flatMap((name) => {
    const column = table.columns[name];
    const value = column && unusedKey(column);
    return value === undefined ? [] : [[name, value] as const];
  });
  // a key that is deferred is checked at the commit, which an attack never reaches
  if (deferrable || unused.length < columns.length) return [];
  const to = Object.fromEntries(unused);
  const name = identifier(table.name);
  const keys = table.primaryKey.columns;
  // where the key of the row itself refers, the changed row has another one
  const changed = { ...probe.row, ...to };
  const set = unused.map(([column, value]) => `${identifier(column)} = ${value}`).join(', ');
  const row = { ...probe.fresh, ...to };
  return [
    {
      name: `${columns.join(', ')} of a new row refers to no row`,
      sql: insertRow(table.name, row),
      breaks: isBroken(table, probe, dialect, row),
    },
    {
      name: `${columns.join(', ')} of a row comes to refer to no row`,
      sql: `UPDATE ${name} SET ${set} WHERE ${isRow(keys, probe.row)}`,
      breaks: isBroken(table, probe, dialect, changed),
    },
  ];
};

/** The row to which the existing one refers goes, or gets another key. */
const parents = ({ row }: Probe, key: ForeignKey): readonly Trial[] => {
  const { columns, target, deferrable } = key;
  if (deferrable || columns.some((name) => (row[name] ?? 'NULL') === 'NULL')) return [];
  const values = Object.fromEntries(
    target.columns.map((name, at) => [name, row[columns[at] ?? ''] ?? 'NULL']),
  );
  const name = identifier(target.table);
  const where = isRow(target.columns, values);
  const [first = ''] = target.columns;
  const moved = values[first]?.startsWith("'") ? unusedText : unusedNumber;
  const of = `the row of ${target.table} to which ${columns.join(', ')} refers`;
  return [
    ...(refusesDelete(key)
      ? [{ name: `DELETE of ${of}`, sql: `DELETE FROM ${name} WHERE ${where}`, breaks: always }]
      : []),
    ...(refusesUpdate(key)
      ? [
          {
            name: `another ${first} for ${of}`,
            sql: `UPDATE ${name} SET ${identifier(first)} = ${moved} WHERE ${where}`,
            breaks: always,
          },
        ]
      : []),
  ];
};

const texts = (values: readonly string[]): string => `ARRAY[${values.map(literal).join(', ')}]::text[]`;

/**
 * One statement that makes all trials on PostgreSQL, each undone before the next. It fails in each case: with the names of those
 * that broke a constraint, or because all were refused.
 */
const together = (trials: readonly Trial[]): string => sql`
  DO $trials$
  DECLARE
    names text[] := ${texts(trials.map(({ name }) => name))};
    statements text[] := ${texts(trials.map((trial) => trial.sql))};
    breaks text[] := ${texts(trials.map((trial) => trial.breaks))};
    failed text[] := '{}';
    refused integer := 0;
    broken boolean;
  BEGIN
    FOR at IN 1 .. array_length(names, 1) LOOP
      BEGIN
        EXECUTE statements[at];
        EXECUTE 'SELECT EXISTS (' || breaks[at] || ')' INTO broken;
        IF broken THEN
          failed := failed || (names[at] || ' was not refused');
        END IF;
        RAISE EXCEPTION USING ERRCODE = 'transaction_rollback';
      EXCEPTION
        WHEN transaction_rollback THEN
          NULL;
        WHEN lock_not_available OR query_canceled THEN
          RAISE;
        WHEN integrity_constraint_violation OR data_exception OR insufficient_privilege OR raise_exception OR feature_not_supported
          OR generated_always THEN
          refused := refused + 1;
        WHEN OTHERS THEN
          failed := failed || (names[at] || ' failed for another reason: ' || SQLERRM);
      END;
    END LOOP;
    IF failed <> '{}' THEN
      RAISE EXCEPTION '%', array_to_string(failed, '; ') USING ERRCODE = 'data_exception';
    END IF;
    RAISE EXCEPTION 'ashlar/constraints: % of % rows are refused, and the others break nothing', refused, array_length(names, 1);
  END
  $trials$
`;
