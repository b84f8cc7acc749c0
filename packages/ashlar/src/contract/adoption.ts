import type { Schema, SchemaColumn, SchemaTable } from './schema.js';

/** How a column of another program is declared. */
export type DeclaredType =
  | { readonly as: 'text'; readonly maxLength?: number }
  | { readonly as: 'enum'; readonly values: readonly string[] }
  | { readonly as: 'integer'; readonly minimum?: number; readonly maximum?: number }
  | { readonly as: 'decimal'; readonly total: number; readonly scale: number }
  | { readonly as: 'timestamp'; readonly precision: 3 | 6 }
  | { readonly as: 'array'; readonly element: DeclaredType }
  | {
      readonly as:
        | 'autoincrement'
        | 'bigint'
        | 'boolean'
        | 'bytes'
        | 'date'
        | 'inet'
        | 'json'
        | 'real'
        | 'uuid';
    };

/** Why a column, a table or an object of another program is not declared. */
export type AdoptReason =
  | 'type-unknown'
  | 'type-without-digits'
  | 'type-domain'
  | 'type-folds-case'
  | 'computed'
  | 'numbered'
  | 'name'
  | 'no-primary-key'
  | 'key-not-declared'
  | 'partitioned'
  | 'folds-to-another';

/** What only a person can say about a column before it takes Ashlar's form. */
export type AdoptMark = 'time-without-zone';

/** The declaration of a column, or why there is none. */
export type FoundType =
  | { readonly type: DeclaredType; readonly mark?: AdoptMark }
  | { readonly reason: AdoptReason };

/** What taking over a database of another program needs to know of one SQL dialect. */
export interface AdoptionSql {
  /** @param isOnlyKey - whether the column alone is the primary key of its table */
  typeOf(schema: Schema, table: SchemaTable, column: SchemaColumn, isOnlyKey: boolean): FoundType;
  /** A query for the owner: what the description of a schema lacks, each with its `type` and `name`. */
  readonly unseen: string;
  /** Whether the names of keys in a description are those of the database: SQLite's may be texts. */
  readonly namesKeys: boolean;
}
