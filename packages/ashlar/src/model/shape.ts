import type { z } from 'zod';
import type { ComputedMark, DatabaseMark, GeneratedMark, IdentityMark, KeyMark } from './column-types.js';

/** The Zod types of a table's columns, by name. */
export type Shape = Readonly<Record<string, z.ZodType>>;

/** A TypeScript type without `undefined`. */
export type Present<T> = Exclude<T, undefined>;

// not z.ZodPipe: its functions take the values of one pipe only, so that few types extend it
interface PipeTo<Out> {
  readonly type: 'pipe';
  readonly out: Out;
}

/**
 * The Zod type of a column's values as the application sees them, without defaults: the application's side of a codec,
 * and `.nullish()` as `.nullable()`.
 */
export type Application<T extends z.ZodType> =
  T extends z.ZodDefault<infer U extends z.ZodType>
    ? Application<U>
    : T extends z.ZodOptional<infer U extends z.ZodType>
      ? Application<U>
      : T extends z.ZodNullable<infer U extends z.ZodType>
        ? z.ZodNullable<Application<U>>
        : T extends { readonly _zod: { readonly def: PipeTo<infer U extends z.ZodType> } }
          ? Application<U>
          : T;

/** Whether the type of a column, or a type that it wraps, has a mark. */
export type HasMark<T extends z.ZodType, Mark> = keyof Mark extends keyof T
  ? true
  : T extends
        | z.ZodNullable<infer U extends z.ZodType>
        | z.ZodOptional<infer U extends z.ZodType>
        | z.ZodDefault<infer U extends z.ZodType>
    ? HasMark<U, Mark>
    : false;

type HasDefault<T extends z.ZodType> = T extends z.ZodDefault
  ? true
  : T extends z.ZodNullable<infer U extends z.ZodType> | z.ZodOptional<infer U extends z.ZodType>
    ? HasDefault<U>
    : false;

/** Whether an insert may omit a column: the column is nullable, has a default or is generated. */
export type MayOmit<T extends z.ZodType> = T extends z.ZodNullable | z.ZodDefault | z.ZodOptional
  ? true
  : keyof GeneratedMark extends keyof T
    ? true
    : false;

/** The names of the columns that only the database fills in: those of `autoincrement()` and `computed()`. */
type IdentityNames<S extends Shape> = {
  [K in keyof S]: HasMark<S[K], IdentityMark> extends true ? K : never;
}[keyof S];

/** The names of the columns that the database computes. */
type ComputedNames<S extends Shape> = {
  [K in keyof S]: HasMark<S[K], ComputedMark> extends true ? K : never;
}[keyof S];

type OmittableNames<S extends Shape> = { [K in keyof S]: MayOmit<S[K]> extends true ? K : never }[keyof S];

/** The names of the columns that are a primary key by themselves: those of `id()` and `autoincrement()`. */
export type MarkedKey<S extends Shape> = {
  [K in keyof S]: keyof KeyMark extends keyof S[K] ? K : never;
}[keyof S] &
  string;

type Flatten<T> = { [K in keyof T]: T[K] } & {};

type Inserted<T extends z.ZodType> =
  HasMark<T, GeneratedMark> extends true
    ? z.ZodOptional<Application<T>>
    : HasDefault<T> extends true
      ? z.ZodDefault<Application<T>>
      : Application<T> extends z.ZodNullable
        ? z.ZodDefault<Application<T>>
        : Application<T>;

/** The Zod types of a stored row's columns: the shape of `table.row`. */
export type RowShape<S extends Shape> = Flatten<{ readonly [K in keyof S]: Application<S[K]> }>;

/** The Zod types of the columns of a row to insert: the shape of `table.insert`. */
export type InsertShape<S extends Shape> = Flatten<{
  readonly [K in Exclude<keyof S, IdentityNames<S>>]: Inserted<S[K]>;
}>;

/** The columns that an update may set: all but those of the primary key. */
type UpdatableNames<S extends Shape, Key extends string> = string extends Key
  ? Exclude<keyof S, ComputedNames<S>>
  : Exclude<keyof S, Key | ComputedNames<S>>;

/** The Zod types of the columns that an update may set: the shape of `table.update`. */
export type UpdateShape<S extends Shape, Key extends string = string> = string extends Key
  ? Shape
  : Flatten<{ readonly [K in UpdatableNames<S, Key>]: z.ZodOptional<Application<S[K]>> }>;

/** The TypeScript type of a stored row, as `z.infer` gives it. */
export type RowOf<S extends Shape> = Flatten<{ [K in keyof S]: z.output<Application<S[K]>> }>;

/**
 * The TypeScript type of a row to insert: generated and nullable columns, and those with a default, may be omitted. A
 * column of `autoincrement()` is not part of it.
 */
export type InsertOf<S extends Shape> = Flatten<
  { [K in Exclude<keyof S, OmittableNames<S>>]: z.input<Application<S[K]>> } & {
    [K in Exclude<OmittableNames<S>, IdentityNames<S>>]?: z.input<Application<S[K]>> | undefined;
  }
>;

/** The TypeScript type of the values of an update, which may set any column but those of the primary key. */
export type UpdateOf<S extends Shape, Key extends string = string> = Flatten<{
  [K in UpdatableNames<S, Key>]?: z.input<Application<S[K]>> | undefined;
}>;

/** The TypeScript type of a row as `checkRow` gets it: what the database generates is missing before an insert. */
export type CheckedRow<S extends Shape> = Flatten<{
  readonly [K in keyof S]:
    | z.output<Application<S[K]>>
    | (HasMark<S[K], DatabaseMark> extends true ? undefined : never);
}>;

type IsOne<Names, All = Names> = Names extends unknown ? ([All] extends [Names] ? true : false) : never;

/**
 * The TypeScript type of a primary key: a key of one column is that column's type, of several an object of all of them.
 */
export type KeyValue<S extends Shape, Key extends string> = string extends Key
  ? unknown
  : IsOne<Key> extends true
    ? z.output<Application<S[Key]>>
    : { readonly [K in Key]: z.output<Application<S[K]>> };
