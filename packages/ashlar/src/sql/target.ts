import type { SqlName } from '../contract/sql.js';
import { type CodeToken, codeOf, nameOf } from './code.js';
import { verbAt } from './kind.js';

/** What a statement does, and with which table. */
export interface Target {
  /** The verb in upper case; `''` if there is none. */
  readonly operation: string;
  /** The name of the table, without quotes and schema; `undefined` if the text names none. */
  readonly table: string | undefined;
}

/** The words after which a statement names its table, by its verb. */
const beforeTable: Readonly<Record<string, readonly string[]>> = {
  SELECT: ['FROM'],
  DELETE: ['FROM'],
  INSERT: ['INTO'],
  REPLACE: ['INTO'],
  MERGE: ['INTO'],
  UPDATE: ['UPDATE'],
};

const isName = ({ kind }: CodeToken): boolean => kind === 'word' || kind === 'name';
const modifiers: ReadonlySet<string> = new Set([
  ...['OR', 'ROLLBACK', 'ABORT', 'REPLACE', 'FAIL', 'IGNORE', 'ONLY', 'LATERAL'],
]);

/**
 * Returns the verb of a statement and the first table after it, as the text shows them. Where a query reads from a
 * subquery, that is the subquery's table.
 */
export function targetOf(sql: string, dialect: SqlName): Target {
  const tokens = codeOf(sql, dialect);
  const at = verbAt(tokens);
  const operation = tokens[at]?.word ?? '';
  const introducing = beforeTable[operation] ?? [];
  let name = tokens.findIndex(({ word }, i) => i >= at && introducing.includes(word)) + 1;
  if (at < 0 || name === 0) return { operation, table: undefined };
  while (tokens[name]?.text === '(' || modifiers.has(tokens[name]?.word ?? '')) name++;
  // the name after a schema
  while (tokens[name + 1]?.text === '.') name += 2;
  const found = tokens[name];
  if (!found || !isName(found)) return { operation, table: undefined };
  if (['SELECT', 'VALUES', 'WITH'].includes(found.word)) {
    const inner = targetOf(sql.slice(found.start), dialect);
    return { operation, table: inner.table };
  }
  return { operation, table: nameOf(found) };
}
