import type { Column } from '../contract/column.js';
import { timestampText } from './timestamp-text.js';

/** Returns whether the database fills a column with the current time if an insert omits it. */
export function isFilledByClock({ generated }: Column): boolean {
  return generated === 'now' || generated === 'current';
}

/** Returns a time in the form of a column of times or dates (in UTC), as the application sees it. */
export function clockValue({ kind, precision, codec }: Column, time: Date): unknown {
  const text = time.toISOString();
  const stored = kind === 'date' ? text.slice(0, text.indexOf('T')) : timestampText(text, precision);
  return codec ? codec.decode(stored) : stored;
}
