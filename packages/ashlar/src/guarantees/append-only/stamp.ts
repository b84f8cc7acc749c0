import type { Column } from '../../contract/column.js';
import { identifier } from '../../model/index.js';

/** A column that can be set once: from NULL to a value, or from false to true. */
export interface Stamp {
  readonly name: string;
  /** Its value before, as SQL. */
  readonly blank: 'NULL' | 'false';
  /** The only value it may be set to, as SQL; `undefined` where any value is allowed. */
  readonly only: string | undefined;
  /** The SQL condition that it is not set in a row: `isBlank('OLD')`. */
  isBlank(row: string): string;
  /** The SQL condition that it is set in a row. */
  isSet(row: string): string;
}

/** Describes a column as a stamp; `undefined` where it always has a value and so cannot be one. */
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
