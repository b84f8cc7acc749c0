import { AshlarError, isAshlarError } from '../../errors.js';

/** The error for rows that a key or a foreign key refuses when it is made again; any other error as it is. */
export function refusedObject(error: unknown, table: string, object: string): unknown {
  const isOrphan = isAshlarError(error, 'foreign-key-violation');
  if (!isOrphan && !isAshlarError(error, 'unique-violation')) return error;
  return rowsRefused(isOrphan, table, object, error);
}

/** The error for rows that refer to rows which do not exist, or that have the same key. */
export function rowsRefused(isOrphan: boolean, table: string, object: string, cause?: unknown): AshlarError {
  return new AshlarError('move-value', {
    message: isOrphan
      ? `Rows of ${table} refer to rows that do not exist.`
      : `Rows of ${table} have the same key.`,
    detail: `${object} refuses them. A program wrote them to the source while its keys were not enforced.`,
    suggestion:
      'Correct the rows in the source, then run the same command again: it loads the tables that differ.',
    facts: { table, constraint: object },
    ...(cause === undefined ? {} : { cause }),
  });
}
