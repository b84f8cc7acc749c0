import { codeOf } from '../../../sql/code.js';
import { firstWord } from '../../../sql/kind.js';
import { notOfRows } from '../../row-statements.js';
import { makesTable } from './makes-table.js';

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

const allowed: ReadonlySet<string> = new Set([...ofRows, ...reading]);
const explaining: ReadonlySet<string> = new Set(['ANALYZE', 'ANALYSE', 'VERBOSE']);

/**
 * Throws if a statement does anything other than read or write rows: SET, PREPARE, LISTEN or a temporary table would
 * outlast the session on its connection, and COMMIT would end its transaction.
 *
 * @throws AshlarError `privilege-missing`
 */
export function assertAllowed(sql: string): void {
  const word = firstWord(sql, 'postgres');
  const run = word === 'EXPLAIN' ? explained(sql) : word;
  if (!allowed.has(run)) throw notOfRows(run);
  // the only INTO of an INSERT is its own
  const own = run === 'INSERT' || run === 'MERGE' ? 1 : 0;
  if ((sql.match(/\binto\b/gi)?.length ?? 0) > own && makesTable(codeOf(sql, 'postgres')))
    throw notOfRows('SELECT INTO');
}

/** The first word of the statement that EXPLAIN explains. */
const explained = (sql: string): string => {
  const tokens = codeOf(sql, 'postgres');
  let at = tokens.findIndex(({ word }) => word === 'EXPLAIN') + 1;
  if (tokens[at]?.text === '(') at = tokens.findIndex(({ text }, i) => i > at && text === ')') + 1;
  while (explaining.has(tokens[at]?.word ?? '')) at++;
  return tokens.slice(at).find(({ text }) => text !== '(')?.word ?? '';
};
