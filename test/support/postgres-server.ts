import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../bench/src/postgres-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of a superuser of the test server, to its database `postgres`. */
    postgresUrl: string;
  }
}

/** One PostgreSQL server for the whole run, gone with its data afterwards. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const { url, stop } = await startPostgres({ durable: false });
  project.provide('postgresUrl', url);
  return stop;
};
