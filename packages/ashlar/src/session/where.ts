import { type Expression, type ExpressionBuilder, type ExpressionWrapper, type SqlBool, sql } from 'kysely';
import type { z } from 'zod';
import type { Column } from '../contract/column.js';
import type { Engine } from '../contract/engine.js';
import { AshlarError } from '../errors.js';
import {
  type ArrayMark,
  type CiphertextMark,
  columnOf,
  type HasMark,
  heldValue,
  type QueryTable,
  type RowOf,
  type Shape,
  storedValue,
  type Table,
} from '../model/index.js';

type JsonTypes = 'object' | 'array' | 'record' | 'tuple' | 'union' | 'intersection' | 'lazy';

// JSON and ciphertext have no equality that every engine agrees on
type IsComparable<T extends z.ZodType> =
  HasMark<T, CiphertextMark> extends true
    ? false
    : keyof ArrayMark extends keyof T
      ? true
      : T extends
            | z.ZodNullable<infer U extends z.ZodType>
            | z.ZodOptional<infer U extends z.ZodType>
            | z.ZodDefault<infer U extends z.ZodType>
            | z.ZodReadonly<infer U extends z.ZodType>
        ? IsComparable<U>
        : T['_zod']['def']['type'] extends JsonTypes
          ? false
          : true;

/**
 * The values that the columns of a row must have; `null` means that a column is NULL. Of an encrypted column and of one
 * that holds JSON it can only be said that it is NULL.
 */
export type EqualTo<S extends Shape> = {
  readonly [K in keyof S]?: (IsComparable<S[K]> extends true ? RowOf<S>[K & keyof RowOf<S>] : never) | null;
};

/**
 * Which rows a write changes: those with the given values, those for which an expression of Kysely is true, or all of
 * them.
 */
export type Where<Name extends string, S extends Shape> =
  | 'all'
  | EqualTo<S>
  | ((eb: ExpressionBuilder<Record<Name, QueryTable<S>>, Name>) => Expression<SqlBool>);

/** A Kysely database type for code that handles the tables of every system. */
export type AnyTables = Record<string, Record<string, unknown>>;

type Builder = ExpressionBuilder<AnyTables, string>;

/** The condition of a write; `undefined` if it is true for every row, `none` if no row can meet it. */
export type Condition = ((eb: Builder) => Expression<SqlBool>) | 'none' | undefined;

/**
 * Returns the condition that a caller gave. Values are encoded as their columns are.
 *
 * @throws AshlarError `usage` for an object without columns, an unknown column, an undefined value, a column whose values
 *   have no order or equality (JSON), or an encrypted column; `value-invalid` for a value of another type than the
 *   column's
 */
export function conditionOf(engine: Engine, table: Table, where: unknown): Condition {
  if (where === 'all') return undefined;
  if (typeof where === 'function') return (eb) => expression(table, where(eb) as unknown);
  if (typeof where !== 'object' || where === null || Array.isArray(where) || Object.keys(where).length === 0)
    throw noCondition(table);
  const equal: { column: Column; value: unknown }[] = [];
  let possible = true;
  // every column is looked at: a wrong type is an error, also beside a value that no row has
  for (const [name, value] of Object.entries(where)) {
    const column = compared(table, name, value);
    const held = value === null ? { value } : heldValue(column, value);
    if (held) equal.push({ column, value: held.value });
    else possible = false;
  }
  if (!possible) return 'none';
  return (eb) =>
    eb.and(
      equal.map(
        ({ column, value }): ExpressionWrapper<AnyTables, string, SqlBool> =>
          value === null
            ? eb(column.property, 'is', null)
            : eb(column.property, '=', sql`${engine.encode(column, storedValue(column, value))}`),
      ),
    );
}

const expression = (table: Table, given: unknown): Expression<SqlBool> => {
  if (typeof (given as Expression<SqlBool> | undefined)?.toOperationNode === 'function')
    return given as Expression<SqlBool>;
  throw new AshlarError('usage', {
    message: `The condition on ${table.name} is not an expression.`,
    suggestion: "Return one from the callback: (eb) => eb('size', '>', 5).",
  });
};

const noCondition = (table: Table): AshlarError =>
  new AshlarError('usage', {
    message: `The condition on ${table.name} names no column.`,
    detail: 'Without a condition the statement would change every row.',
    suggestion: "Pass { column: value }, a callback, or 'all'.",
  });

const compared = (table: Table, name: string, value: unknown): Column => {
  const column = columnOf(table, name);
  const refuse = (what: string, suggestion: string): AshlarError =>
    new AshlarError('usage', { message: `The condition on ${table.name} ${what}.`, suggestion });
  if (!column) throw refuse(`names the column ${name}, which the table does not have`, 'Check the spelling.');
  if (value === undefined)
    throw refuse(
      `has the value undefined for ${name}`,
      'Leave the column out, or pass null for rows in which it is NULL.',
    );
  if (value === null) return column;
  if (column.plaintext)
    throw refuse(
      `compares ${name}, which is encrypted`,
      'Compare its blind index with the values of s.blindIndex(…).',
    );
  if (column.kind === 'json')
    throw refuse(`compares ${name}, which contains JSON`, 'Compare a column of another type.');
  return column;
};
