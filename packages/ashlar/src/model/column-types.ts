import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import type { ColumnKind, Generator } from '../contract/column.js';

/** What Ashlar knows of a Zod type beyond what Zod itself says. */
export interface ColumnHint {
  kind?: ColumnKind;
  generated?: Generator;
  touched?: boolean;
  primaryKey?: boolean;
  ciphertext?: boolean;
}

/** Hints live beside the schemas, so that the schemas stay plain Zod. */
export const columnHints = z.registry<ColumnHint>();

declare const generatedMark: unique symbol;
/** Marks, in types only, a column that an insert may leave out because something generates it. */
export type Generated<T extends z.ZodType> = T & { readonly [generatedMark]?: true };
/** What a generated column's type has and no other's. */
export type GeneratedMark = { readonly [generatedMark]?: true };

const hinted = <T extends z.ZodType>(schema: T, hint: ColumnHint): Generated<T> => {
  columnHints.add(schema, hint);
  return schema;
};

/**
 * A primary key of UUIDv7 (RFC 9562): made in this process when an insert leaves it out, sorts by time of creation.
 *
 * @example
 * table('notes', { id: id(), body: z.string() })
 */
export function id() {
  return hinted(z.uuid(), { generated: 'uuid', primaryKey: true });
}

/** A primary key of integers 1, 2, 3, … made by the database; numbers are never used twice. */
export function autoincrement() {
  return hinted(z.int().min(1), { generated: 'identity', primaryKey: true });
}

/** A moment in UTC with exactly three digits of a second, as `Date.prototype.toISOString` writes it (RFC 3339). */
export function timestamp() {
  return z.iso.datetime({ precision: 3 });
}

/** A timestamp that the database's clock sets when a row is inserted; with `precision: 6` in microseconds. */
export function createdAt({ precision = 3 }: { readonly precision?: 3 | 6 } = {}) {
  return hinted(z.iso.datetime({ precision }), { generated: 'now' });
}

/** A timestamp that is set when a row is inserted and again by every patch. */
export function updatedAt() {
  return hinted(timestamp(), { generated: 'now', touched: true });
}

/** `created_at` and `updated_at`. */
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
 * Whether an address is written in the one form that every engine gives back: dotted decimal for IPv4, RFC 5952 for
 * IPv6 (lower case, shortest, IPv4-mapped addresses dotted).
 */
export function isCanonicalAddress(address: string): boolean {
  return isIPv4(address) || (isIPv6(address) && !address.includes('%') && compressIPv6(address) === address);
}

/** The canonical form of an address, as {@link isCanonicalAddress} wants it. */
export function canonicalAddress(address: string): string {
  return isIPv6(address) && !address.includes('%') ? compressIPv6(address) : address;
}

/** An IP address, v4 or v6, in canonical form; `INET` on Postgres. */
export function inet() {
  return hinted(
    z.string().refine(isCanonicalAddress, {
      error: 'Expected an IPv4 address or an IPv6 address in RFC 5952 form (2001:db8::1)',
    }),
    { kind: 'inet' },
  );
}

/** Bytes, as a `Uint8Array`; `BYTEA` on Postgres, `BLOB` on SQLite. */
export function bytes() {
  return hinted(z.instanceof(Uint8Array), { kind: 'bytes' });
}

declare const ciphertextMark: unique symbol;
/** Marks, in types only, a column that the database holds as ciphertext. */
export type Ciphertext<T extends z.ZodType> = T & { readonly [ciphertextMark]?: true };
/** What a ciphered column's type has and no other's. */
export type CiphertextMark = { readonly [ciphertextMark]?: true };

/**
 * A column whose plaintext never reaches the database: validated and typed as `type`, encrypted before it is written and
 * decrypted after it is read. Its table declares the guarantee `encrypted`, which says with whose key.
 *
 * @example
 * email: ciphertext(z.email().max(254)).nullable()
 */
export function ciphertext<T extends z.ZodType>(type: T): Ciphertext<T> {
  // a type that is shared with a plain column must not cipher that one too
  const own = type.clone() as T;
  columnHints.add(own, { ...columnHints.get(type), ciphertext: true });
  return own;
}

/** Stores any JSON-representable schema as JSON, also one that would have a column form of its own. */
export function json<T extends z.ZodType>(schema: T): T {
  columnHints.add(schema, { kind: 'json' });
  return schema;
}
