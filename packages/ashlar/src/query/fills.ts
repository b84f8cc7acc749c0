import type { Column } from '../contract/column.js';
import { clockValue, isFilledByClock } from '../model/index.js';

/**
 * Returns the function that gives a new row's value of a column, in the application's form, if a statement lacks it: a
 * UUID, the value of `generated(…)`, or a time of the clock that `connect` was given. `undefined` if the database fills
 * the column, or if it is encrypted.
 */
export function fillOf(column: Column, clock: (() => Date) | undefined): (() => unknown) | undefined {
  if (isFilledByClock(column)) return clock && (() => clockValue(column, clock()));
  return column.plaintext ? undefined : column.generate;
}
