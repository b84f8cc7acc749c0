import type { ColumnType } from 'kysely';
import type { z } from 'zod';
import type { CiphertextMark, GeneratedMark } from './column-types.js';
import type { Table } from './table.js';

/** The Zod types of a table's columns, by name. */
export type Shape = Readonly<Record<string, z.ZodType>>;

type Present<T> = Exclude<T, undefined>;

/** Whether an insert may leave the column out: it is nullable, has a default or is generated. */
type MayOmit<T extends z.ZodType> = T extends z.ZodNullable | z.ZodDefault
  ? true
  : keyof GeneratedMark extends keyof T
    ? true
    : false;

type OmittableKeys<S extends Shape> = { [K in keyof S]: MayOmit<S[K]> extends true ? K : never }[keyof S];

type Flatten<T> = { [K in keyof T]: T[K] } & {};

/** A stored row, as `z.infer` gives it. */
export type RowOf<S extends Shape> = Flatten<{ [K in keyof S]: Present<z.output<S[K]>> }>;

/** What an insert takes: generated, nullable and defaulted columns may be left out. */
export type InsertOf<S extends Shape> = Flatten<
  { [K in Exclude<keyof S, OmittableKeys<S>>]: z.input<S[K]> } & {
    [K in OmittableKeys<S>]?: z.input<S[K]> | undefined;
  }
>;

/** What a patch takes: any of the columns. */
export type UpdateOf<S extends Shape> = Flatten<{ [K in keyof S]?: Present<z.output<S[K]>> | undefined }>;

/** A row of a table: `type Clause = Row<typeof clauses>`. */
export type Row<T> = T extends Table<string, infer S> ? RowOf<S> : never;
/** What can be inserted into a table. */
export type Insert<T> = T extends Table<string, infer S> ? InsertOf<S> : never;
/** What a row of a table can be patched with. */
export type Update<T> = T extends Table<string, infer S> ? UpdateOf<S> : never;

/** Tables by any name the code likes; queries use the tables' own names. */
export type Tables = Readonly<Record<string, Table>>;

type IsCiphertext<T extends z.ZodType> = keyof CiphertextMark extends keyof T
  ? true
  : T extends z.ZodNullable<infer U extends z.ZodType>
    ? IsCiphertext<U>
    : T extends z.ZodDefault<infer U extends z.ZodType>
      ? IsCiphertext<U>
      : false;

// a query sees what the database holds: of a ciphered column the ciphertext
type Held<T extends z.ZodType> =
  IsCiphertext<T> extends true
    ? Uint8Array | (null extends z.output<T> ? null : never)
    : Present<z.output<T>>;

type KyselyTable<S extends Shape> = {
  [K in keyof S]: ColumnType<
    Held<S[K]>,
    MayOmit<S[K]> extends true ? Held<S[K]> | undefined : Held<S[K]>,
    Held<S[K]>
  >;
};

/** The Kysely database type of a set of tables. */
export type QueryTables<T extends Tables> = {
  [K in keyof T as T[K] extends Table<infer Name, Shape> ? Name : never]: T[K] extends Table<string, infer S>
    ? KyselyTable<S>
    : never;
};
