import type { Column } from './column.js';
import type { DeclaredObject, FullText } from './objects.js';
import type { Retention } from './retention.js';
import type { SqlTexts } from './sql.js';

/** A key with a name, over one or more columns. */
export interface Key {
  readonly name: string;
  readonly columns: readonly string[];
}

/** A unique key. */
export interface Unique extends Key {
  /** The columns whose NULLs count as equal; empty if each NULL is distinct. */
  readonly nullsEqual: readonly string[];
}

/**
 * What happens to a row when the row it refers to is deleted, or gets another key. `restrict` refuses it; `no action`
 * does too, but only at the end of the statement, or of the session if the foreign key is deferrable.
 */
export type ForeignKeyAction = 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';

/** A foreign key and the columns that it refers to. */
export interface ForeignKey extends Key {
  readonly target: { readonly table: string; readonly columns: readonly string[] };
  readonly onDelete: ForeignKeyAction;
  readonly onUpdate: ForeignKeyAction;
  /** Whether the key is checked at the end of the session, not of each statement. */
  readonly deferrable: boolean;
}

/** An index over columns, a B-tree; `where` makes it partial. */
export interface Index extends Key {
  readonly unique: boolean;
  readonly where: SqlTexts | undefined;
}

/** The kinds of index that PostgreSQL has besides the B-tree. */
export type IndexMethod = 'hash' | 'gin' | 'gist' | 'spgist' | 'brin';

/** An index that has expressions, or is no B-tree on PostgreSQL. */
export interface ExpressionIndex {
  readonly name: string;
  /** Names of columns, and expressions. */
  readonly parts: readonly (string | SqlTexts)[];
  readonly unique: boolean;
  readonly where: SqlTexts | undefined;
  readonly using: IndexMethod | undefined;
}

/** A CHECK constraint with its condition in each dialect. */
export interface Check {
  readonly name: string;
  readonly sql: SqlTexts;
}

/** A column that holds a keyed hash of an encrypted column, so that equal values can be found. */
export interface BlindIndex {
  readonly of: Column;
  readonly into: Column;
  /** Returns the same text for all values that count as equal. */
  readonly fold: (value: string) => string;
}

/**
 * The encryption of a table's columns: the scope column, the keyring, the encrypted columns and their blind indexes.
 */
export interface ColumnEncryption {
  /** The column that contains the scope of a row; the data key of that scope encrypts the row's values. */
  readonly scope: string;
  /** The keyring: the table that stores the wrapped data keys of the scopes. */
  readonly keys: TableFacts;
  /** The encrypted columns. */
  readonly columns: readonly Column[];
  readonly blindIndexes: readonly BlindIndex[];
  /**
   * The table name that ciphertexts are bound to: the former name if the table was renamed after rows were written,
   * otherwise the current name.
   */
  readonly boundTable: string;
  /**
   * Returns the column name that a column's ciphertexts are bound to: its former name if it was renamed
   * after rows were written, otherwise its current name.
   */
  readonly boundColumn: (name: string) => string;
}

/**
 * The facts that the guarantees of a table give about the table, merged. Guarantees know each other by these facts and
 * never by name. Each fact has one source: two guarantees of a table that give the same fact are refused.
 */
export interface GuaranteeFacts {
  /** Rows are never updated; if `strict`, there are no exceptions, and rows are never deleted. */
  readonly appendOnly?: { readonly strict: boolean };
  /** The table is an audit trail. */
  readonly trail?: true;
  /** Changes of the table are recorded in an audit trail, without the values of the columns in `except`. */
  readonly audited?: { readonly trail: string; readonly except: readonly string[] };
  readonly encryption?: ColumnEncryption;
  /** The table holds data keys. */
  readonly keyring?: true;
  /** The rows are leaves of a Merkle tree; `log` is the name of its log. */
  readonly ledger?: { readonly log: string };
  /** On PostgreSQL the table is partitioned by the month of this column. */
  readonly partition?: { readonly column: string };
  readonly retention?: Retention;
  /** The column that contains the scope of a row; a session can reach only the rows of its scope. */
  readonly scope?: Column;
  /** Rows are versions; the column `current` marks the newest version of each key. */
  readonly versions?: { readonly key: readonly string[]; readonly current: string };
}

/** A table's columns, keys, constraints and indexes, and the facts that its guarantees give. */
export interface TableFacts {
  readonly name: string;
  /** The columns by their names in the database. A column is found under its property, too, which no list has. */
  readonly columns: Readonly<Record<string, Column>>;
  readonly primaryKey: Key;
  readonly uniques: readonly Unique[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly checks: readonly Check[];
  readonly indexes: readonly Index[];
  readonly expressionIndexes: readonly ExpressionIndex[];
  /** The column renames that the table declares: current name → previous name. */
  readonly renames: Readonly<Record<string, string>>;
  /** The previous name of the table, if the table declares that it was renamed. */
  readonly renamedFrom?: string | undefined;
  readonly facts: GuaranteeFacts;
  /** The objects that the table declares by their SQL. */
  readonly objects?: readonly DeclaredObject[];
  readonly fullTexts?: readonly FullText[];
  /** What `.describe()` says of the table; PostgreSQL keeps it as a comment. */
  readonly description?: string | undefined;
  /** Whether another tool owns the table: Ashlar neither creates nor changes it, and adds its guarantees only. */
  readonly external?: true | undefined;
  /** Where a guard has the table: the schema of the tool, and that of Ashlar's own objects. Only tables of a guard have it. */
  readonly place?: { readonly schema: string; readonly own: string } | undefined;
}
