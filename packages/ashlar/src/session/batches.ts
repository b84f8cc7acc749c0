import type { Column } from '../contract/column.js';
import type { Table } from '../model/index.js';
import type { Statements } from './statements.js';

/** How many rows one statement inserts at most. */
const batchSize = 1_000;

/** Encoded rows that have values for the same columns, so that one statement inserts them. */
export interface Batch {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Divides the rows of an `insertMany` into batches, in their order. */
export class Batches {
  readonly #statements: Statements;
  readonly #table: Table;
  #columns: readonly Column[] = [];
  #rows: (readonly unknown[])[] = [];

  constructor(statements: Statements, table: Table) {
    this.#statements = statements;
    this.#table = table;
  }

  /** Adds a row of validated values. @returns the batch before it, if the row begins another one */
  add(values: Readonly<Record<string, unknown>>): Batch | undefined {
    const { columns, encoded } = this.#statements.encodeRow(this.#table, values);
    const fits =
      this.#rows.length < batchSize &&
      columns.length === this.#columns.length &&
      columns.every((column, i) => column === this.#columns[i]);
    const full = fits ? undefined : this.rest();
    this.#columns = columns;
    this.#rows.push(encoded);
    return full;
  }

  /** Returns the rows that no batch has had yet; `undefined` if there are none. */
  rest(): Batch | undefined {
    if (this.#rows.length === 0) return undefined;
    const batch = { columns: this.#columns, rows: this.#rows };
    this.#rows = [];
    return batch;
  }
}
