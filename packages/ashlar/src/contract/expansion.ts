import type { SchemaChange, SchemaColumn, SchemaTable } from './schema.js';
import type { TableFacts } from './table.js';

/** A value of one side of a change, computed from the columns of the other side of the same row. */
export interface Computed {
  readonly column: SchemaColumn;
  /** An SQL expression over the columns of the table, by their names. */
  readonly sql: string;
}

/**
 * A change of a live table that is made in three steps: `required`, a column that becomes NOT NULL; or `replaced`, columns
 * in whose place others come.
 */
export type Expansion = ExpansionOf & {
  readonly before: SchemaTable;
  readonly after: SchemaTable;
  readonly model: TableFacts;
};

type ExpansionOf =
  | {
      readonly kind: 'required';
      readonly from: SchemaColumn;
      readonly to: SchemaColumn;
      /** An SQL expression for the value that stands in place of NULL. */
      readonly fill: string;
    }
  | {
      readonly kind: 'replaced';
      /** The columns that go, computed from those that come. */
      readonly olds: readonly Computed[];
      /** The columns that come, computed from those that go. */
      readonly news: readonly Computed[];
    };

/** The columns in whose place others come. */
export type Replacement = Extract<Expansion, { readonly kind: 'replaced' }>;

/** The three steps of a change of a live table. */
export interface ExpansionSteps {
  /** The objects that exist from expand to contract, apart from columns. */
  readonly objects: readonly {
    readonly type: 'function' | 'trigger' | 'constraint';
    readonly name: string;
  }[];
  /** Lets both versions of the application write the table, and keeps their columns in step. */
  readonly expand: SchemaChange;
  /** Fills the rows that exist, in batches. */
  readonly fill: SchemaChange;
  /** Makes the schema of the newer version. */
  readonly contract: SchemaChange;
}
