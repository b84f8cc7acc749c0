import type { Column } from '../../../contract/column.js';
import type {
  Schema,
  SchemaChange,
  SchemaColumn,
  SchemaObject,
  SchemaTable,
} from '../../../contract/schema.js';
import type { TableFacts } from '../../../contract/table.js';
import { identifier, literal } from '../../../model/index.js';
import { codeOf, mentions } from '../../../sql/code.js';
import { hanging } from '../../../sql/template.js';
import { change } from './change.js';
import { dropPolicy, securityOf } from './change-security.js';
import { columnDefinition } from './column-sql.js';
import { schemaColumnSql } from './schema-sql.js';

const alter = (table: string, action: string): string => `ALTER TABLE ${identifier(table)} ${action}`;
const alterColumn = (table: string, column: string, action: string): string =>
  alter(table, `ALTER COLUMN ${identifier(column)} ${action}`);

// a description begins with the collation, where it has one
const collationEnd = ({ rest }: SchemaColumn): number => {
  const [first, name] = codeOf(rest, 'postgres');
  return first?.word === 'COLLATE' && name ? name.end : 0;
};
const fullType = (column: SchemaColumn): string =>
  `${column.type} ${column.rest.slice(0, collationEnd(column))}`.trim();
const withoutCollation = (column: SchemaColumn): string => column.rest.slice(collationEnd(column)).trim();
const isIdentity = ({ rest }: SchemaColumn): boolean => rest.includes('AS IDENTITY');

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
  [/^(integer|bigint|smallint|double precision|real|numeric)/, '0'],
  [/^boolean/, 'false'],
  [/^uuid/, "'00000000-0000-0000-0000-000000000000'"],
  [/^timestamp/, "'1970-01-01T00:00:00Z'"],
  [/^date/, "'1970-01-01'"],
  [/^inet/, "'0.0.0.0'"],
  [/^jsonb?/, "'{}'"],
];

const placeholder = (type: string): string =>
  placeholders.find(([pattern]) => pattern.test(type))?.[1] ?? "''";

/** Returns the change that drops a column. Its values are lost; undoing fills a required column with a placeholder. */
export function dropColumn(table: string, column: SchemaColumn): SchemaChange {
  const fill = needsValue(column) ? placeholder(column.type) : undefined;
  const again = schemaColumnSql(fill === undefined ? column : { ...column, default: fill });
  return change({
    summary: `${table}: drop column ${column.name}`,
    up: [alter(table, `DROP COLUMN ${identifier(column.name)}`)],
    down: [
      alter(table, `ADD COLUMN ${again}`),
      ...(fill === undefined ? [] : [alterColumn(table, column.name, 'DROP DEFAULT')]),
    ],
    danger:
      `The values of ${table}.${column.name} are lost` +
      (fill === undefined ? '.' : `; undoing it sets ${fill} in every row.`),
  });
}

const conversion = (column: string, from: string, to: string): string => {
  const name = identifier(column);
  if (from === 'bytea' && to === 'text') return `convert_from(${name}, 'UTF8')`;
  if (from === 'text' && to === 'bytea') return `convert_to(${name}, 'UTF8')`;
  // PostgreSQL casts between boolean and integer only
  if (from === 'boolean' && /^(bigint|double)/.test(to)) return `${name}::integer::${to}`;
  if (to === 'boolean' && from === 'bigint') return `${name} <> 0`;
  return `${name}::${to}`;
};

/** An object that may name columns of its table: how it is dropped and created again. */
interface BlockingObject {
  readonly drop: readonly string[];
  readonly definition: string;
}

const retypeSql = (
  table: string,
  from: SchemaColumn,
  to: SchemaColumn,
  blocking: readonly BlockingObject[],
): string[] => {
  const hasDefault = from.default !== undefined || to.default !== undefined;
  // a trigger or a policy that names the column blocks the change of its type
  const inTheWay = blocking.filter(({ definition }) => mentions(definition, to.name, 'postgres'));
  return [
    ...inTheWay.flatMap(({ drop }) => drop),
    ...(from.default === undefined ? [] : [alterColumn(table, to.name, 'DROP DEFAULT')]),
    alterColumn(table, to.name, `TYPE ${fullType(to)} USING ${conversion(to.name, from.type, to.type)}`),
    ...(hasDefault && to.default !== undefined
      ? [alterColumn(table, to.name, `SET DEFAULT ${to.default}`)]
      : []),
    ...inTheWay.map(({ definition }) => definition),
  ];
};

const retype = (
  table: SchemaTable,
  from: SchemaColumn,
  to: SchemaColumn,
  blocking: readonly BlockingObject[],
): SchemaChange => {
  const isWider = from.type === 'timestamptz(3)' && to.type === 'timestamptz(6)';
  return change({
    summary: `${table.name}: change type of ${to.name} from ${fullType(from)} to ${fullType(to)}`,
    up: retypeSql(table.name, from, to, blocking),
    down: retypeSql(table.name, to, from, blocking),
    danger: isWider
      ? undefined
      : `${table.name} cannot be read or written while PostgreSQL rewrites it; the change fails if a value cannot be converted.`,
  });
};

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

