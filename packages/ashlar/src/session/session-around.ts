import type { Engine } from '../contract/engine.js';
import type { Tables } from '../model/index.js';
import { assertOptions, sessionCall } from './assert-call.js';
import { currentSession } from './current.js';
import { ActiveSession } from './session.js';
import { leftOverError } from './session-errors.js';
import { assertShared } from './shared-options.js';
import type { SessionOptions } from './types.js';

/**
 * Returns the running session of an engine's database in which the caller runs; `undefined` if there is none.
 *
 * @param lockTimeout - how long code that is left over from a session that was rolled back is refused, in milliseconds
 * @throws AshlarError `session-ended` for such code
 */
export function sessionAround<T extends Tables>(
  engine: Engine,
  lockTimeout: number,
): ActiveSession<T> | undefined {
  const called = currentSession();
  if (!(called instanceof ActiveSession) || called.unit.engine !== engine) return undefined;
  let current: ActiveSession<T> | undefined = called as ActiveSession<T>;
  while (current?.ended) current = current.parent;
  if (current) return current;
  // work that is left over from a session that was rolled back must not be committed alone. After a while, the caller
  // is rather something that was created in that session and lives on, such as a timer or a queue
  const { outcome, rolledBackFor } = called.unit;
  if (outcome === 'rolled back' && rolledBackFor < lockTimeout) throw leftOverError();
  return undefined;
}

/**
 * Runs a call in the session around it, or alone. Inside a session it returns the promise of that session's call, which
 * knows whether code waits for it.
 *
 * @throws AshlarError `session-conflict` if the options are not those of the session around the call
 */
export function joined<T extends Tables, R>(
  around: () => ActiveSession<T> | undefined,
  options: SessionOptions,
  join: (outer: ActiveSession<T>) => Promise<R>,
  alone: () => Promise<R>,
): Promise<R> {
  let outer: ActiveSession<T> | undefined;
  try {
    assertOptions(options);
    outer = around();
    if (!outer) return alone();
    assertShared(options, outer);
    return join(outer);
  } catch (error) {
    const refuse = (): Promise<never> => Promise.reject(error);
    return outer ? outer.call(refuse) : refuse();
  }
}

/** Calls `run` with the options and the callback of a session. A call without them rejects with `usage`. */
export function calledWith<Work, R>(
  given: readonly [Work] | readonly [SessionOptions, Work],
  run: (options: SessionOptions, work: Work) => Promise<R>,
): Promise<R> {
  try {
    return run(...sessionCall<SessionOptions, Work>(given));
  } catch (error) {
    return Promise.reject(error);
  }
}
