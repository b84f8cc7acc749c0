import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../bench/src/postgres-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of a superuser of the test server, to its database `postgres`. */
    postgresUrl: string;
    /** The names of the engines to test on. */
    engines: readonly ('sqlite' | 'sqlcipher' | 'pglite' | 'postgres')[];
  }
}

/** One PostgreSQL server for the whole run, which stops with it and leaves no data. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, stop } = await startPostgres({ durable: false });
  project.provide('postgresUrl', url);
  project.provide('engines', ['sqlite', 'sqlcipher', 'pglite', 'postgres']);
  return stop;
}
