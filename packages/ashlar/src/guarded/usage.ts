import { AshlarError } from '../errors.js';

/** The error of a call for a client that is in a transaction: its context would be that of both. */
export function nested(): AshlarError {
  return new AshlarError('usage', {
    message: 'guarded(…) was called for a client that is in a transaction.',
    detail: 'Actor and scope are those of a whole transaction, so that they cannot change within one.',
    suggestion: 'Pass the pool or the client itself, and do the work of both in one call.',
  });
}

/** The error of a transaction in which a statement had failed, so that its COMMIT is a rollback. */
export function aborted(cause?: unknown): AshlarError {
  return new AshlarError('session-aborted', {
    message: 'A statement had failed, so the transaction was rolled back although its callback returned.',
    suggestion: 'Let the error of a statement leave the callback, or run the statement behind a SAVEPOINT.',
    cause,
  });
}
