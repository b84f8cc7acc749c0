import { randomBytes } from 'node:crypto';

/** Returns the name of a new cursor: one that no other client of a pooler has left WITH HOLD on a connection. */
export function cursorName(): string {
  return `ashlar_cursor_${randomBytes(6).toString('hex')}`;
}

/** How many rows to fetch next. */
export function rowsOf(chunk: number | (() => number)): number {
  return typeof chunk === 'number' ? chunk : chunk();
}
