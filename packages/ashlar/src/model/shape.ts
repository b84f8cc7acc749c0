import type { z } from 'zod';
import type { GeneratedMark } from './column-types.js';

/** The Zod types of a table's columns, by name. */
export type Shape = Readonly<Record<string, z.ZodType>>;

/** A TypeScript type without `undefined`. */
export type Present<T> = Exclude<T, undefined>;

/** Whether an insert may omit a column: the column is nullable, has a default or is generated. */
export type MayOmit<T extends z.ZodType> = T extends z.ZodNullable | z.ZodDefault
  ? true
  : keyof GeneratedMark extends keyof T
    ? true
    : false;

type OmittableKeys<S extends Shape> = { [K in keyof S]: MayOmit<S[K]> extends true ? K : never }[keyof S];

type Flatten<T> = { [K in keyof T]: T[K] } & {};

/** The TypeScript type of a stored row, as `z.infer` gives it. */
export type RowOf<S extends Shape> = Flatten<{ [K in keyof S]: Present<z.output<S[K]>> }>;

/** The TypeScript type of a row to insert: generated and nullable columns, and those with a default, may be omitted. */
export type InsertOf<S extends Shape> = Flatten<
  { [K in Exclude<keyof S, OmittableKeys<S>>]: z.input<S[K]> } & {
    [K in OmittableKeys<S>]?: z.input<S[K]> | undefined;
  }
>;

/** The TypeScript type of the values of an update, which may set any of the columns. */
export type UpdateOf<S extends Shape> = Flatten<{ [K in keyof S]?: Present<z.output<S[K]>> | undefined }>;
