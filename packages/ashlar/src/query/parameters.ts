import { AshlarError } from '../errors.js';

// SQLite's limit (SQLITE_MAX_VARIABLE_NUMBER); PostgreSQL's is 65,535
const mostParameters = 32_766;

/**
 * Throws if a statement has more parameters than every engine takes, before it is sent.
 *
 * @throws AshlarError `statement-too-large`
 */
export function assertParameters(parameters: readonly unknown[]): void {
  if (parameters.length <= mostParameters) return;
  throw new AshlarError('statement-too-large', {
    message: `The statement has ${parameters.length} parameters; at most ${mostParameters} are possible.`,
    detail: 'Nothing was sent.',
    suggestion: 'Use insertMany for rows, and split a long list of values into several statements.',
  });
}
