import { isIPv4, isIPv6 } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { ColumnKind, DecimalDigits, Generator } from '../contract/column.js';
import type { SqlTexts } from '../contract/sql.js';

/** Information about a Zod type that Ashlar needs and Zod does not store. */
export interface ColumnHint {
  kind?: ColumnKind;
  /** The name in the database. */
  name?: string;
  generated?: Generator;
  generate?: () => unknown;
  touched?: boolean;
  primaryKey?: boolean;
  ciphertext?: boolean;
  /** The type in the database of a column of another tool's table. */
  native?: string;
  /** The SQL that computes the value. */
  expression?: SqlTexts;
  /** For a decimal: its digits and its bounds. */
  digits?: DecimalDigits;
  least?: string;
  most?: string;
}

/** The registry of the hints for Zod types; because the hints are stored here, the types remain plain Zod types. */
export const columnHints = z.registry<ColumnHint>();

declare const generatedMark: unique symbol;
declare const databaseMark: unique symbol;
declare const identityMark: unique symbol;
declare const computedMark: unique symbol;
declare const keyMark: unique symbol;
/** The mark that a generated column's TypeScript type has. Marks have no effect at run time. */
export type GeneratedMark = { readonly [generatedMark]?: true };
/** The mark of a column whose values the database generates. */
export type DatabaseMark = { readonly [databaseMark]?: true };
/** The mark of a column that only the database fills in. */
export type IdentityMark = { readonly [identityMark]?: true };
/** The mark of a column that the database computes. */
export type ComputedMark = { readonly [computedMark]?: true };
/** The mark of a column that is a primary key by itself. */
export type KeyMark = { readonly [keyMark]?: true };

/** The type of a generated column, which an insert may omit. */
export type Generated<T extends z.ZodType> = T & GeneratedMark;
/** The type of a column that the database fills in where an insert omits it. */
export type DatabaseGenerated<T extends z.ZodType> = T & GeneratedMark & DatabaseMark;
/** The type of `id()`: a primary key that this process generates. */
export type GeneratedKey<T extends z.ZodType> = T & GeneratedMark & KeyMark;
/** The type of `autoincrement()`: a primary key that only the database generates. */
export type IdentityKey<T extends z.ZodType> = T & GeneratedMark & DatabaseMark & IdentityMark & KeyMark;

/** The type of a computed column, which nothing but the database writes. */
export type Computed<T extends z.ZodType> = T & GeneratedMark & DatabaseMark & IdentityMark & ComputedMark;

const hinted = <T extends z.ZodType>(schema: T, hint: ColumnHint): T => {
  columnHints.add(schema, hint);
  return schema;
};

// a type that is shared with another column must not change that column too; a clone inherits the hints
const own = <T extends z.ZodType>(schema: T): T => schema.clone() as T;

/** Options of a column. */
export interface ColumnOptions {
  /** The name of the column in the database; by default the one that it has in TypeScript. */
  readonly name: string;
}

/**
 * Gives a column another name in the database than in TypeScript. Rows, keys, queries of the builder and facts of errors
 * have the name of TypeScript; SQL text, steps, audit trails and ledger entries have that of the database. For a rule that
 * gives all columns their names, see {@link naming}.
 *
 * @param type - the type of the column
 *
 * @example
 * table('artists', { id: id(), artistName: column(z.string(), { name: 'Artist Name' }) })
 */
export function column<T extends z.ZodType>(type: T, { name }: ColumnOptions): T {
  return hinted(own(type), { name });
}

/**
 * Declares a column of another tool's table whose type no type of Ashlar describes: an enum, a `varchar(40)`, a domain, a text
 * of another collation. Ashlar never writes it; an audit trail has its JSON. Use it in {@link external} only.
 *
 * @param type - the type in the database: `order_status`
 * @param values - the values that the type allows, for a `lifecycle` over the column
 *
 * @example
 * external('orders', { id: id(), status: native('order_status', ['open', 'paid']) })
 */
export function native(type: string, values?: readonly [string, ...string[]]): z.ZodType<string> {
  if (values) return hinted(z.enum(values) as z.ZodType<string>, { native: type });
  // `prove` makes values of it
  const [, length] = /^(?:character(?: varying)?|varchar|char|bpchar) ?\((\d+)\)$/i.exec(type) ?? [];
  return hinted(length === undefined ? z.string() : z.string().max(Number(length)), { native: type });
}

