import type { z } from 'zod';
import type { Column } from '../contract/column.js';
import type { GuardedTable } from '../contract/guarantee.js';
import type { TableFacts } from '../contract/table.js';
import { columnMap, propertiesOf } from './column-map.js';
import { assertDescription } from './description.js';
import { assertGuardable } from './external-rules.js';
import { assertUnfrozen } from './foreign-keys.js';
import { assertGuarantees, mergedFacts } from './guarantee-facts.js';
import type { PrimaryKeyItem, TableItem } from './items.js';
import { limitKeySizes } from './key-size.js';
import { assertTableName } from './names.js';
import { type Naming, unchanged } from './naming.js';
import type { RowCheck } from './row-checks.js';
import type { CheckedRow, InsertShape, MarkedKey, RowShape, Shape, UpdateShape } from './shape.js';
import { assertDecimalTexts, assertFullTexts, assertKeys, assertNames } from './table-checks.js';
import { sortItems } from './table-parts.js';
import { tableSchemas } from './table-schemas.js';

/** The columns of a table, by their names in TypeScript. */
export type Columns<S extends Shape = Shape> = { readonly [K in keyof S]: Column<K & string> };

/**
 * A table: a Zod object with a name, keys, indexes and guarantees. Made by {@link table}; independent of any engine.
 * `Key` are the names of the primary key's columns.
 */
export interface Table<Name extends string = string, S extends Shape = Shape, Key extends string = string>
  extends GuardedTable {
  readonly kind: 'table';
  readonly name: Name;
  /**
   * The columns: `orders.columns.createdAt`. A list of the keys has the names in the database (`created_at`), under which a
   * column is found, too.
   */
  readonly columns: Columns<S>;
  /** The columns of the primary key, by their names in TypeScript. */
  readonly key: readonly Key[];
  /** The checks of whole rows, which run in this process: `checkRow(…)`. */
  readonly checkRow: readonly RowCheck<never>[];
  /** Validates a stored row; `z.toJSONSchema(table.row)` is its JSON Schema. */
  readonly row: z.ZodObject<RowShape<S>, z.core.$strict>;
  /**
   * Validates a row to insert and fills in constant defaults; refuses unknown columns. What the session generates (ids,
   * the values of `generated(…)`) may be omitted and is not filled in.
   */
  readonly insert: z.ZodObject<InsertShape<S>, z.core.$strict>;
  /** Validates the values of an update, which may set any columns except those of the primary key. */
  readonly update: z.ZodObject<UpdateShape<S, Key>, z.core.$strict>;
  /**
   * Returns the table with a description, which PostgreSQL keeps as the comment on it. Call it where the table is declared:
   * `table(…).describe('The letters that were sent.')`.
   *
   * @throws AshlarError `table-invalid` for text that no engine stores
   */
  describe(description: string): Table<Name, S, Key>;
}

type NamedKey<Item> =
  Item extends PrimaryKeyItem<infer Column> ? (string extends Column ? never : Column) : never;

/**
 * The names of the primary key's columns: those of the item `primaryKey(…)`, or else the column that is a key by
 * itself. `string` where the types do not say it.
 */
export type KeyNames<S extends Shape, Item> = [NamedKey<Item>] extends [never]
  ? [MarkedKey<S>] extends [never]
    ? string
    : MarkedKey<S>
  : NamedKey<Item>;

/**
 * Declares a table: its columns as Zod types, with its keys, indexes and guarantees.
 *
 * @param name - the table's name in the database, snake_case
 * @param shape - column name → Zod type. A column has this name in the database, too, unless {@link column} gives it another
 * @param items - given the columns, returns the keys, indexes, constraints, checks and guarantees
 * @returns the table, with its schemas `row`, `insert` and `update`
 * @throws AshlarError `table-invalid` (two primary keys, an index without columns, guarantees that cannot hold
 *   together, …), `column-type-unsupported`
 *
 * @example
 * const notes = table('notes', { id: id(), body: z.string().max(500), ...timestamps() }, (c) => [index(c.created_at)]);
 */
export function table<
  const Name extends string,
  S extends Shape,
  const Items extends readonly TableItem<CheckedRow<S>>[] = [],
>(name: Name, shape: S, items?: (columns: Columns<S>) => Items): Table<Name, S, KeyNames<S, Items[number]>> {
  return namedTable(unchanged, name, shape, items);
}

/** Declares a table whose columns get their names in the database by a rule; see {@link table}. */
export function namedTable<
  const Name extends string,
  S extends Shape,
  const Items extends readonly TableItem<CheckedRow<S>>[] = [],
>(
  naming: Naming,
  name: Name,
  shape: S,
  items: (columns: Columns<S>) => Items = () => [] as never,
  more: Pick<TableFacts, 'external'> = {},
): Table<Name, S, KeyNames<S, Items[number]>> {
  type Key = KeyNames<S, Items[number]>;
  assertTableName(name);
  const columns = columnMap(name, shape, naming) as Columns<S>;
  const { primaryKeys, ...parts } = sortItems(name, columns, items(columns));
  const primaryKey = assertKeys(name, columns, { primaryKeys, ...parts });
  assertNames(name, columns, { primaryKeys, ...parts });
  assertDecimalTexts(name, columns, { primaryKeys, ...parts });
  assertFullTexts(name, columns, { primaryKeys, ...parts }, primaryKey);
  const made: Table<Name, S, Key> = Object.freeze({
    kind: 'table' as const,
    name,
    columns,
    primaryKey: { name: `${name}_pkey`, columns: primaryKey },
    key: propertiesOf({ columns }, primaryKey) as Key[],
    ...parts,
    ...more,
    facts: mergedFacts({ name, columns }, parts.guarantees),
    ...tableSchemas<S, Key>(columns, primaryKey),
    describe(description: string): Table<Name, S, Key> {
      assertDescription(name, description);
      return Object.freeze({ ...this, description: description || undefined });
    },
  });
  if (made.external) assertGuardable(made);
  else limitKeySizes(made);
  assertGuarantees(made);
  assertUnfrozen(made);
  return made;
}
