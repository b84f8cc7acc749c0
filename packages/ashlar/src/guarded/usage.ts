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
export function aborted(): AshlarError {
  return new AshlarError('session-aborted', {
    message: 'A statement had failed, so the transaction was rolled back although its callback returned.',
    suggestion: 'Let the error of a statement leave the callback, or run the statement behind a SAVEPOINT.',
  });
}

/** The error of a transaction that its own work has ended. */
export function ended(): AshlarError {
  return new AshlarError('session-aborted', {
    message: 'The work of guarded(…) ended its transaction itself, with COMMIT or ROLLBACK.',
    detail:
      'What came after that had no actor and no scope, and over a connection of the owner the rights of the owner.',
    suggestion:
      'Let guarded end the transaction: it commits when the callback returns, and rolls back when it throws.',
  });
}

/** The error of a statement that was sent by the object of a transaction after its end. */
export function late(): AshlarError {
  return new AshlarError('session-ended', {
    message: 'The transaction of guarded(…) was used after it had ended.',
    detail: 'Its connection may run the transaction of another actor by now.',
    suggestion: 'Await every statement inside of the callback.',
  });
}

/** The error of a work that gives the connection of its transaction away. */
export function released(): AshlarError {
  return new AshlarError('usage', {
    message: 'The work of guarded(…) released the connection of its transaction.',
    suggestion: 'Leave it: guarded gives the connection back to the pool after the commit.',
  });
}