/**
 * Declares a primary key of version 7 UUIDs (RFC 9562), which sort by time of creation. This process generates the key
 * if an insert omits it.
 *
 * @example
 * table('notes', { id: id(), body: z.string() })
 */
export function id(): GeneratedKey<z.ZodUUID> {
  return hinted(z.uuid(), { generated: 'uuid', generate: uuidv7, primaryKey: true });
}

/**
 * Declares a primary key of integers (1, 2, 3, …) that only the database generates; a number is never reused. The schema
 * and the type of an insert lack the column; a key that a session gives all the same is refused.
 */
export function autoincrement(): IdentityKey<z.ZodInt> {
  return hinted(z.int().min(1), { generated: 'identity', primaryKey: true });
}

/**
 * Declares a column whose value a function of this process makes for each insert that omits it. The function is never
 * called for a schema, so that a JSON schema of the table contains no value of it. What it returns is checked as if it
 * had been given.
 *
 * Use `.default(value)` for a constant: the database then has the default, too.
 *
 * @example
 * table('invites', { id: id(), token: generated(z.string().length(32), () => randomBytes(16).toString('hex')) })
 */
export function generated<T extends z.ZodType>(type: T, value: () => NoInfer<z.output<T>>): Generated<T> {
  return hinted(own(type), { generated: 'function', generate: value });
}

/** An SQL text that both engines understand, or a text for each of them. */
export type SqlText = string | SqlTexts;

/** Returns the SQL text for each dialect. */
export function inBoth(text: SqlText): SqlTexts {
  return typeof text === 'string' ? { sqlite: text, postgres: text } : text;
}

/**
 * Declares a column that the database computes from other columns of the row, and stores (`GENERATED ALWAYS AS … STORED`).
 * Rows have it; inserts and updates do not. It may be selected, compared, ordered by and indexed like any other column.
 *
 * @param type - the type of the values. The database checks them by it, and refuses a row whose value it does not allow
 * @param expression - SQL over columns of the same row, by their names in the database, that always gives the same result: one
 *   text for both engines, or a text for each. Of decimals, SQLite sees the scaled integers: give a text for each
 *
 * @example
 * table('lines', {
 *   id: id(),
 *   cents: z.int(),
 *   pieces: z.int(),
 *   total: computed(z.int(), 'cents * pieces'),
 *   code: computed(z.string().nullable(), { sqlite: "meta ->> '$.code'", postgres: "meta ->> 'code'" }),
 *   meta: json(z.json()),
 * })
 */
export function computed<T extends z.ZodType>(type: T, expression: SqlText): Computed<T> {
  return hinted(own(type), { generated: 'computed', expression: inBoth(expression) });
}

/** Declares a column of times in UTC with milliseconds, as `Date.prototype.toISOString` writes them (RFC 3339). */
export function timestamp() {
  return z.iso.datetime({ precision: 3 });
}

/**
 * Declares a timestamp column that the database sets from its clock when a row is inserted; with `precision: 6`, the
 * times have microseconds.
 */
export function createdAt({
  precision = 3,
}: {
  readonly precision?: 3 | 6;
} = {}): DatabaseGenerated<z.ZodISODateTime> {
  return hinted(z.iso.datetime({ precision }), { generated: 'now' });
}

/**
 * Declares a timestamp or a date (in UTC) that is the current one, by the database's clock, if an insert omits it. An
 * insert may give another value, and an update may change it; where only the clock may say when a row was written, use
 * {@link createdAt}.
 *
 * @param type - the type of the column; by default {@link timestamp}
 *
 * @example
 * table('letters', { id: id(), sent_at: now(), day: now(z.iso.date()) })
 */
export function now(): DatabaseGenerated<z.ZodISODateTime>;
/** Declares a column with the current time or date as its default. */
export function now<T extends z.ZodType>(type: T): DatabaseGenerated<T>;
/** Declares a column with the current time or date as its default. */
export function now(type: z.ZodType = timestamp()): z.ZodType {
  return hinted(own(type), { generated: 'current' });
}

/** Declares a timestamp column that is set to the current time by the insert and by every update of a row. */
export function updatedAt(): DatabaseGenerated<z.ZodISODateTime> {
  return hinted(timestamp(), { generated: 'now', touched: true });
}

/** Declares the columns `created_at` and `updated_at`. */
export function timestamps() {
  return { created_at: createdAt(), updated_at: updatedAt() };
}

