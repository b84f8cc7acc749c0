import type { Column } from './column.js';

/**
 * How the values of a key are kept as text, so that rows are read in the order of their keys, and from a key on.
 */
export interface KeyTexts {
  /** Returns an SQL expression of type text for a value that is not NULL. No two values of a column give the same text. */
  text(value: string, column: Column): string;
  /**
   * Returns the SQL expression of the value that a text stands for, and the value of its parameter; `undefined` for a text that
   * stands for none.
   *
   * @param parameter - the placeholder
   */
  value(
    text: string,
    column: Column,
    parameter: string,
  ): { readonly sql: string; readonly parameter: string } | undefined;
  /** Returns the value that a text stands for as people read it. */
  shown(text: string, column: Column): string;
  /**
   * Returns the SQL condition that a value is NULL. It reads the value also where the column is declared NOT NULL, from which a
   * planner concludes that IS NULL is false.
   */
  isMissing(value: string): string;
  /** The order of a key in which NULL comes first. */
  readonly missingFirst: 'ASC' | 'DESC';
}
