import type { Column } from './column.js';
import type { Table } from './table.js';

/** What every ciphertext in a column looks like from outside: its first byte, and its length at least. */
export const envelopeForm = Object.freeze({ firstByte: 1, minBytes: 45 });

/** A column that holds a keyed hash of a ciphered one, so that equal values can be found. */
export interface BlindIndex {
  readonly of: Column;
  readonly into: Column;
  /** How many bits of the hash are kept. */
  readonly bits: number;
  /** What makes values equal that should be found as one; gives text. */
  readonly fold: (value: string) => string;
}

/** How a table keeps columns as ciphertext. */
export interface ColumnEncryption {
  /** The column that says whose a row is. */
  readonly scope: string;
  /** Where the data keys of scopes are kept, wrapped. */
  readonly keys: Table;
  /** The columns that are kept as ciphertext. */
  readonly columns: readonly Column[];
  readonly blindIndexes: readonly BlindIndex[];
  /** The names of the table and its columns that ciphertexts are bound to: those of today, where none were changed. */
  readonly boundTable: string;
  readonly boundColumn: (name: string) => string;
}
