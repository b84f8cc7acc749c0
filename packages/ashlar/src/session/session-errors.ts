import { lostContext } from '../engines/lock.js';
import { AshlarError } from '../errors.js';

/** Returns the error for a call on a session that has ended: `session-ended`. */
export function endedError(): AshlarError {
  return new AshlarError('session-ended', {
    message: 'This session has ended.',
    detail: 'A session ends when its callback returns or throws.',
    suggestion: 'Await every call inside the callback, and do not keep the session for later.',
  });
}

/** Returns the error for a session that work left over from a rolled-back session opens: `session-ended`. */
export function leftOverError(): AshlarError {
  return new AshlarError('session-ended', {
    message: 'A session was opened by code that was started in a session which has been rolled back.',
    detail: 'It would be committed alone, although the session to which it belongs was not.',
    suggestion:
      'Await the code inside the callback. If it lives longer than the session, as a timer or a queue does, create it in db.outside(…).',
  });
}

/** Returns the error for a call on a session in which a statement failed: `session-aborted`. */
export function abortedError(cause: unknown): AshlarError {
  return new AshlarError('session-aborted', {
    message: 'A statement failed earlier in this session, so it can only be rolled back.',
    detail: cause instanceof AshlarError ? `${cause.code}: ${cause.message}` : undefined,
    suggestion:
      'Run statements that may fail in a nested session, a savepoint: await s.session(async (s) => …).',
    cause,
  });
}

/** Returns the error for an outer session that is used in a session nested in it: `session-conflict`. */
export function shadowedError(): AshlarError {
  return new AshlarError('session-conflict', {
    message: 'A session was used inside a session that is nested in it.',
    detail: 'The nested session may be rolled back alone, so the outer one waits until it has ended.',
    suggestion: 'Use the session that is passed to the inner callback.',
  });
}

/** Returns the error for a session that writes and is opened inside one that only reads: `session-read-only`. */
export function nestedWriteError(): AshlarError {
  return new AshlarError('session-read-only', {
    message: 'A session that writes was opened inside a session that only reads.',
    suggestion: 'Use db.session(…) for the outer session as well.',
  });
}

/** Returns the error for a statement that waited for a nested session too long: `lock-timeout`. */
export function waitedTooLong(lockTimeout: number): AshlarError {
  return new AshlarError('lock-timeout', {
    message: 'A statement waited too long for a session that is nested in its own.',
    detail: `The nested session ran no statement for ${lockTimeout} ms. Statements of the outer session wait until it has ended.`,
    suggestion: `Use the session that is passed to the inner callback. ${lostContext}`,
  });
}

/** Returns the error for a callback that returned before its calls had finished: `session-not-awaited`. */
export function stillRunningError(): AshlarError {
  return new AshlarError('session-not-awaited', {
    message: 'The session’s callback returned before its statements had finished.',
    detail:
      'A statement, a nested session or a stream of rows was still running, so the session was rolled back. The promises of these calls never settle.',
    suggestion: 'Make the callback async, await every call in it, and read streams to their end.',
  });
}

/** Returns the error for a callback that did not wait for one of its calls, which has ended: `session-not-awaited`. */
export function notAwaitedError(cause: unknown): AshlarError {
  return new AshlarError('session-not-awaited', {
    message: 'The session’s callback did not await one of its calls.',
    detail:
      cause instanceof Error
        ? `The call failed: ${cause.message}`
        : 'The call had ended by chance when the callback returned. The session was rolled back.',
    suggestion: 'Await every call in the callback.',
    cause,
  });
}

/** Returns the error for a write in a session that only reads: `session-read-only`. */
export function readOnlyError(): AshlarError {
  return new AshlarError('session-read-only', {
    message: 'This session cannot write.',
    suggestion: 'Use db.session(…) instead of db.read(…).',
  });
}
