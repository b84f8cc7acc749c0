import type { Schema, SchemaChange, SchemaObject, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';
import { mentions } from '../../../sql/code.js';
import { foreignKeyOf } from '../../../sql/foreign-key.js';
import { change } from './change.js';
import { dropPolicy, securityOf } from './change-security.js';
import { columnComment } from './comments.js';
import { type ColumnIn, conversionSql } from './conversions.js';
import { fullType, isComputed } from './described-column.js';
import { schemaColumnSql } from './schema-sql.js';

/** The retyped columns of each table. */
export type Retyped = ReadonlyMap<string, ReadonlySet<string>>;

/** Returns the columns of each table whose type differs in two schemas, in which columns have the same names. */
export function retypedColumns(before: Schema, after: Schema): Retyped {
  const was = new Map(before.tables.map((table) => [table.name, table]));
  return new Map(
    after.tables.map((table) => {
      const old = new Map(was.get(table.name)?.columns.map((column) => [column.name, column]));
      const names = table.columns.flatMap((column) => {
        const from = old.get(column.name);
        if (!from || isComputed(from) || isComputed(column)) return [];
        return fullType(from) === fullType(column) ? [] : [column.name];
      });
      return [table.name, new Set(names)] as const;
    }),
  );
}

/** Returns the columns of tables in both schemas whose type, or whose computation, changes. */
export function rewrittenColumns(
  before: Schema,
  after: Schema,
): readonly { readonly table: string; readonly column: string }[] {
  const retyped = retypedColumns(before, after);
  return after.tables.flatMap((table) => {
    const old = new Map(
      before.tables.find(({ name }) => name === table.name)?.columns.map((column) => [column.name, column]),
    );
    const recomputed = table.columns.flatMap((column) => {
      const from = old.get(column.name);
      if (!from || (!isComputed(from) && !isComputed(column))) return [];
      return schemaColumnSql(from) === schemaColumnSql(column) ? [] : [column.name];
    });
    return [...(retyped.get(table.name) ?? []), ...recomputed].map((column) => ({
      table: table.name,
      column,
    }));
  });
}

/** Returns whether a constraint is a foreign key that names a retyped column at one of its ends. */
export function linksRetyped(retyped: Retyped, table: string, { definition }: SchemaObject): boolean {
  const key = foreignKeyOf(definition, 'postgres');
  if (!key) return false;
  const has = (name: string, columns: readonly string[]): boolean =>
    columns.some((column) => retyped.get(name)?.has(column));
  return has(table, key.columns) || has(key.target, key.targetColumns);
}

/** An object that stays and may name a column: how it is dropped and created again. */
interface Blocking {
  readonly table: string;
  readonly drop: readonly string[];
  readonly create: readonly string[];
  readonly definition: string;
}

const keptOf = (was: readonly SchemaObject[], is: readonly SchemaObject[]): readonly SchemaObject[] =>
  is.filter(({ name, definition }) =>
    was.some((object) => object.name === name && object.definition === definition),
  );

const objectsOf = (before: SchemaTable, after: SchemaTable): readonly Blocking[] => {
  const table = after.name;
  const policies = keptOf(securityOf(before).policies, securityOf(after).policies);
  return [
    ...keptOf(before.triggers, after.triggers).map(({ name, definition }) => ({
      table,
      drop: [`DROP TRIGGER ${identifier(name)} ON ${identifier(table)}`],
      create: [definition],
      definition,
    })),
    ...policies.map((policy) => ({
      table,
      drop: dropPolicy(after, policy).up,
      create: [policy.definition],
      definition: policy.definition,
    })),
    ...computedOf(before, after),
  ];
};

// with the constraints and indexes over them, which are dropped with the column
const computedOf = (before: SchemaTable, after: SchemaTable): readonly Blocking[] =>
  after.columns
    .filter(
      (column) =>
        isComputed(column) && before.columns.some((one) => schemaColumnSql(one) === schemaColumnSql(column)),
    )
    .map((column) => ({
      table: after.name,
      drop: [`ALTER TABLE ${identifier(after.name)} DROP COLUMN ${identifier(column.name)}`],
      create: [
        `ALTER TABLE ${identifier(after.name)} ADD COLUMN ${schemaColumnSql(column)}`,
        ...columnComment(after.name, column),
        ...keptOf(before.constraints, after.constraints).flatMap(({ name, definition }) =>
          mentions(definition, column.name, 'postgres')
            ? [`ALTER TABLE ${identifier(after.name)} ADD CONSTRAINT ${identifier(name)} ${definition}`]
            : [],
        ),
        ...keptOf(before.indexes, after.indexes).flatMap(({ definition }) =>
          mentions(definition, column.name, 'postgres') ? [definition] : [],
        ),
      ],
      definition: column.rest,
    }));

/** Returns every object of the tables that both schemas have, which PostgreSQL may not let a retyped column have. */
export function blockingObjects(before: Schema, after: Schema): readonly Blocking[] {
  const was = new Map(before.tables.map((table) => [table.name, table]));
  return after.tables.flatMap((table) => {
    const old = was.get(table.name);
    return old ? objectsOf(old, table) : [];
  });
}

const namesColumn = ({ table: own, definition }: Blocking, table: string, column: string): boolean =>
  mentions(definition, column, 'postgres') && (own === table || mentions(definition, table, 'postgres'));

const retypeSql = (from: ColumnIn, to: ColumnIn, blocking: readonly Blocking[]): string[] => {
  const [{ name: table }, { name }] = to;
  const [[, was], [, is]] = [from, to];
  const alter = (action: string): string =>
    `ALTER TABLE ${identifier(table)} ALTER COLUMN ${identifier(name)} ${action}`;
  const inTheWay = blocking.filter((object) => namesColumn(object, table, name));
  return [
    // a table with waiting events of deferred constraints cannot be altered
    'SET CONSTRAINTS ALL IMMEDIATE',
    ...inTheWay.flatMap(({ drop }) => drop),
    ...(was.default === undefined ? [] : [alter('DROP DEFAULT')]),
    alter(`TYPE ${fullType(is)} USING ${conversionSql(from, to)}`),
    ...(is.default === undefined ? [] : [alter(`SET DEFAULT ${is.default}`)]),
    ...inTheWay.toReversed().flatMap(({ create }) => create),
  ];
};

/** Returns the change that converts a column to another type, without the objects that name the column meanwhile. */
export function retype(from: ColumnIn, to: ColumnIn, blocking: readonly Blocking[]): SchemaChange {
  const [[{ name: table }, is], [, was]] = [to, from];
  const isWider = was.type === 'timestamptz(3)' && is.type === 'timestamptz(6)';
  return change({
    summary: `${table}: change type of ${is.name} from ${fullType(was)} to ${fullType(is)}`,
    up: retypeSql(from, to, blocking),
    down: retypeSql(to, from, blocking),
    danger: isWider
      ? undefined
      : `${table} cannot be read or written while PostgreSQL rewrites it; the change fails if a value cannot be converted.`,
  });
}
