import type { GuaranteeObject } from '../contract/guarantee.js';
import type { ExpressionIndex, TableFacts } from '../contract/table.js';
import { identifier, isFilledByClock, nullsAlike, writtenColumns } from '../model/index.js';
import { mentions } from './code.js';
import { uniqueExpressions } from './declared-indexes.js';
import { objectName } from './object-name.js';
import { raise, sqliteTrigger } from './sqlite-triggers.js';

/** The name of a table's hidden row number (rowid). */
export function rowidOf(table: TableFacts): string {
  return 'rowid' in table.columns ? '_rowid_' : 'rowid';
}

interface UniqueKey {
  readonly columns: readonly string[];
  /** The expressions of an index that has some. */
  readonly expressions?: readonly string[];
  readonly where: string | undefined;
  /** The columns whose NULLs count as equal. */
  readonly nullsEqual?: readonly string[];
}

// a primary key of one whole-number column is itself the rowid
const isRowid = ({ primaryKey, columns }: TableFacts): boolean =>
  primaryKey.columns.length === 1 &&
  ['integer', 'bigint'].includes(columns[primaryKey.columns[0] ?? '']?.kind ?? '');

/** The hidden row number (rowid) as a unique key; an empty list if the table has no rowid. */
export function rowidKey(table: TableFacts): readonly UniqueKey[] {
  return isRowid(table) ? [] : [{ columns: [rowidOf(table)], where: undefined }];
}

/**
 * The triggers that refuse negative hidden row numbers (rowids). Before an insert SQLite shows a number that it has yet
 * to choose as -1, so a row with that number would block all later inserts into a table whose trigger checks its {@link
 * rowidKey}.
 */
export function hiddenRowid(table: TableFacts, guarantee: string): readonly GuaranteeObject[] {
  return rowidKey(table).map(() =>
    sqliteTrigger({
      name: objectName(table.name, guarantee.replaceAll('-', '_'), 'rowid'),
      on: 'AFTER INSERT',
      table: table.name,
      when: `NEW.${rowidOf(table)} < 0`,
      body: [`SELECT ${raise(guarantee, `rows of ${table.name} have no negative rowid`)}`],
    }),
  );
}

/** All unique keys of a table, including the primary key. */
export function uniqueKeys(table: TableFacts): readonly UniqueKey[] {
  const all: UniqueKey[] = [
    { columns: table.primaryKey.columns, where: undefined },
    ...table.uniques.map(({ columns, nullsEqual }) => ({ columns, nullsEqual, where: undefined })),
    ...table.indexes
      .filter((index) => index.unique)
      .map(({ columns, where }) => ({ columns, where: where?.sqlite })),
    ...uniqueExpressions(table).map(sqliteKey),
  ];
  const seen = new Set<string>();
  return all.filter(({ columns, expressions = [], where, nullsEqual = [] }) => {
    const text = JSON.stringify([[...columns].sort(), expressions, where, nullsEqual]);
    return !seen.has(text) && seen.add(text);
  });
}

/**
 * The SQL conditions under which OR REPLACE would delete an existing row in order to write the row NEW. On a connection
 * without `recursive_triggers`, this deletion fires no delete trigger. `and` narrows which other rows count; `from` is
 * the table's name in SQL.
 */
export function replacing(
  table: TableFacts,
  keys: readonly UniqueKey[],
  and: readonly string[] = [],
  from = identifier(table.name),
): readonly string[] {
  return keys.map(({ columns, expressions = [], where, nullsEqual = [] }) => {
    const sameValues = expressions.map(
      (text) => `(${text}) = (SELECT ${text} FROM ${newRow(table, expressions.join(', '))})`,
    );
    const same = columns.flatMap((column) => {
      const name = identifier(column);
      if (!nullsEqual.includes(column)) return [`${name} = NEW.${name}`];
      const given = nullsAlike(`NEW.${name}`);
      // written as in the index, so that SQLite uses it
      return nullsAlike(name).map((part, at) => `(${part}) = (${given[at]})`);
    });
    const others = [...same, ...sameValues, ...(where === undefined ? [] : [`(${where})`]), ...and].join(
      ' AND ',
    );
    const exists = `EXISTS (SELECT 1 FROM ${from} WHERE ${others})`;
    return where === undefined ? exists : `(${exists} AND ${newRowFits(table, where)})`;
  });
}

// a partial index holds the new row only if its condition is true of NEW
const newRowFits = (table: TableFacts, where: string): string =>
  `EXISTS (SELECT 1 FROM ${newRow(table, where)} WHERE ${where})`;

/** The row NEW under the name of its table, with the columns that an expression names. */
const newRow = (table: TableFacts, expression: string): string => {
  const named = Object.keys(table.columns).filter((name) => mentions(expression, name, 'sqlite'));
  const values = named.map((name) => `NEW.${identifier(name)} AS ${identifier(name)}`).join(', ');
  return `(SELECT ${values || '1'}) AS ${identifier(table.name)}`;
};

/** Returns a unique index over expressions as a unique key. */
export function sqliteKey({ parts, where }: ExpressionIndex): UniqueKey {
  return {
    columns: parts.filter((part) => typeof part === 'string'),
    expressions: parts.flatMap((part) => (typeof part === 'string' ? [] : [part.sqlite])),
    where: where?.sqlite,
  };
}

/**
 * The trigger conditions for refusing NULL in a key column, because OR REPLACE would replace the NULL with the column's
 * default after all BEFORE triggers have run.
 */
export function emptied(table: TableFacts, keys: readonly UniqueKey[]): readonly string[] {
  return [...new Set(keys.flatMap(({ columns }) => columns))]
    .filter((name) => {
      const column = table.columns[name];
      return (
        column &&
        !column.nullable &&
        (column.default !== undefined || isFilledByClock(column) || (table.external && !isRowid(table)))
      );
    })
    .map((name) => `NEW.${identifier(name)} IS NULL`);
}

/** The SQL conditions that NEW and OLD are versions of one row, with equal values in every column outside `except`. */
export function unchanged(table: TableFacts, except: readonly string[]): readonly string[] {
  return [rowidOf(table), ...writtenColumns(table).map(({ name }) => name)]
    .filter((name) => !except.includes(name))
    .map((name) => `NEW.${identifier(name)} IS OLD.${identifier(name)}`);
}
