import type { Column } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import type { Table } from '../model/index.js';
import type { SessionParts } from './parts.js';
import { insertValues } from './values.js';

/** How many rows one statement inserts at most. */
const batchSize = 1_000;

const atRow = ({ code, message, detail, suggestion, facts, cause }: AshlarError, row: number): AshlarError =>
  new AshlarError(code, {
    message,
    detail: [`Row ${row} of the list, counted from 0.`, ...(detail === undefined ? [] : [detail])].join('\n'),
    suggestion,
    facts: { ...facts, row },
    cause,
  });

/** Encoded rows that have values for the same columns, so that one statement inserts them. */
export interface Batch {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Divides the rows of an `insertMany` into batches, in their order. */
export class Batches {
  readonly #parts: SessionParts;
  readonly #table: Table;
  #read = 0;
  #columns: readonly Column[] = [];
  #rows: (readonly unknown[])[] = [];

  constructor(parts: SessionParts, table: Table) {
    this.#parts = parts;
    this.#table = table;
  }

  /**
   * Returns the validated values of the next row that the caller gives.
   *
   * @throws AshlarError as `insertValues`, with the place of the row in its facts
   */
  valuesOf(row: unknown): Readonly<Record<string, unknown>> {
    const at = this.#read++;
    try {
      return insertValues(this.#parts, this.#table, row);
    } catch (error) {
      throw error instanceof AshlarError ? atRow(error, at) : error;
    }
  }

  /** Adds a row of validated values. @returns the batch before it, if the row begins another one */
  add(values: Readonly<Record<string, unknown>>): Batch | undefined {
    const { columns, encoded } = this.#parts.statements.encodeRow(this.#table, values);
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
