import { AshlarError } from '../errors.js';

const transactional: ReadonlySet<string> = new Set([
  ...['BEGIN', 'START', 'COMMIT', 'END', 'ROLLBACK', 'ABORT', 'SAVEPOINT', 'RELEASE', 'PREPARE'],
]);

/**
 * Returns the error for a statement that does anything other than read or write rows, because sessions may do nothing
 * else: `privilege-missing`.
 *
 * @param word - the first word of the statement, in upper case; `''` if it has none
 */
export function notOfRows(word: string): AshlarError {
  return new AshlarError('privilege-missing', {
    message: word ? `A session may not run ${word}.` : 'The statement is empty.',
    detail:
      'A session reads and writes rows; it does not change the schema, the connection or the transaction.',
    suggestion: transactional.has(word)
      ? 'The session is the transaction; nest s.session(…) for a savepoint.'
      : 'Put changes of the schema into a migration.',
  });
}

/**
 * Throws for a text with the character U+0000. A database reads a statement up to it, so what Ashlar adds after it would be
 * lost.
 *
 * @throws AshlarError `statement-failed`
 */
export function assertNoNul(sql: string): void {
  if (!sql.includes('\0')) return;
  throw new AshlarError('statement-failed', {
    message: 'The text of a statement has the character U+0000.',
    detail: 'A database reads a statement only up to this character. Nothing was run.',
    suggestion: 'Remove the character, and bind values as parameters.',
  });
}
