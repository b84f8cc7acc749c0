import type { z } from 'zod';
import type { Column } from '../contract/column.js';
import type { GuardedTable } from '../contract/guarantee.js';
import { columnFromZod } from './column-from-zod.js';
import { assertGuarantees, mergedFacts } from './guarantee-facts.js';
import type { TableItem } from './items.js';
import { assertName } from './names.js';
import type { InsertOf, RowOf, Shape, UpdateOf } from './shape.js';
import { assertKeys, assertNames } from './table-checks.js';
import { sortItems } from './table-parts.js';
import { tableSchemas } from './table-schemas.js';

/** The columns of a table, by name. */
export type Columns<S extends Shape = Shape> = { readonly [K in keyof S]: Column };

/**
 * A table: a Zod object with a name, keys, indexes and guarantees. Made by {@link table}; independent of any engine.
 */
export interface Table<Name extends string = string, S extends Shape = Shape> extends GuardedTable {
  readonly kind: 'table';
  readonly name: Name;
  readonly columns: Columns<S>;
  /** Validates a stored row; `z.toJSONSchema(table.row)` is its JSON Schema. */
  readonly row: z.ZodType<RowOf<S>>;
  /** Validates a row to insert and fills in defaults and UUIDs; refuses unknown columns. */
  readonly insert: z.ZodType<InsertOf<S>, InsertOf<S>>;
  /** Validates the values of an update, which may set any columns except those of the primary key. */
  readonly update: z.ZodType<UpdateOf<S>, UpdateOf<S>>;
}

/**
 * Declares a table: its columns as Zod types, with its keys, indexes and guarantees.
 *
 * @param name - the table's name in the database, snake_case
 * @param shape - column name → Zod type
 * @param items - given the columns, returns the keys, indexes, constraints and guarantees
 * @returns the table, with its schemas `row`, `insert` and `update`
 * @throws AshlarError `table-invalid` (two primary keys, an index without columns, guarantees that cannot hold
 *   together, …), `column-type-unsupported`
 *
 * @example
 * const notes = table('notes', { id: id(), body: z.string().max(500), ...timestamps() }, (c) => [index(c.created_at)]);
 */
export function table<const Name extends string, S extends Shape>(
  name: Name,
  shape: S,
  items: (columns: Columns<S>) => readonly TableItem[] = () => [],
): Table<Name, S> {
  assertName('A table', name);
  const columns = Object.fromEntries(
    Object.entries(shape).map(([column, type]) => {
      assertName(`A column of ${name}`, column);
      return [column, columnFromZod(name, column, type)];
    }),
  ) as Columns<S>;
  const { primaryKeys, ...parts } = sortItems(name, columns, items(columns));
  const primaryKey = assertKeys(name, columns, { primaryKeys, ...parts });
  assertNames(name, columns, { primaryKeys, ...parts });
  const made: Table<Name, S> = Object.freeze({
    kind: 'table' as const,
    name,
    columns,
    primaryKey: { name: `${name}_pkey`, columns: primaryKey },
    ...parts,
    facts: mergedFacts({ name, columns }, parts.guarantees),
    ...tableSchemas<S>(columns, primaryKey),
  });
  assertGuarantees(made);
  return made;
}
