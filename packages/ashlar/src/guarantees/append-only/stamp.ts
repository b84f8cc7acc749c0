import type { Column } from '../../contract/column.js';
import { identifier } from '../../model/index.js';

/** A column that is set once: from NULL to a value, or from false to true. */
export interface Stamp {
  readonly name: string;
  /** The value of the column before it is set, as an SQL literal. */
  readonly blank: 'NULL' | 'false';
  /** The only value that the column may be set to, as an SQL literal; `undefined` if every value is allowed. */
  readonly only: string | undefined;
  /** Returns the SQL condition that the column is not set in a row: `isBlank('OLD')`. */
  isBlank(row: string): string;
  /** Returns the SQL condition that the column is set in a row: `isSet('OLD')`. */
  isSet(row: string): string;
}

/**
 * Returns how a column can be set once after the insert; `undefined` if new rows always have a value in the column, so
 * that it cannot be set later.
 */
export function stampOf({ name, kind, nullable, default: fallback }: Column): Stamp | undefined {
  const of = (row: string): string => `${row}.${identifier(name)}`;
  if (nullable && fallback === undefined) {
    return {
      name,
      blank: 'NULL',
      only: undefined,
      isBlank: (row) => `${of(row)} IS NULL`,
      isSet: (row) => `${of(row)} IS NOT NULL`,
    };
  }
  if (kind === 'boolean' && !nullable && fallback === false) {
    return { name, blank: 'false', only: 'true', isBlank: (row) => `NOT ${of(row)}`, isSet: of };
  }
  return undefined;
}
