import type { StoredForm } from './column.js';
import type { Schema, SchemaColumn, SchemaObject, SchemaTable } from './schema.js';

/** How a column of another program is declared. */
export type DeclaredType =
  | { readonly as: 'text'; readonly maxLength?: number }
  | { readonly as: 'enum'; readonly values: readonly string[] }
  | { readonly as: 'integer'; readonly minimum?: number; readonly maximum?: number }
  | { readonly as: 'decimal'; readonly total: number; readonly scale: number }
  | { readonly as: 'timestamp'; readonly precision: 3 | 6 }
  | { readonly as: 'array'; readonly element: DeclaredType }
  /** A type that no kind describes, in a table that stays the other program's; `values` of an enum. */
  | { readonly as: 'native'; readonly type: string; readonly values?: readonly string[] }
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
  | 'folds-to-another'
  | 'key-null'
  | 'values-mixed'
  | 'values-outside'
  | 'values-nul'
  | 'default';

/** What only a person can say about a column before it takes Ashlar's form. */
export type AdoptMark = 'time-without-zone' | 'no-conversion';

/** A column of another program, as a column of a kind: how a step brings its values into the form of the kind. */
export interface ForeignForm {
  /** The form that `into` gives. */
  readonly form: StoredForm;
  /**
   * Returns an expression for a value of the column in the form.
   *
   * @param fail - an expression of no value, for a value without an equal in the form
   */
  into(value: string, fail: string): string;
  /** Returns an expression for a value in the form as one of the column. */
  back(value: string): string;
  /** What a person has to say first; until then the expressions are proposals. */
  readonly mark: AdoptMark | undefined;
}

/** The declaration of a column, or why there is none. */
export type FoundType =
  | { readonly type: DeclaredType; readonly mark?: AdoptMark }
  | { readonly reason: AdoptReason };

/** What the read rows store in a column, as numbers by the names of the measures of a dialect. */
export type ValueFacts = Readonly<Record<string, number>>;

/** How the values of a column decide about its declaration. */
export interface FitRequest {
  readonly table: SchemaTable;
  readonly column: SchemaColumn;
  /** The declaration by the type of the column alone. */
  readonly found: FoundType;
  readonly facts: ValueFacts;
  /** Whether the column is a part of a key, or refers to one. */
  readonly isKey: boolean;
  /** Whether what is stored, and what the other program may write, stays as it is. */
  readonly keepsValues: boolean;
}

/** What taking over a database of another program needs to know of one SQL dialect. */
export interface AdoptionSql {
  /** @param isOnlyKey - whether the column alone is the primary key of its table */
  typeOf(schema: Schema, table: SchemaTable, column: SchemaColumn, isOnlyKey: boolean): FoundType;
  /**
   * Returns how the values of a column become those of a declared column. `undefined` where the column has a kind itself, and
   * a conversion of Ashlar is between the two, or none is needed.
   *
   * @param declared - the form of the declared column
   */
  foreignForm(table: SchemaTable, column: SchemaColumn, declared: StoredForm): ForeignForm | undefined;
  /** Returns the CHECKs that stand in the columns of a table, as constraints of the table: a declared column replaces its text. */
  columnChecks(table: SchemaTable): readonly SchemaObject[];
  /**
   * Returns what the scan of values counts in a column: aggregate expressions by name. Empty where the type says everything.
   *
   * @param value - the column, as an SQL name
   */
  measures(column: SchemaColumn, value: string): Readonly<Record<string, string>>;
  /** Returns the declaration of a column that fits its values. */
  fit(request: FitRequest): FoundType;
  /** Returns the type that an undeclared column has in a table of Ashlar’s form, in which it holds the same values. */
  keptType(table: SchemaTable, column: SchemaColumn): string;
  /** A query for the owner: what the description of a schema lacks, each with its `type` and `name`. */
  readonly unseen: string;
  /** Whether the names of keys in a description are those of the database: SQLite's may be texts. */
  readonly namesKeys: boolean;
}
