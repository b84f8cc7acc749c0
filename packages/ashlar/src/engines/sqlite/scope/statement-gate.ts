import { AshlarError } from '../../../errors.js';
import { readCode } from '../../../sql/code.js';
import { changesRows, firstWord } from '../../../sql/kind.js';
import { notOfRows } from '../../row-statements.js';
import { foundation } from '../schema/foundation.js';
import { nameIn } from './name-in.js';

// SQLite has no roles: what an application's role may not do on a server is refused here by the statement's first word
const allowed = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'WITH', 'VALUES', 'EXPLAIN']);

/**
 * Throws if a statement does anything other than read or write rows, because sessions may do nothing else. Refused are
 * changes of the schema, pragmas and other files, which could switch guarantees off, and transactions, which belong to
 * the session.
 *
 * @throws AshlarError `privilege-missing`
 */
export function assertStatementAllowed(sql: string): void {
  const word = firstWord(sql, 'sqlite');
  if (allowed.has(word)) {
    assertOwnTablesUntouched(sql);
    return;
  }
  throw notOfRows(word);
}

// a session that could reach these tables could act as another actor
const hidden: ReadonlySet<string> = new Set(foundation.map(({ name }) => name));

// the history of migrations, and the counters of AUTOINCREMENT: a counter at its end stops every later insert
const readOnly: ReadonlySet<string> = new Set(['ashlar_migrations', 'sqlite_sequence']);

// where SQLite would take a string for the name of a table
const beforeTable: ReadonlySet<string> = new Set([
  ...['INTO', 'UPDATE', 'FROM', 'JOIN', 'IN', '.', ',', '('],
  ...['ABORT', 'FAIL', 'IGNORE', 'REPLACE', 'ROLLBACK'],
]);

const assertOwnTablesUntouched = (sql: string): void => {
  const folded = sql.toLowerCase();
  if (!folded.includes('ashlar_') && !folded.includes('sqlite_sequence')) return;
  const writes = changesRows(sql, 'sqlite');
  let before = '';
  for (const token of readCode(sql, 'sqlite')) {
    const name = nameIn(token);
    const isText = token.kind === 'string' && !beforeTable.has(before);
    before = token.word || token.text;
    if (isText || !(hidden.has(name) || (writes && readOnly.has(name)))) continue;
    throw new AshlarError('privilege-missing', {
      message: hidden.has(name) ? `A session may not use ${name}.` : `A session may not write to ${name}.`,
      detail: hidden.has(name)
        ? 'Guarantees rely on this table of Ashlar, for example to read the session’s actor and scope.'
        : 'Only migrations and the database itself write to this table.',
      suggestion: 'Use the tables of the system.',
    });
  }
};
