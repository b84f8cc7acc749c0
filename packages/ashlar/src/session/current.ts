import { AsyncLocalStorage } from 'node:async_hooks';

const storage = new AsyncLocalStorage<object>();

/** The session whose callback is running here, if any. */
export function currentSession(): object | undefined {
  return storage.getStore();
}

/** Runs a callback as the inside of a session. */
export function runAs<R>(session: object, work: () => R): R {
  return storage.run(session, work);
}
