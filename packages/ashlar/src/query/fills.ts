import { v7 as uuidv7 } from 'uuid';
import type { Column } from '../contract/column.js';

/** Returns a time in the form of a timestamp column. */
const timeOf = (clock: () => Date, { precision }: Column): string => {
  const now = clock().toISOString();
  return precision === 3 ? now : now.replace('Z', '000Z');
};

const hasDefault = ({ declared }: Column): boolean => declared.def.type === 'default';

/**
 * Returns the function that gives a new row's value of a column if a statement lacks it: a UUID, a default that is
 * computed for each row, or a time of the clock that `connect` was given. `undefined` if the database fills the column.
 */
export function fillOf(column: Column, clock: (() => Date) | undefined): (() => unknown) | undefined {
  if (column.generated === 'uuid') return uuidv7;
  if (column.generated === 'now') return clock && (() => timeOf(clock, column));
  if (column.plaintext || column.default !== undefined || !hasDefault(column)) return undefined;
  return () => column.declared.parse(undefined);
}
