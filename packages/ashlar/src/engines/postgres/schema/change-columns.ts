import type { Column } from '../../../contract/column.js';
import type { OwnedSequence, SchemaChange, SchemaColumn, SchemaTable } from '../../../contract/schema.js';
import type { TableFacts } from '../../../contract/table.js';
import { identifier, literal } from '../../../model/index.js';
import { hanging } from '../../../sql/template.js';
import { allowedValue } from '../../placeholder.js';
import { change } from './change.js';
import { columnDefinition } from './column-sql.js';
import { columnComment } from './comments.js';
import type { ColumnIn } from './conversions.js';
import { fullType, isComputed, isIdentity, withoutCollation } from './described-column.js';
import { changeSequences, ownSql } from './owned-sequences.js';
import { type blockingObjects, retype } from './retype.js';
import { schemaColumnSql } from './schema-sql.js';

type Blocking = ReturnType<typeof blockingObjects>;

const alter = (table: string, action: string): string => `ALTER TABLE ${identifier(table)} ${action}`;
const alterColumn = (table: string, column: string, action: string): string =>
  alter(table, `ALTER COLUMN ${identifier(column)} ${action}`);

const needsValue = (column: SchemaColumn): boolean =>
  column.notNull && column.default === undefined && withoutCollation(column) === '';

/**
 * Returns the change that adds a column, with the model's definition if the model declares the column, otherwise with
 * the server's.
 */
export function addColumn(table: string, column: SchemaColumn, model: Column | undefined): SchemaChange {
  const name = identifier(column.name);
  return change({
    summary: `${table}: add column ${column.name}`,
    up: [alter(table, `ADD COLUMN ${model ? hanging(columnDefinition(model)) : schemaColumnSql(column)}`)],
    down: [alter(table, `DROP COLUMN ${name}`)],
    danger: needsValue(column)
      ? `${table}.${column.name} is required and has no default: adding it fails if ${table} has rows. ` +
        `Give the column a default, or add it as nullable, fill it (UPDATE ${identifier(table)} SET ${name} = …) and then SET NOT NULL.`
      : undefined,
  });
}

// the values of a required column when the step that dropped it is undone
const placeholders: readonly (readonly [RegExp, string])[] = [
  [/\[\]$/, "'{}'"],
  [/^(integer|bigint|smallint|double precision|real|numeric)/, '0'],
  [/^boolean/, 'false'],
  [/^uuid/, "'00000000-0000-0000-0000-000000000000'"],
  [/^timestamp/, "'1970-01-01T00:00:00Z'"],
  [/^date/, "'1970-01-01'"],
  [/^inet/, "'0.0.0.0'"],
  [/^jsonb?/, "'{}'"],
];

const placeholder = ({ name, constraints }: SchemaTable, column: SchemaColumn): string => {
  const standard = placeholders.find(([pattern]) => pattern.test(column.type))?.[1] ?? "''";
  const check = constraints.find((one) => one.name === `${name}_${column.name}_check`);
  return column.type === 'bytea' ? standard : allowedValue(standard, check?.definition ?? '');
};

/**
 * Returns the change that drops a column. Its values are lost; undoing fills a required column with a placeholder.
 *
 * @param before - the table before the change
 */
export function dropColumn(before: SchemaTable, table: string, column: SchemaColumn): SchemaChange {
  const fill = needsValue(column) ? placeholder(before, column) : undefined;
  const again = schemaColumnSql(fill === undefined ? column : { ...column, default: fill });
  return change({
    summary: `${table}: drop column ${column.name}`,
    up: [alter(table, `DROP COLUMN ${identifier(column.name)}`)],
    down: [
      alter(table, `ADD COLUMN ${again}`),
      ...(fill === undefined ? [] : [alterColumn(table, column.name, 'DROP DEFAULT')]),
      ...columnComment(table, column),
    ],
    danger: isComputed(column)
      ? undefined
      : `The values of ${table}.${column.name} are lost` +
        (fill === undefined ? '.' : `; undoing it sets ${fill} in every row.`),
  });
}

// VALIDATE lets others write; SET NOT NULL then relies on the constraint and reads no row
const setNotNull = (table: string, column: string): string[] => {
  const proof = identifier(`${table}_${column}_present`.slice(-63));
  return [
    alter(table, `ADD CONSTRAINT ${proof} CHECK (${identifier(column)} IS NOT NULL) NOT VALID`),
    alter(table, `VALIDATE CONSTRAINT ${proof}`),
    alterColumn(table, column, 'SET NOT NULL'),
    alter(table, `DROP CONSTRAINT ${proof}`),
  ];
};

