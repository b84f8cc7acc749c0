/** Returns a time, as `Date.prototype.toISOString` writes it, in the form of a timestamp column. */
export function timestampText(time: string, precision: 3 | 6): string {
  return precision === 3 ? time : time.replace('Z', '000Z');
}