const identitySql = (table: string, column: SchemaColumn): string[] =>
  isIdentity(column)
    ? [
        alterColumn(table, column.name, `ADD ${withoutCollation(column)}`),
        `SELECT setval(pg_get_serial_sequence(${literal(identifier(table))}, ${literal(column.name)}), ` +
          `coalesce(max(${identifier(column.name)}), 0) + 1, false) FROM ${identifier(table)}`,
      ]
    : [alterColumn(table, column.name, 'DROP IDENTITY')];

// ALWAYS or BY DEFAULT
const generationOf = (column: SchemaColumn): string =>
  withoutCollation(column).replace(' AS IDENTITY', '').replace('GENERATED', 'SET GENERATED');

const reidentify = (table: string, from: SchemaColumn, to: SchemaColumn): SchemaChange => {
  if (isIdentity(from) && isIdentity(to)) {
    const always = to.rest.includes('ALWAYS');
    return change({
      summary: `${table}: ${to.name} is generated ${always ? 'by the database only' : 'if a row lacks it'}`,
      up: [alterColumn(table, to.name, generationOf(to))],
      down: [alterColumn(table, to.name, generationOf(from))],
    });
  }
  return change({
    summary: `${table}: ${to.name} ${isIdentity(to) ? 'becomes' : 'is no longer'} an identity column`,
    up: identitySql(table, to),
    down: identitySql(table, from),
  });
};

const isComputed = ({ rest }: SchemaColumn): boolean => rest.includes('GENERATED ALWAYS AS (');

const changeColumn = (
  table: SchemaTable,
  from: SchemaColumn,
  to: SchemaColumn,
  blocking: readonly BlockingObject[],
): SchemaChange[] => {
  if (isComputed(from) || isComputed(to)) {
    return schemaColumnSql(from) === schemaColumnSql(to)
      ? []
      : [dropColumn(table.name, from), addColumn(table.name, to, undefined)];
  }
  const isRetyped = fullType(from) !== fullType(to);
  return [
    ...(isRetyped ? [retype(table, from, to, blocking)] : []),
    ...(from.default === to.default || isRetyped ? [] : [redefault(table.name, from, to)]),
    ...(from.notNull === to.notNull ? [] : [renull(table.name, to)]),
    ...(withoutCollation(from) === withoutCollation(to) ? [] : [reidentify(table.name, from, to)]),
  ];
};

/** The computed columns that do not change, with their indexes: PostgreSQL computes them again. */
const computedOf = (before: SchemaTable, after: SchemaTable): readonly BlockingObject[] =>
  after.columns
    .filter(
      (column) =>
        isComputed(column) &&
        before.columns.some(
          (was) => was.name === column.name && schemaColumnSql(was) === schemaColumnSql(column),
        ),
    )
    .map((column) => ({
      drop: [alter(after.name, `DROP COLUMN ${identifier(column.name)}`)],
      definition: [
        alter(after.name, `ADD COLUMN ${schemaColumnSql(column)}`),
        ...after.indexes
          .filter(
            ({ name, definition }) =>
              before.indexes.some((was) => was.name === name && was.definition === definition) &&
              mentions(definition, column.name, 'postgres'),
          )
          .map(({ definition }) => definition),
      ].join(';\n'),
    }));

/**
 * Returns the changes to the columns of an existing table: first the added and altered columns, then the dropped ones.
 */
export function changeColumns(
  before: SchemaTable,
  after: SchemaTable,
  model: TableFacts | undefined,
): SchemaChange[] {
  const was = new Map(before.columns.map((column) => [column.name, column]));
  const is = new Set(after.columns.map(({ name }) => name));
  const keptOf = (was: readonly SchemaObject[], is: readonly SchemaObject[]): readonly SchemaObject[] =>
    is.filter(({ name, definition }) =>
      was.some((object) => object.name === name && object.definition === definition),
    );
  const kept: readonly BlockingObject[] = [
    ...keptOf(before.triggers, after.triggers).map(({ name, definition }) => ({
      drop: [`DROP TRIGGER ${identifier(name)} ON ${identifier(after.name)}`],
      definition,
    })),
    ...keptOf(securityOf(before).policies, securityOf(after).policies).map((policy) => ({
      drop: dropPolicy(after, policy).up,
      definition: policy.definition,
    })),
    ...computedOf(before, after),
  ];
  return [
    ...after.columns.flatMap((column) => {
      const from = was.get(column.name);
      return from
        ? changeColumn(after, from, column, kept)
        : [addColumn(after.name, column, model?.columns[column.name])];
    }),
    ...before.columns.filter(({ name }) => !is.has(name)).map((column) => dropColumn(after.name, column)),
  ];
}

/** Returns the columns of tables in both schemas whose type, or whose computation, changes. */
export function rewrittenColumns(
  before: Schema,
  after: Schema,
): readonly { readonly table: string; readonly column: string }[] {
  return after.tables.flatMap((table) => {
    const old = before.tables.find(({ name }) => name === table.name);
    return table.columns.flatMap((column) => {
      const from = old?.columns.find(({ name }) => name === column.name);
      const isRewritten =
        from &&
        (isComputed(from) || isComputed(column)
          ? schemaColumnSql(from) !== schemaColumnSql(column)
          : fullType(from) !== fullType(column));
      return isRewritten ? [{ table: table.name, column: column.name }] : [];
    });
  });
}