const renull = (table: string, to: SchemaColumn): SchemaChange => {
  const required = setNotNull(table, to.name);
  const optional = [alterColumn(table, to.name, 'DROP NOT NULL')];
  return change({
    summary: `${table}: ${to.name} ${to.notNull ? 'becomes required' : 'becomes nullable'}`,
    up: to.notNull ? required : optional,
    down: to.notNull ? optional : required,
  });
};

const defaultAction = ({ default: sql }: SchemaColumn): string =>
  sql === undefined ? 'DROP DEFAULT' : `SET DEFAULT ${sql}`;

const redefault = (table: string, from: SchemaColumn, to: SchemaColumn): SchemaChange =>
  change({
    summary: `${table}: ${to.default === undefined ? 'drop' : 'set'} default of ${to.name}`,
    up: [alterColumn(table, to.name, defaultAction(to))],
    down: [alterColumn(table, to.name, defaultAction(from))],
  });

/** The value after that of a sequence. */
const nextOf = (sequence: Pick<OwnedSequence, 'name'>): string =>
  `(SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END FROM ${identifier(sequence.name)})`;

/** The sequence that the default of a column names, which the column need not own. */
const sequenceIn = ({ default: text = '' }: SchemaColumn): readonly Pick<OwnedSequence, 'name'>[] => {
  const [, name] = /^nextval\('("[^"]+"|[^'".]+)'::regclass\)$/.exec(text) ?? [];
  return name === undefined ? [] : [{ name: name.replaceAll('"', '') }];
};

const countOn = (
  table: string,
  { name }: SchemaColumn,
  replaced: readonly Pick<OwnedSequence, 'name'>[],
): string => {
  const afterRows = `coalesce(max(${identifier(name)}), 0) + 1`;
  const next =
    replaced.length > 0 ? `greatest(${[afterRows, ...replaced.map(nextOf)].join(', ')})` : afterRows;
  return (
    `SELECT setval(pg_get_serial_sequence(${literal(identifier(table))}, ${literal(name)}), ` +
    `${next}, false) FROM ${identifier(table)}`
  );
};

/**
 * Returns the statements that make a column an identity or end that.
 *
 * @param owned - the sequences that the column owns in the other state: an identity takes over their next number
 * @param other - the column in the other state, whose default may name a sequence that it does not own
 */
const identitySql = (
  table: string,
  column: SchemaColumn,
  owned: readonly OwnedSequence[] = [],
  other: SchemaColumn = column,
): string[] => {
  const named = sequenceIn(other).filter(({ name }) => !owned.some((each) => each.name === name));
  if (!isIdentity(column)) return [alterColumn(table, column.name, 'DROP IDENTITY')];
  return [
    // pg_get_serial_sequence finds the first of the sequences that a column owns
    ...owned.map(({ name }) => `ALTER SEQUENCE ${identifier(name)} OWNED BY NONE`),
    alterColumn(table, column.name, `ADD ${withoutCollation(column)}`),
    countOn(table, column, [...owned, ...named]),
    ...owned.map(({ name }) => `DROP SEQUENCE ${identifier(name)}`),
  ];
};

/** Returns the statements that make the sequences of a column that was an identity, and count on. */
const sequencesAgain = (table: string, column: SchemaColumn, owned: readonly OwnedSequence[]): string[] => [
  ...owned.flatMap((sequence) => [sequence.definition, ownSql(table, sequence)]),
  ...(owned.length > 0 ? [countOn(table, column, [])] : []),
];

// ALWAYS or BY DEFAULT, and how the numbers go on where a person said it
const generationOf = (column: SchemaColumn, other: SchemaColumn): string => {
  const [, always = '', options = ''] = identityText.exec(withoutCollation(column)) ?? [];
  const [, , others = ''] = identityText.exec(withoutCollation(other)) ?? [];
  if (options === others) return `SET GENERATED ${always}`;
  const wanted = identityOptions.map(([name, standard]) => {
    const [text = standard] = new RegExp(`${name}(?: -?\\d+)?`).exec(options) ?? [];
    return `SET ${text}`;
  });
  return [`SET GENERATED ${always}`, ...wanted].join(' ');
};

const identityText = /^GENERATED (ALWAYS|BY DEFAULT) AS IDENTITY(?: \((.*)\))?$/;

const identityOptions: readonly (readonly [name: string, standard: string])[] = [
  ['START WITH', 'START WITH 1'],
  ['INCREMENT BY', 'INCREMENT BY 1'],
  ['MINVALUE', 'NO MINVALUE'],
  ['MAXVALUE', 'NO MAXVALUE'],
  ['CACHE', 'CACHE 1'],
  ['CYCLE', 'NO CYCLE'],
];

const reidentify = (
  table: string,
  [from, had]: readonly [SchemaColumn, readonly OwnedSequence[]],
  [to, has]: readonly [SchemaColumn, readonly OwnedSequence[]],
): SchemaChange => {
  if (isIdentity(from) && isIdentity(to)) {
    const always = to.rest.includes('ALWAYS');
    return change({
      summary: `${table}: ${to.name} is generated ${always ? 'by the database only' : 'if a row lacks it'}`,
      up: [alterColumn(table, to.name, generationOf(to, from))],
      down: [alterColumn(table, to.name, generationOf(from, to))],
    });
  }
  return change({
    summary: `${table}: ${to.name} ${isIdentity(to) ? 'becomes' : 'is no longer'} an identity column`,
    up: [...identitySql(table, to, had, from), ...(isIdentity(to) ? [] : sequencesAgain(table, to, has))],
    down: [
      ...identitySql(table, from, has, to),
      ...(isIdentity(from) ? [] : sequencesAgain(table, from, had)),
    ],
  });
};

const isRecomputed = (was: SchemaColumn, is: SchemaColumn): boolean =>
  (isComputed(was) || isComputed(is)) && schemaColumnSql(was) !== schemaColumnSql(is);

/** Returns the columns in both of two tables that are dropped and added, because PostgreSQL computes them again. */
export function recomputedColumns(before: SchemaTable, after: SchemaTable): readonly string[] {
  return after.columns.flatMap((is) => {
    const was = before.columns.find(({ name }) => name === is.name);
    return was && isRecomputed(was, is) ? [is.name] : [];
  });
}

const changeColumn = (from: ColumnIn, to: ColumnIn, blocking: Blocking): SchemaChange[] => {
  const [[now, is], [before, was]] = [to, from];
  const { name: table } = now;
  const owned = ({ sequences = [] }: SchemaTable) => sequences.filter(({ column }) => column === is.name);
  if (isComputed(was) || isComputed(is)) {
    return isRecomputed(was, is) ? [dropColumn(before, table, was), addColumn(table, is, undefined)] : [];
  }
  const isRetyped = fullType(was) !== fullType(is);
  const identity =
    withoutCollation(was) === withoutCollation(is)
      ? []
      : [reidentify(table, [was, owned(before)], [is, owned(now)])];
  return [
    // only a column of integers is numbered
    ...(isIdentity(is) ? [] : identity),
    ...(isRetyped ? [retype(from, to, blocking)] : []),
    ...(was.default === is.default || isRetyped ? [] : [redefault(table, was, is)]),
    ...(was.notNull === is.notNull ? [] : [renull(table, is)]),
    ...(isIdentity(is) ? identity : []),
  ];
};

/**
 * Returns the changes to the columns of an existing table: first the added and altered columns, then the dropped ones,
 * with the sequences that they own.
 *
 * @param blocking - the objects that stay and may name a retyped column
 */
export function changeColumns(
  before: SchemaTable,
  after: SchemaTable,
  model: TableFacts | undefined,
  blocking: Blocking,
): SchemaChange[] {
  const was = new Map(before.columns.map((column) => [column.name, column]));
  const is = new Set(after.columns.map(({ name }) => name));
  const sequences = changeSequences(before, after);
  return [
    ...sequences.made,
    ...after.columns.flatMap((column) => {
      const from = was.get(column.name);
      return from
        ? changeColumn([before, from], [after, column], blocking)
        : [addColumn(after.name, column, model?.columns[column.name])];
    }),
    ...before.columns
      .filter(({ name }) => !is.has(name))
      .map((column) => dropColumn(before, after.name, column)),
    ...sequences.owned,
    ...sequences.dropped,
  ];
}
