import type { Column } from '../contract/column.js';
import type { Guarantee } from '../contract/guarantee.js';
import type { DeclaredObject } from '../contract/objects.js';
import type { SqlName } from '../contract/sql.js';
import type { OnDelete } from '../contract/table.js';
import type { FullTextItem } from './declared-objects.js';
import type { CheckRowItem } from './row-checks.js';

/** A primary key that `table()` declares over columns of the table. */
export interface PrimaryKeyItem<Name extends string = string> {
  readonly kind: 'primary-key';
  readonly columns: readonly Column<Name>[];
}
/** A unique key in the declaration of a table. */
export interface UniqueItem {
  readonly kind: 'unique';
  readonly columns: readonly Column[];
  readonly name: string | undefined;
  readonly nullsNotDistinct: boolean;
}
/** An index in the declaration of a table. */
export interface IndexItem {
  readonly kind: 'index';
  readonly columns: readonly Column[];
  readonly name: string | undefined;
  readonly unique: boolean;
  readonly where: string | undefined;
}
/** A foreign key in the declaration of a table. */
export interface ForeignKeyItem {
  readonly kind: 'foreign-key';
  readonly columns: readonly Column[];
  readonly target: readonly Column[];
  readonly onDelete: OnDelete;
  readonly name: string | undefined;
}
/** A CHECK constraint in the declaration of a table. */
export interface CheckItem {
  readonly kind: 'check';
  readonly name: string;
  readonly sql: Readonly<Record<SqlName, string>>;
}
/** A renamed column in the declaration of a table. */
export interface RenamedItem {
  readonly kind: 'renamed';
  readonly column: Column;
  readonly from: string;
}

/** The former name of a table in its declaration. */
export interface RenamedTableItem {
  readonly kind: 'renamed-table';
  readonly from: string;
}

/**
 * A key, index, constraint, check or guarantee: an item that the third argument of `table()` may return. `R` is the row
 * that a `checkRow` gets.
 */
export type TableItem<R = never> =
  | PrimaryKeyItem
  | UniqueItem
  | IndexItem
  | ForeignKeyItem
  | CheckItem
  | CheckRowItem<R>
  | RenamedItem
  | DeclaredObject
  | FullTextItem
  | RenamedTableItem
  | Guarantee;

type Columns = readonly Column[];

const split = <Options>(
  given: readonly (Column | Options)[],
): { columns: Columns; options: Partial<Options> } => {
  const last = given.at(-1);
  const hasOptions = last !== undefined && !('kind' in (last as object));
  return {
    columns: (hasOptions ? given.slice(0, -1) : given) as Columns,
    options: (hasOptions ? last : {}) as Partial<Options>,
  };
};

/** Declares a primary key over one or more columns. `id()` and `autoincrement()` declare their own. */
export function primaryKey<const Name extends string>(...columns: Column<Name>[]): PrimaryKeyItem<Name> {
  return { kind: 'primary-key', columns };
}

/** Options of a unique key. */
export interface UniqueOptions {
  name?: string;
  /** Whether NULLs count as equal (SQL:2023 `UNIQUE NULLS NOT DISTINCT`). By default each NULL is distinct. */
  nullsNotDistinct?: boolean;
}

/**
 * Declares a unique key: no two rows have the same values in the given columns. Last argument:
 * `{ name, nullsNotDistinct }`. On SQLite, where NULLs are always distinct, a key with `nullsNotDistinct` is a unique
 * index over expressions: ON CONFLICT cannot name its columns.
 */
export function unique(...given: (Column | UniqueOptions)[]): UniqueItem {
  const { columns, options } = split<UniqueOptions>(given);
  return { kind: 'unique', columns, name: options.name, nullsNotDistinct: options.nullsNotDistinct ?? false };
}

/** Options of an index. `where` is an SQL condition that both engines understand. */
export interface IndexOptions {
  name?: string;
  where?: string;
  unique?: boolean;
}

/** Declares an index over the given columns, in the given order. Last argument: `{ name, where, unique }`. */
export function index(...given: (Column | IndexOptions)[]): IndexItem {
  const { columns, options } = split<IndexOptions>(given);
  return {
    kind: 'index',
    columns,
    name: options.name,
    unique: options.unique ?? false,
    where: options.where,
  };
}

/** Declares a foreign key: each value of `column` must be a value of `target`. */
export function references(
  column: Column | readonly Column[],
  target: Column | readonly Column[],
  options: { onDelete?: OnDelete; name?: string } = {},
): ForeignKeyItem {
  return {
    kind: 'foreign-key',
    columns: [column].flat() as Columns,
    target: [target].flat() as Columns,
    onDelete: options.onDelete ?? 'restrict',
    name: options.name,
  };
}

/** Declares a CHECK constraint as SQL text: one text for both dialects, or a separate text for each dialect. */
export function check(name: string, sql: string | Readonly<Record<SqlName, string>>): CheckItem {
  return {
    kind: 'check',
    name,
    sql: typeof sql === 'string' ? { sqlite: sql, postgres: sql } : sql,
  };
}

/**
 * Declares that a column was previously named `from`, so that `ashlar migrate new` renames the column and keeps its
 * data.
 */
export function renamed(column: Column, from: string): RenamedItem {
  return { kind: 'renamed', column, from };
}

/**
 * Declares that the table was previously named `from`, so that `ashlar migrate new` renames the table, its side tables and
 * its objects, and keeps the rows.
 *
 * @example
 * table('clients', { id: id(), name: z.string() }, () => [renamedTable('customers')])
 */
export function renamedTable(from: string): RenamedTableItem {
  return { kind: 'renamed-table', from };
}
