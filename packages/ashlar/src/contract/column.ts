import type { z } from 'zod';

/** What a column holds, whatever the engine. Each engine maps a kind to one native type. */
export type ColumnKind =
  | 'text'
  | 'integer'
  | 'real'
  | 'boolean'
  | 'uuid'
  | 'timestamp'
  | 'date'
  | 'inet'
  | 'json'
  | 'bytes';

/** Where a value comes from when an insert leaves it out. */
export type Generator =
  /** A UUIDv7 (RFC 9562 section 5.7), made in this process. */
  | 'uuid'
  /** The next integer of the table, made by the database. */
  | 'identity'
  /** The time of the transaction, made by the database's clock. */
  | 'now';

/** The part of a Zod schema that a database can check by itself. Lengths count characters (code points). */
export interface ColumnRules {
  readonly oneOf?: readonly (string | number)[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly maximum?: number;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly startsWith?: string;
  readonly endsWith?: string;
  /** Of bytes: how many there are at least, and what the first one is. */
  readonly minBytes?: number;
  readonly firstByte?: number;
}

/** A value that stands in for one that is left out; always representable as JSON. */
export type DefaultValue =
  | string
  | number
  | boolean
  | null
  | readonly unknown[]
  | { readonly [key: string]: unknown };

/** One column of a table, derived from its Zod type. Knows no engine. */
export interface Column {
  readonly table: string;
  readonly name: string;
  readonly kind: ColumnKind;
  readonly nullable: boolean;
  readonly rules: ColumnRules;
  /** Digits after the second in a timestamp: always exactly this many. */
  readonly precision: 3 | 6;
  readonly generated: Generator | undefined;
  /** Set anew by every patch (an `updated_at`). */
  readonly touched: boolean;
  /** A constant that the database fills in too. */
  readonly default: DefaultValue | undefined;
  readonly primaryKey: boolean;
  /** Of a ciphered column, which holds bytes: what it would be if it were not ciphered. */
  readonly plaintext: Column | undefined;
  /** The Zod type of a stored value: as declared, without its default. */
  readonly stored: z.ZodType;
  /** The Zod type as declared. */
  readonly declared: z.ZodType;
}