const compressIPv6 = (address: string): string => {
  const host = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(host);
  if (!mapped) return host;
  const [high, low] = [mapped[1] ?? '0', mapped[2] ?? '0'].map((part) => Number.parseInt(part, 16));
  return `::ffff:${[high, low].flatMap((n) => [(n ?? 0) >> 8, (n ?? 0) & 255]).join('.')}`;
};

/**
 * Returns whether an IP address is written in canonical form: dotted decimal for IPv4, RFC 5952 for IPv6 (lower case,
 * shortest form, IPv4-mapped addresses dotted). Every engine returns this form.
 */
export function isCanonicalAddress(address: string): boolean {
  return isIPv4(address) || (isIPv6(address) && !address.includes('%') && compressIPv6(address) === address);
}

/** Returns the canonical form of an IP address; see {@link isCanonicalAddress}. */
export function canonicalAddress(address: string): string {
  return isIPv6(address) && !address.includes('%') ? compressIPv6(address) : address;
}

/** Declares a column of IP addresses (v4 or v6) in canonical form; the column type is `INET` on PostgreSQL. */
export function inet() {
  return hinted(
    z.string().refine(isCanonicalAddress, {
      error: 'Expected an IPv4 address or an IPv6 address in RFC 5952 form (2001:db8::1)',
    }),
    { kind: 'inet' },
  );
}

/**
 * Declares a column of integers beyond 2^53: a `bigint` within −2^63 and 2^63 − 1. The column type is `BIGINT` on
 * PostgreSQL and `INTEGER` on SQLite, and the database checks the bounds of `.min()` and `.max()`.
 *
 * In JSON (audit trails, ledger entries) its values are text, because a number of JSON is read as a double.
 *
 * @example
 * table('transfers', { id: id(), wei: bigint().min(0n) })
 */
export function bigint(): z.ZodBigIntFormat {
  return z.int64();
}

/**
 * Declares a column of bytes, read and written as `Uint8Array`; the column type is `BYTEA` on PostgreSQL and `BLOB` on
 * SQLite.
 */
export function bytes() {
  return hinted(z.instanceof(Uint8Array), { kind: 'bytes' });
}

declare const ciphertextMark: unique symbol;
/** Marks the TypeScript type of a column that the database stores as ciphertext; the mark has no effect at run time. */
export type Ciphertext<T extends z.ZodType> = T & CiphertextMark;
/** The mark that an encrypted column's TypeScript type has. */
export type CiphertextMark = { readonly [ciphertextMark]?: true };

/**
 * Declares a column whose plaintext never reaches the database: values have the type `type`, are encrypted before they
 * are written, and are decrypted after they are read. Its table declares the guarantee `encrypted`, which names the
 * key.
 *
 * @example
 * email: ciphertext(z.email().max(254)).nullable()
 */
export function ciphertext<T extends z.ZodType>(type: T): Ciphertext<T> {
  return hinted(own(type), { ciphertext: true });
}

declare const arrayMark: unique symbol;
/** Marks the TypeScript type of a column whose arrays are compared as a whole; the mark has no effect at run time. */
export type ArrayMark = { readonly [arrayMark]?: true };

/** The type of a column of arrays. */
export type ArrayOf<T extends z.ZodType> = z.ZodArray<T> & ArrayMark;

/**
 * Declares a column of arrays of text, UUIDs, integers, booleans, dates or timestamps, none of them null: an array of
 * PostgreSQL, and a JSON array of SQLite. For arrays of anything else there is `json(z.array(…))`.
 *
 * The databases check that a value is an array; the elements, and the bounds of `.min()` and `.max()`, are checked by Zod.
 * Queries compare whole arrays by `=`, `<>` and `in`. An array has no order, and is in no key; its index has
 * `using: 'gin'`. Its text has no control characters but tabs and the ends of lines and pages.
 *
 * @param element - the type of the elements
 *
 * @example
 * table('articles', { id: id(), tags: array(z.string().max(40)).max(20).default([]) }, (c) => [
 *   index(c.tags, { using: 'gin' }),
 * ])
 */
export function array<T extends z.ZodType>(element: T): ArrayOf<T> {
  return hinted(z.array(element), { kind: 'array' });
}

/**
 * Declares a column that stores the values of a type as JSON, even if Ashlar would normally store them in another form.
 */
export function json<T extends z.ZodType>(schema: T): T {
  return hinted(own(schema), { kind: 'json' });
}
