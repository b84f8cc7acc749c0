import type { ColumnType } from 'kysely';
import type { z } from 'zod';
import type { CiphertextMark, ComputedMark, IdentityMark } from './column-types.js';
import type { Application, HasMark, InsertOf, KeyValue, MayOmit, RowOf, Shape, UpdateOf } from './shape.js';
import type { Table } from './table.js';
import type { ViewShape } from './view.js';

/** The TypeScript type of a table's row: `type Clause = Row<typeof clauses>`. */
export type Row<T> = T extends Table<string, infer S> ? RowOf<S> : never;
/** The TypeScript type of a row to insert into a table. */
export type Insert<T> = T extends Table<string, infer S> ? InsertOf<S> : never;
/** The TypeScript type of the values with which a row of a table can be updated. */
export type Update<T> = T extends Table<string, infer S, infer Key> ? UpdateOf<S, Key> : never;

/**
 * The TypeScript type of a table's primary key: the value of its column, or an object with a value for each of its
 * columns if there are several.
 */
export type KeyOf<T> = T extends Table<string, infer S, infer Key> ? KeyValue<S, Key> : never;

/** A set of tables, each under the name that the code uses for it; SQL and Kysely queries use the tables' own names. */
export type Tables = Readonly<Record<string, Table>>;

// a query returns what the database holds: for an encrypted column the ciphertext
type Held<T extends z.ZodType> =
  HasMark<T, CiphertextMark> extends true
    ? Uint8Array | (null extends z.output<T> ? null : never)
    : z.output<Application<T>>;

/** The Kysely type of one table. */
export type QueryTable<S extends Shape, Key extends string = string> = {
  [K in keyof S]: ColumnType<
    Held<S[K]>,
    HasMark<S[K], IdentityMark> extends true
      ? never
      : MayOmit<S[K]> extends true
        ? Held<S[K]> | undefined
        : Held<S[K]>,
    HasMark<S[K], ComputedMark> extends true
      ? never
      : K extends Key
        ? string extends Key
          ? Held<S[K]>
          : never
        : Held<S[K]>
  >;
};

/** The Kysely type of one view, to which nothing is written. */
export type QueryView<S extends Shape> = {
  [K in keyof S]: ColumnType<z.output<Application<S[K]>>, never, never>;
};

declare const viewsOf: unique symbol;

/** What a set of tables has where its system has views: for the types of queries alone. */
export type WithViews<V> = {
  readonly [viewsOf]?: V;
};

type ViewsIn<T> = T extends { readonly [viewsOf]?: infer V } ? QueryViews<V> : unknown;

/** The views of a system as queries see them, next to its tables. */
export type QueryViews<V> = {
  [K in keyof V as V[K] extends { readonly name: infer Name extends string } ? Name : never]: QueryView<
    ViewShape<V[K]>
  >;
};

/** The Kysely database type of a set of tables, with the views of their system. */
export type QueryTables<T extends Tables> = {
  [K in keyof T as T[K] extends Table<infer Name> ? Name : never]: T[K] extends Table<
    string,
    infer S,
    infer Key
  >
    ? QueryTable<S, Key>
    : never;
} & ViewsIn<T>;
