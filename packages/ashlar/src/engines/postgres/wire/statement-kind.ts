import { firstWord } from '../../../sql/kind.js';

const ofRows: ReadonlySet<string> = new Set([
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'WITH',
  'MERGE',
  'VALUES',
]);
const reading: ReadonlySet<string> = new Set(['SELECT', 'VALUES', 'TABLE', 'SHOW']);

/** Whether a statement is prepared once and then reused: true for queries and changes of rows, false for DDL. */
export function isKept(sql: string): boolean {
  return ofRows.has(firstWord(sql, 'postgres'));
}

/**
 * Whether the first word of a statement shows that the statement only reads. All others are read in a read-only
 * transaction: WITH may hold an INSERT, and EXPLAIN ANALYZE runs what it explains.
 */
export function isPlainRead(sql: string): boolean {
  return reading.has(firstWord(sql, 'postgres'));
}
