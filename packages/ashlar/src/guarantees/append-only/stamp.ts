import type { Column } from '../../contract/column.js';
import { identifier } from '../../model/index.js';

/** A column that is set once: from NULL to a value, or from false to true. */
export interface Stamp {
  readonly name: string;
  /** Its value before, in SQL. */
  readonly blank: 'NULL' | 'false';
  /** The only value it may be set to, in SQL; `undefined`: any. */
  readonly only: string | undefined;
  /** The condition that it is not set in a row: `isBlank('OLD')`. */
  isBlank(row: string): string;
  /** The condition that it is set in a row. */
  isSet(row: string): string;
}

/** The stamp of a column; `undefined` if the column is never blank. */
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
