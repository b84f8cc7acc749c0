import { type GuaranteeObject, identifier, literal, nullsAlike, type Table } from '../../model/index.js';
import { mentions } from '../../sql/code.js';
import { objectName } from './names.js';

/** One trigger: when it fires, under which condition, and what it does. */
export interface SqliteTrigger {
  readonly name: string;
  /** `BEFORE UPDATE`, … */
  readonly on: string;
  readonly table: string;
  /** A condition of SQL. */
  readonly when?: string;
  /** Statements of SQL without their semicolons, such as `SELECT ${raise(…)} WHERE …`. */
  readonly body: readonly string[];
  /** For a trigger on another table than the guarantee's, which may be made together with either. */
  readonly ifMissing?: boolean;
}

/** A trigger of SQLite. */
export const sqliteTrigger = ({
  name,
  on,
  table,
  when,
  body,
  ifMissing,
}: SqliteTrigger): GuaranteeObject => ({
  type: 'trigger',
  name,
  sql: [
    `CREATE TRIGGER ${ifMissing ? 'IF NOT EXISTS ' : ''}${identifier(name)} ${on} ON ${identifier(table)}`,
    ...(when === undefined ? [] : [`WHEN ${when}`]),
    'BEGIN',
    ...body.map((statement) => `  ${statement};`),
    'END',
  ].join('\n'),
});

/**
 * An expression that refuses, so that whoever wrote gets `guarantee-violated` with the text. That is a constant: SQLite
 * before 3.47 refuses an expression in RAISE.
 *
 * @param text - a sentence without its full stop
 */
export const raise = (guarantee: string, text: string): string =>
  `RAISE(ABORT, ${literal(`ashlar/${guarantee}: ${text}`)})`;

/** The name under which a table's hidden row number can be reached. */
export const rowidOf = (table: Table): string => ('rowid' in table.columns ? '_rowid_' : 'rowid');

interface UniqueKey {
  readonly columns: readonly string[];
  readonly where: string | undefined;
  /** The columns whose NULLs count as equal. */
  readonly nullsEqual?: readonly string[];
}

// a single whole-number key is itself the rowid
const isRowid = ({ primaryKey, columns }: Table): boolean =>
  primaryKey.columns.length === 1 && columns[primaryKey.columns[0] ?? '']?.kind === 'integer';

/** The hidden row number as one more unique key, where the table has one. */
export const rowidKey = (table: Table): readonly UniqueKey[] =>
  isRowid(table) ? [] : [{ columns: [rowidOf(table)], where: undefined }];

/**
 * Refuses negative hidden row numbers. Before an insert SQLite shows a number that is yet to be chosen as -1, so that a
 * row that had it would stop every later insert of a table that guards its {@link rowidKey}.
 */
export const hiddenRowid = (table: Table, guarantee: string): readonly GuaranteeObject[] =>
  rowidKey(table).map(() =>
    sqliteTrigger({
      name: objectName(table.name, guarantee.replaceAll('-', '_'), 'rowid'),
      on: 'AFTER INSERT',
      table: table.name,
      when: `NEW.${rowidOf(table)} < 0`,
      body: [`SELECT ${raise(guarantee, `rows of ${table.name} have no negative rowid`)}`],
    }),
  );

/** Every key of which a table allows each value once. */
export const uniqueKeys = (table: Table): readonly UniqueKey[] => {
  const all: UniqueKey[] = [
    { columns: table.primaryKey.columns, where: undefined },
    ...table.uniques.map(({ columns, nullsEqual }) => ({ columns, nullsEqual, where: undefined })),
    ...table.indexes.filter((index) => index.unique).map(({ columns, where }) => ({ columns, where })),
  ];
  const seen = new Set<string>();
  return all.filter(({ columns, where, nullsEqual = [] }) => {
    const text = JSON.stringify([[...columns].sort(), where, nullsEqual]);
    return !seen.has(text) && seen.add(text);
  });
};

/**
 * The conditions under which writing NEW would remove another row if the statement says OR REPLACE, which fires no
 * delete trigger on a connection without `recursive_triggers`. `and` narrows which other rows count.
 */
export const replacing = (
  table: Table,
  keys: readonly UniqueKey[],
  and: readonly string[] = [],
): readonly string[] =>
  keys.map(({ columns, where, nullsEqual = [] }) => {
    const same = columns.flatMap((column) => {
      const name = identifier(column);
      if (!nullsEqual.includes(column)) return [`${name} = NEW.${name}`];
      const given = nullsAlike(`NEW.${name}`);
      // as the index has it, so that it is used
      return nullsAlike(name).map((part, at) => `(${part}) = (${given[at]})`);
    });
    const others = [...same, ...(where === undefined ? [] : [`(${where})`]), ...and].join(' AND ');
    const exists = `EXISTS (SELECT 1 FROM ${identifier(table.name)} WHERE ${others})`;
    return where === undefined ? exists : `(${exists} AND ${newRowFits(table, where)})`;
  });

// a partial index holds the new row only if its condition is true of NEW
const newRowFits = (table: Table, where: string): string => {
  const named = Object.keys(table.columns).filter((name) => mentions(where, name, 'sqlite'));
  const values = named.map((name) => `NEW.${identifier(name)} AS ${identifier(name)}`).join(', ');
  return `EXISTS (SELECT 1 FROM (SELECT ${values || '1'}) AS ${identifier(table.name)} WHERE ${where})`;
};

/** OR REPLACE turns a NULL in such a column into its default, after every BEFORE trigger has looked at it. */
export const emptied = (table: Table, keys: readonly UniqueKey[]): readonly string[] =>
  [...new Set(keys.flatMap(({ columns }) => columns))]
    .filter((name) => {
      const column = table.columns[name];
      return column && !column.nullable && (column.default !== undefined || column.generated === 'now');
    })
    .map((name) => `NEW.${identifier(name)} IS NULL`);

/** Conditions of which one is enough, one a line. */
export const any = (conditions: readonly string[]): string => conditions.join('\n  OR ');

/** Conditions that must all hold, one a line. */
export const all = (conditions: readonly string[]): string => conditions.join('\n  AND ');

/** That NEW and OLD are alike in every column but these, and are the same row. */
export const unchanged = (table: Table, except: readonly string[]): readonly string[] =>
  [rowidOf(table), ...Object.keys(table.columns)]
    .filter((name) => !except.includes(name))
    .map((name) => `NEW.${identifier(name)} IS OLD.${identifier(name)}`);
