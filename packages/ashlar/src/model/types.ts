import type { ColumnType } from 'kysely';
import type { z } from 'zod';
import type { CiphertextMark } from './column-types.js';
import type { InsertOf, MayOmit, Present, RowOf, Shape, UpdateOf } from './shape.js';
import type { Table } from './table.js';

/** The TypeScript type of a table's row: `type Clause = Row<typeof clauses>`. */
export type Row<T> = T extends Table<string, infer S> ? RowOf<S> : never;
/** The TypeScript type of a row to insert into a table. */
export type Insert<T> = T extends Table<string, infer S> ? InsertOf<S> : never;
/** The TypeScript type of the values with which a row of a table can be updated. */
export type Update<T> = T extends Table<string, infer S> ? UpdateOf<S> : never;

/** A set of tables, each under the name that the code uses for it; SQL and Kysely queries use the tables' own names. */
export type Tables = Readonly<Record<string, Table>>;

type IsCiphertext<T extends z.ZodType> = keyof CiphertextMark extends keyof T
  ? true
  : T extends z.ZodNullable<infer U extends z.ZodType>
    ? IsCiphertext<U>
    : T extends z.ZodDefault<infer U extends z.ZodType>
      ? IsCiphertext<U>
      : false;

// a query returns what the database holds: for an encrypted column the ciphertext
type Held<T extends z.ZodType> =
  IsCiphertext<T> extends true
    ? Uint8Array | (null extends z.output<T> ? null : never)
    : Present<z.output<T>>;

/** The Kysely type of one table. */
export type QueryTable<S extends Shape> = {
  [K in keyof S]: ColumnType<
    Held<S[K]>,
    MayOmit<S[K]> extends true ? Held<S[K]> | undefined : Held<S[K]>,
    Held<S[K]>
  >;
};

/** The Kysely database type of a set of tables. */
export type QueryTables<T extends Tables> = {
  [K in keyof T as T[K] extends Table<infer Name, Shape> ? Name : never]: T[K] extends Table<string, infer S>
    ? QueryTable<S>
    : never;
};
