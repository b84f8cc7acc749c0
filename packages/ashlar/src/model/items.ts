import type { Column } from '../contract/column.js';
import type { Guarantee } from '../contract/guarantee.js';
import type { DeclaredObject } from '../contract/objects.js';
import type { SqlTexts } from '../contract/sql.js';
import type { ForeignKeyAction, IndexMethod } from '../contract/table.js';
import { inBoth, type SqlText } from './column-types.js';
import type { FullTextItem } from './declared-objects.js';
import type { CheckRowItem } from './row-checks.js';

/** A primary key that `table()` declares over columns of the table. */
export interface PrimaryKeyItem<Property extends string = string> {
  readonly kind: 'primary-key';
  readonly columns: readonly Column<Property>[];
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
  readonly parts: readonly (Column | SqlTexts)[];
  readonly name: string | undefined;
  readonly unique: boolean;
  readonly where: SqlTexts | undefined;
  readonly using: IndexMethod | undefined;
}
/**
 * Returns the columns that a foreign key refers to: `() => people.columns.id`. It is called once all tables are declared.
 * TypeScript does not ask what it returns, so that two tables can refer to each other without annotations.
 */
export type LaterTarget = () => void;

/** A foreign key in the declaration of a table. */
export interface ForeignKeyItem {
  readonly kind: 'foreign-key';
  readonly columns: readonly Column[];
  readonly target: readonly Column[] | LaterTarget;
  readonly onDelete: ForeignKeyAction;
  readonly onUpdate: ForeignKeyAction;
  readonly deferrable: boolean;
  readonly name: string | undefined;
}
/** A CHECK constraint in the declaration of a table. */
export interface CheckItem {
  readonly kind: 'check';
  readonly name: string;
  readonly sql: SqlTexts;
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

const isPart = (given: unknown): boolean =>
  typeof given !== 'object' || given === null || 'kind' in given || 'sqlite' in given;

/** Separates the parts of a key or index from the options, the last argument. */
const split = <Part, Options>(
  given: readonly (Part | Options)[],
): { parts: readonly Part[]; options: Partial<Options> } => {
  const last = given.at(-1);
  const hasOptions = last !== undefined && !isPart(last);
  return {
    parts: (hasOptions ? given.slice(0, -1) : given) as readonly Part[],
    options: (hasOptions ? last : {}) as Partial<Options>,
  };
};

/** Declares a primary key over one or more columns. `id()` and `autoincrement()` declare their own. */
export function primaryKey<const Property extends string>(
  ...columns: Column<Property>[]
): PrimaryKeyItem<Property> {
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
  const { parts: columns, options } = split<Column, UniqueOptions>(given);
  return { kind: 'unique', columns, name: options.name, nullsNotDistinct: options.nullsNotDistinct ?? false };
}

/** Options of an index. */
export interface IndexOptions {
  /** Required for an index over expressions. */
  name?: string;
  /** An SQL condition: the index has only the rows that meet it. */
  where?: SqlText;
  unique?: boolean;
  /** The kind of index on PostgreSQL, if it is not a B-tree. On SQLite all indexes are B-trees. */
  using?: IndexMethod;
}

/**
 * Declares an index over columns and SQL expressions, in the given order. Last argument: `{ name, where, unique, using }`.
 *
 * @param given - columns, and expressions: a text for both engines, or one for each. A database computes them for each row,
 *   so they may name columns of the table and call functions that always give the same result
 *
 * @example
 * index(c.created_at, { where: 'closed_at IS NULL' })
 * index('lower(email)', { name: 'people_email_lower_idx', unique: true })
 * index({ sqlite: "meta ->> '$.kind'", postgres: "meta ->> 'kind'" }, { name: 'notes_kind_idx' })
 */
export function index(...given: (Column | SqlText | IndexOptions)[]): IndexItem {
  const { parts, options } = split<Column | SqlText, IndexOptions>(given);
  return {
    kind: 'index',
    parts: parts.map((part) =>
      typeof part === 'object' && part && 'kind' in part ? part : inBoth(part as SqlText),
    ),
    name: options.name,
    unique: options.unique ?? false,
    where: options.where === undefined ? undefined : inBoth(options.where),
    using: options.using,
  };
}

/** Options of a foreign key. */
export interface ReferencesOptions {
  /** What happens when the referenced row is deleted. Default: `restrict`, and `no action` if `deferrable`. */
  onDelete?: ForeignKeyAction;
  /** What happens when the referenced row gets another key. Default: `no action`, which refuses it. */
  onUpdate?: ForeignKeyAction;
  /**
   * Whether the key is checked when the session ends (`DEFERRABLE INITIALLY DEFERRED`), so that rows may refer to rows that
   * the session inserts later. On SQLite, a program that turns foreign keys off can violate such a key.
   */
  deferrable?: boolean;
  name?: string;
}

/**
 * Declares a foreign key: each value of `column` must be a value of `target`.
 *
 * @param target - the columns of a primary or unique key of one table; a function that returns them where that table is
 *   declared later, so that tables can refer to one another
 *
 * @example
 * const teams = table('teams', { id: id(), lead_id: z.uuid().nullable() }, (c) => [
 *   references(c.lead_id, () => people.columns.id),
 * ]);
 * const people = table('people', { id: id(), team_id: z.uuid() }, (c) => [references(c.team_id, teams.columns.id)]);
 */
export function references(
  column: Column | readonly Column[],
  target: Column | readonly Column[] | LaterTarget,
  options: ReferencesOptions = {},
): ForeignKeyItem {
  const { deferrable = false } = options;
  return {
    kind: 'foreign-key',
    columns: [column].flat() as Columns,
    target: typeof target === 'function' ? target : ([target].flat() as Columns),
    onDelete: options.onDelete ?? (deferrable ? 'no action' : 'restrict'),
    onUpdate: options.onUpdate ?? 'no action',
    deferrable,
    name: options.name,
  };
}

/** Declares a CHECK constraint as SQL text: one text for both dialects, or a separate text for each dialect. */
export function check(name: string, sql: SqlText): CheckItem {
  return { kind: 'check', name, sql: inBoth(sql) };
}

/**
 * Declares that a column was previously named `from` in the database, so that `ashlar migrate new` renames the column and keeps its
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
