import { AshlarError } from '../../../errors.js';
import { foundation } from '../schema/foundation.js';
import { nameOf, tokens } from '../schema/sql-text.js';

// SQLite has no roles: what the role of an application may not do on a server is refused by its first word here
const allowed = new Set(['select', 'insert', 'update', 'delete', 'replace', 'with', 'values', 'explain']);
const transactional = new Set(['begin', 'commit', 'end', 'rollback', 'savepoint', 'release']);

const leading = /^(?:[\s;]|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))*/;

const firstWord = (sql: string): string =>
  /^[a-z]+/i.exec(sql.slice(leading.exec(sql)?.[0].length ?? 0))?.[0].toLowerCase() ?? '';

/**
 * Lets pass what an application's role may do: read and write rows. Not the schema, pragmas or other files, which could
 * switch guarantees off; and not transactions, which are the session's.
 *
 * @throws AshlarError `privilege-missing`
 */
export const assertStatementAllowed = (sql: string): void => {
  const word = firstWord(sql);
  if (allowed.has(word)) {
    assertNoneOfOurs(sql);
    return;
  }
  throw new AshlarError('privilege-missing', {
    message: word ? `A session may not run ${word.toUpperCase()}.` : 'The statement is empty.',
    detail:
      'A session reads and writes rows; it does not change the schema, the connection or the transaction.',
    suggestion: transactional.has(word)
      ? 'The session is the transaction; nest s.session(…) for a savepoint.'
      : 'Put changes of the schema into a migration.',
  });
};

const ours: ReadonlySet<string> = new Set(foundation.map(({ name }) => name));

// whoever could write there could act in another's name
const assertNoneOfOurs = (sql: string): void => {
  if (!/ashlar_/i.test(sql)) return;
  const named = tokens(sql)
    .map((token) => nameOf(token).toLowerCase())
    .find((name) => ours.has(name));
  if (named === undefined) return;
  throw new AshlarError('privilege-missing', {
    message: `A session may not use ${named}.`,
    detail: 'By it the guarantees know who acts.',
    suggestion: 'Use the tables of the system.',
  });
};
