import { AsyncLocalStorage } from 'node:async_hooks';

const storage = new AsyncLocalStorage<object>();

/** The session whose callback is running here, if any. */
export const currentSession = (): object | undefined => storage.getStore();

/** Runs a callback as the inside of a session. */
export const runAs = <R>(session: object, work: () => R): R => storage.run(session, work);
