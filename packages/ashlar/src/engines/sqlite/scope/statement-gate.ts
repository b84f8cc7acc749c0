import { AshlarError } from '../../../errors.js';
import { readCode } from '../../../sql/code.js';
import { firstWord } from '../../../sql/kind.js';
import { foundation } from '../schema/foundation.js';
import { nameIn } from './name-in.js';

// SQLite has no roles: what an application's role may not do on a server is refused here by the statement's first word
const allowed = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'WITH', 'VALUES', 'EXPLAIN']);
const transactional = new Set(['BEGIN', 'COMMIT', 'END', 'ROLLBACK', 'SAVEPOINT', 'RELEASE']);

/**
 * Throws unless a statement only reads or writes rows, as the role of an application may. Refused are changes of the
 * schema, pragmas and other files, which could switch guarantees off, and transactions, which belong to the session.
 *
 * @throws AshlarError `privilege-missing`
 */
export function assertStatementAllowed(sql: string): void {
  const word = firstWord(sql, 'sqlite');
  if (allowed.has(word)) {
    assertNoFoundation(sql);
    return;
  }
  throw new AshlarError('privilege-missing', {
    message: word ? `A session may not run ${word}.` : 'The statement is empty.',
    detail:
      'A session reads and writes rows; it does not change the schema, the connection or the transaction.',
    suggestion: transactional.has(word)
      ? 'The session is the transaction; nest s.session(…) for a savepoint.'
      : 'Put changes of the schema into a migration.',
  });
}

const foundationNames: ReadonlySet<string> = new Set(foundation.map(({ name }) => name));

// where SQLite would take a string for the name of a table
const beforeTable: ReadonlySet<string> = new Set([
  ...['INTO', 'UPDATE', 'FROM', 'JOIN', 'IN', '.', ',', '('],
  ...['ABORT', 'FAIL', 'IGNORE', 'REPLACE', 'ROLLBACK'],
]);

// a session that could write there could act as another actor
const assertNoFoundation = (sql: string): void => {
  if (!sql.toLowerCase().includes('ashlar_')) return;
  let before = '';
  for (const token of readCode(sql, 'sqlite')) {
    const name = nameIn(token);
    const isText = token.kind === 'string' && !beforeTable.has(before);
    before = token.word || token.text;
    if (isText || !foundationNames.has(name)) continue;
    throw new AshlarError('privilege-missing', {
      message: `A session may not use ${name}.`,
      detail: 'Guarantees rely on this table of Ashlar, for example to read the session’s actor and scope.',
      suggestion: 'Use the tables of the system.',
    });
  }
};
