import type { Column } from './column.js';
import type { Retention } from './retention.js';
import type { SqlName } from './sql.js';

/** A named key. */
export interface Key {
  readonly name: string;
  readonly columns: readonly string[];
}

export interface Unique extends Key {
  /** The columns whose NULLs count as equal; empty where each NULL is distinct. */
  readonly nullsEqual: readonly string[];
}

/** What happens to a row when the row it refers to is deleted. */
export type OnDelete = 'restrict' | 'cascade' | 'set null';

export interface ForeignKey extends Key {
  readonly target: { readonly table: string; readonly columns: readonly string[] };
  readonly onDelete: OnDelete;
}

export interface Index extends Key {
  readonly unique: boolean;
  readonly where: string | undefined;
}

export interface Check {
  readonly name: string;
  readonly sql: Readonly<Record<SqlName, string>>;
}

/** A column that holds a keyed hash of an encrypted one, so that equal values can be found. */
export interface BlindIndex {
  readonly of: Column;
  readonly into: Column;
  /** Maps values that count as equal to the same text. */
  readonly fold: (value: string) => string;
}

/** How a table encrypts columns. */
export interface ColumnEncryption {
  /** The column that names the scope of a row, whose data key encrypts it. */
  readonly scope: string;
  /** The keyring: the table that holds the data keys of scopes, wrapped. */
  readonly keys: TableFacts;
  /** The encrypted columns. */
  readonly columns: readonly Column[];
  readonly blindIndexes: readonly BlindIndex[];
  /** The names of the table and its columns that ciphertexts are bound to: today's, unless something was renamed. */
  readonly boundTable: string;
  readonly boundColumn: (name: string) => string;
}

/**
 * What the guarantees of a table say about it, merged. Guarantees know each other by these facts and never by name. Each
 * fact has one source: two guarantees of a table that give the same fact are refused.
 */
export interface GuaranteeFacts {
  /** A row never changes. `strict`: without exceptions, and it is never deleted. */
  readonly appendOnly?: { readonly strict: boolean };
  /** The table is an audit trail. */
  readonly trail?: true;
  /** Changes are recorded in a trail; the values of `except` are not. */
  readonly audited?: { readonly trail: string; readonly except: readonly string[] };
  readonly encryption?: ColumnEncryption;
  /** The table holds data keys. */
  readonly keyring?: true;
  /** The rows are leaves of a Merkle tree, under the name of its log. */
  readonly ledger?: { readonly log: string };
  /** On PostgreSQL the table is partitioned by the month of this column. */
  readonly partition?: { readonly column: string };
  readonly retention?: Retention;
  /** The column that names the scope of a row; a session reaches the rows of its scope only. */
  readonly scope?: Column;
  /** Rows are versions; `current` marks the newest of its key. */
  readonly versions?: { readonly key: readonly string[]; readonly current: string };
}

/** What is known of a table: its columns, keys and constraints, and the facts of its guarantees. */
export interface TableFacts {
  readonly name: string;
  readonly columns: Readonly<Record<string, Column>>;
  readonly primaryKey: Key;
  readonly uniques: readonly Unique[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly checks: readonly Check[];
  readonly indexes: readonly Index[];
  /** Declared renames: the name now → the name before. */
  readonly renames: Readonly<Record<string, string>>;
  readonly facts: GuaranteeFacts;
}
