import { AshlarError } from '../../../errors.js';
import { asAshlarError } from '../wire/errors.js';

/** Returns the error of a transaction whose connection was lost: `connection-lost`. */
export function lost(): AshlarError {
  return asAshlarError({ code: '08006', message: 'The connection was lost earlier in this session.' });
}

/** Returns the error of a transaction that could not begin, or be signed, for the reason that its first statement gave: `session-aborted`. */
export function notBegun(cause: AshlarError): AshlarError {
  return new AshlarError('session-aborted', {
    message: 'The session could not begin, so nothing of it was written.',
    detail: cause.message,
    suggestion: cause.suggestion ?? 'Look at the cause, then run the session again.',
    cause,
  });
}

/** Returns the error of a statement after the end of its transaction: `session-ended`. */
export function ended(): AshlarError {
  return new AshlarError('session-ended', {
    message: 'The transaction has ended.',
    suggestion: 'Await every call inside the session’s callback.',
  });
}

/** Returns the error of a commit whose answer did not arrive: `outcome-unknown`. */
export function outcomeUnknown(cause: unknown): AshlarError {
  return new AshlarError('outcome-unknown', {
    message: 'The connection was lost during the commit.',
    detail: 'It is unknown whether the server committed the session.',
    suggestion: 'Check whether the rows of the session were committed before you run the session again.',
    cause: asAshlarError(cause),
  });
}

/** Returns the error of a statement after which no transaction was open any more: `session-aborted`. */
export function endedByStatement(): AshlarError {
  return new AshlarError('session-aborted', {
    message: 'A statement has ended the transaction of its session.',
    detail: 'Rows that were written before may be committed.',
    suggestion: 'Leave COMMIT and ROLLBACK to the session.',
  });
}
