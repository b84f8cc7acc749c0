import { AsyncLocalStorage } from 'node:async_hooks';

const storage = new AsyncLocalStorage<object>();

/** Returns the session whose callback is running; `undefined` outside a session. */
export function currentSession(): object | undefined {
  return storage.getStore();
}

/** Runs a callback inside a session, so that {@link currentSession} finds it, also after an `await`. */
export function runInSession<R>(session: object, work: () => R): R {
  return storage.run(session, work);
}

/** Runs a callback outside every session: {@link currentSession} finds none in it, also after an `await`. */
export function runOutside<R>(work: () => R): R {
  return storage.exit(work);
}
