import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { Guarantee, SqlName } from '../contract/guarantee.js';
import { AshlarError } from '../errors.js';
import type { Column } from './column.js';
import type { ColumnEncryption } from './column-encryption.js';
import { columnFromZod } from './column-from-zod.js';
import type { OnDelete, TableItem } from './items.js';
import { assertName } from './names.js';
import { storageProblem } from './storable.js';
import type { InsertOf, RowOf, Shape, UpdateOf } from './types.js';

/** A named key. */
export interface Key {
  readonly name: string;
  readonly columns: readonly string[];
}
export interface Unique extends Key {
  /** The columns whose NULLs count as equal; none where each NULL is unlike every other. */
  readonly nullsEqual: readonly string[];
}
export interface ForeignKey extends Key {
  readonly target: { readonly table: string; readonly columns: readonly string[] };
  readonly onDelete: OnDelete;
}
export interface Index extends Key {
  readonly unique: boolean;
  readonly where: string | undefined;
}
export interface Check {
  readonly name: string;
  readonly sql: Readonly<Record<SqlName, string>>;
}

/** The columns of a table, by name. */
export type Columns<S extends Shape = Shape> = { readonly [K in keyof S]: Column };

/** A table: a Zod object with a name, keys, indexes and guarantees. Made by {@link table}; knows no engine. */
export interface Table<Name extends string = string, S extends Shape = Shape> {
  readonly kind: 'table';
  readonly name: Name;
  readonly columns: Columns<S>;
  readonly primaryKey: Key;
  readonly uniques: readonly Unique[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly checks: readonly Check[];
  readonly indexes: readonly Index[];
  readonly guarantees: readonly Guarantee[];
  /** How its ciphered columns are encrypted; `undefined` when it has none. */
  readonly encryption: ColumnEncryption | undefined;
  /** Declared renames: the name now → the name before. */
  readonly renames: Readonly<Record<string, string>>;
  /** Validates a stored row; `z.toJSONSchema(table.row)` is its JSON Schema. */
  readonly row: z.ZodType<RowOf<S>>;
  /** Validates what an insert takes and fills in defaults and UUIDs; refuses unknown columns. */
  readonly insert: z.ZodType<InsertOf<S>, InsertOf<S>>;
  /** Validates what a patch takes: any columns outside the primary key. */
  readonly update: z.ZodType<UpdateOf<S>, UpdateOf<S>>;
}

const invalid = (table: string, message: string, suggestion: string): AshlarError =>
  new AshlarError('table-invalid', { message: `Table ${table}: ${message}`, suggestion });

interface Parts {
  primaryKeys: string[][];
  uniques: Unique[];
  foreignKeys: ForeignKey[];
  checks: Check[];
  indexes: Index[];
  guarantees: Guarantee[];
  renames: Record<string, string>;
}

const columnNames = (table: string, item: string, columns: readonly Column[]): string[] => {
  if (columns.length === 0)
    throw invalid(table, `${item} has no column.`, 'Name at least one column: index(c.name).');
  for (const column of columns) {
    if (column === undefined) {
      throw invalid(
        table,
        `${item} names a column that the table does not have.`,
        'Check the spelling after "c.".',
      );
    }
    if (column.table !== table) {
      throw invalid(
        table,
        `${item} names the column ${column.table}.${column.name} of another table.`,
        'Use the columns of the callback: (c) => [index(c.name)].',
      );
    }
  }
  const names = columns.map((column) => column.name);
  if (new Set(names).size < names.length)
    throw invalid(table, `${item} names a column twice.`, 'Name each column once.');
  return names;
};

const sortItems = (table: string, columns: Columns, items: readonly TableItem[]): Parts => {
  const parts: Parts = {
    primaryKeys: Object.values(columns)
      .filter((c) => c.primaryKey)
      .map((c) => [c.name]),
    uniques: [],
    foreignKeys: [],
    checks: [],
    indexes: [],
    guarantees: [],
    renames: {},
  };
  for (const item of items) {
    switch (item.kind) {
      case 'primary-key': {
        const names = columnNames(table, 'A primary key', item.columns);
        // an id() inside a wider key (a partitioned table's) is a part of that key, not one of its own
        const others = parts.primaryKeys.filter(
          (key) => key.length > 1 || !key.every((name) => names.includes(name)),
        );
        parts.primaryKeys = [...others, names];
        break;
      }
      case 'unique': {
        const names = columnNames(table, 'A unique key', item.columns);
        parts.uniques.push({
          name: item.name ?? `${table}_${names.join('_')}_key`,
          columns: names,
          nullsEqual: item.nullsNotDistinct ? names.filter((name) => columns[name]?.nullable) : [],
        });
        break;
      }
      case 'index': {
        const names = columnNames(table, 'An index', item.columns);
        const name = item.name ?? `${table}_${names.join('_')}_idx`;
        parts.indexes.push({ name, columns: names, unique: item.unique, where: item.where });
        break;
      }
      case 'foreign-key': {
        const names = columnNames(table, 'A foreign key', item.columns);
        parts.foreignKeys.push(
          foreignKey({ table, names, target: item.target, onDelete: item.onDelete, name: item.name }),
        );
        break;
      }
      case 'check':
        parts.checks.push({ name: item.name, sql: item.sql });
        break;
      case 'guarantee':
        parts.guarantees.push(item);
        break;
      case 'renamed': {
        const [name = ''] = columnNames(table, 'A rename', [item.column]);
        if (item.from in columns)
          throw invalid(
            table,
            `${name} was renamed from ${item.from}, which is still there.`,
            'Remove one of them.',
          );
        parts.renames[name] = item.from;
        break;
      }
    }
  }
  return parts;
};

interface ForeignKeyParts {
  readonly table: string;
  readonly names: string[];
  readonly target: readonly Column[];
  readonly onDelete: OnDelete;
  readonly name: string | undefined;
}

const foreignKey = ({ table, names, target, onDelete, name }: ForeignKeyParts): ForeignKey => {
  const [first] = target;
  if (!first || target.some((column) => column === undefined || column.table !== first.table)) {
    throw invalid(
      table,
      `the foreign key of ${names.join(', ')} has no target.`,
      'Give the columns of one table: references(c.job_id, jobs.columns.id).',
    );
  }
  if (target.length !== names.length) {
    throw invalid(
      table,
      `the foreign key of ${names.join(', ')} has ${target.length} target columns.`,
      'Give as many on both sides.',
    );
  }
  return {
    name: name ?? `${table}_${names.join('_')}_fkey`,
    columns: names,
    target: { table: first.table, columns: target.map((column) => column.name) },
    onDelete,
  };
};

const assertParts = (table: string, columns: Columns, parts: Parts): string[] => {
  const [primary, another] = parts.primaryKeys;
  if (!primary)
    throw invalid(table, 'there is no primary key.', 'Add one: id: id(), or primaryKey(c.a, c.b).');
  if (another) {
    throw invalid(
      table,
      `there are two primary keys: ${primary.join(', ')} and ${another.join(', ')}.`,
      'Keep one; unique(…) makes the other.',
    );
  }
  for (const name of primary) {
    if (columns[name]?.nullable)
      throw invalid(table, `the primary key column ${name} is nullable.`, 'Remove .nullable().');
  }
  for (const column of Object.values(columns)) {
    if (column.generated === 'identity' && (primary.length !== 1 || primary[0] !== column.name)) {
      throw invalid(
        table,
        `${column.name} counts by itself but is not the primary key.`,
        'Let autoincrement() be the primary key.',
      );
    }
  }
  for (const key of parts.foreignKeys) {
    if (key.onDelete === 'set null' && key.columns.some((name) => !columns[name]?.nullable)) {
      throw invalid(
        table,
        `${key.columns.join(', ')} cannot be set to null.`,
        'Make it .nullable(), or choose another onDelete.',
      );
    }
  }
  return primary;
};

const assertNames = (table: string, columns: Columns, parts: Parts): void => {
  const named = [...parts.uniques, ...parts.foreignKeys, ...parts.checks, ...parts.indexes].map(
    (part) => part.name,
  );
  const checked = Object.keys(columns).map((name) => `${table}_${name}_check`);
  const seen = new Set([`${table}_pkey`]);
  for (const name of [...named, ...checked]) {
    assertName('A constraint or index', name);
    if (seen.has(name))
      throw invalid(table, `two constraints or indexes are named ${name}.`, 'Give one of them { name }.');
    seen.add(name);
  }
};

const insertType = (column: Column): z.ZodType => {
  if (column.generated === 'uuid') return column.declared.default(() => uuidv7() as never);
  if (column.generated) return column.declared.optional();
  if (column.nullable && column.declared.def.type === 'nullable' && column.default === undefined) {
    return column.declared.default(null as never);
  }
  return column.declared;
};

const encryptionFrom = (
  table: string,
  columns: Columns,
  guarantees: readonly Guarantee[],
): ColumnEncryption | undefined => {
  const ciphertext = Object.values(columns).filter((column) => column.plaintext);
  const encryption = guarantees.flatMap(({ encrypts }) => encrypts?.(ciphertext) ?? []);
  if (ciphertext[0] && encryption.length === 0) {
    throw invalid(
      table,
      `${ciphertext[0].name} is ciphered, but nothing says with whose key.`,
      'Add the guarantee: encrypted({ scope: c.client_id, keys: dataKeys }).',
    );
  }
  return encryption[0];
};

type Values = Readonly<Record<string, unknown>>;

const refuseUnstorable =
  (columns: readonly Column[]) =>
  (row: unknown, context: z.core.$RefinementCtx): void => {
    if (typeof row !== 'object' || row === null) return;
    for (const column of columns) {
      const value = (row as Values)[column.name];
      const problem = value === undefined ? undefined : storageProblem(column, value);
      if (problem) {
        context.addIssue({
          code: 'custom',
          path: [column.name],
          message: problem,
          params: { storage: true },
        });
      }
    }
  };

/** JSON is looked at before Zod, which rebuilds it and leaves out what it does not like; the rest after, as it will be stored. */
const storable = (columns: Columns, schema: z.ZodType): z.ZodType => {
  const all = Object.values(columns);
  const isJson = (column: Column) => (column.plaintext ?? column).kind === 'json';
  const json = all.filter(isJson);
  const checked = schema.superRefine(refuseUnstorable(all.filter((column) => !isJson(column))));
  return json.length === 0 ? checked : z.unknown().superRefine(refuseUnstorable(json)).pipe(checked);
};

const schemas = <S extends Shape>(columns: Columns, primaryKey: readonly string[]) => {
  const all = Object.values(columns);
  const object = (chosen: Column[], type: (column: Column) => z.ZodType) =>
    z.strictObject(Object.fromEntries(chosen.map((column) => [column.name, type(column)])));
  const updatable = all.filter((column) => !primaryKey.includes(column.name));
  return {
    row: object(all, (column) => column.stored) as z.ZodType<RowOf<S>>,
    insert: storable(columns, object(all, insertType)) as z.ZodType<InsertOf<S>, InsertOf<S>>,
    update: storable(
      columns,
      object(updatable, (column) => column.stored.optional()),
    ) as z.ZodType<UpdateOf<S>, UpdateOf<S>>,
  };
};

/**
 * Declares a table once: its columns as Zod types, and its keys, indexes and guarantees.
 *
 * @param name - the table's name in the database, snake_case
 * @param shape - column name → Zod type
 * @param items - given the columns, the keys, indexes, constraints and guarantees
 * @returns the table, with its schemas `row`, `insert` and `patch`
 * @throws AshlarError `table-invalid` (two primary keys, an index on no column, …), `column-type-unsupported`
 *
 * @example
 * const notes = table('notes', { id: id(), body: z.string().max(500), ...timestamps() }, (c) => [index(c.created_at)]);
 */
export const table = <const Name extends string, S extends Shape>(
  name: Name,
  shape: S,
  items: (columns: Columns<S>) => readonly TableItem[] = () => [],
): Table<Name, S> => {
  assertName('A table', name);
  const columns = Object.fromEntries(
    Object.entries(shape).map(([column, type]) => {
      assertName(`A column of ${name}`, column);
      return [column, columnFromZod(name, column, type)];
    }),
  ) as Columns<S>;
  const parts = sortItems(name, columns, items(columns));
  const primaryKey = assertParts(name, columns, parts);
  assertNames(name, columns, parts);
  const { primaryKeys: _, ...rest } = parts;
  const made: Table<Name, S> = Object.freeze({
    kind: 'table' as const,
    name,
    columns,
    primaryKey: { name: `${name}_pkey`, columns: primaryKey },
    ...rest,
    encryption: encryptionFrom(name, columns, parts.guarantees),
    ...schemas<S>(columns, primaryKey),
  });
  for (const guarantee of made.guarantees) guarantee.validate?.(made as unknown as Table);
  return made;
};
