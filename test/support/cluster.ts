import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

/** A PostgreSQL server started from installed programs. */
export interface Cluster {
  readonly port: number;
  /** The URL of one of its users; default: its superuser. */
  url(database?: string, user?: string): string;
  /** Runs one statement as the superuser. */
  run(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  /** Stops the server and deletes its data. */
  stop(): Promise<void>;
}

/** The password of all users: with characters that URLs, libpq and shells treat specially. */
export const password = 'p@ss/w#rd of 5% \\ "them"';

/** A free port of the loopback interface. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  return port;
}

/** The user to run servers as: PostgreSQL and PgBouncer refuse to run as root. Empty where this process is not root. */
export function serverUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/** Repeats `attempt` until it succeeds, for at most 30 s. @throws what its last run threw */
export async function untilReady<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await pause(100);
  }
}

/** Runs one statement at a URL. */
export async function runAt(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

const initdb = (bin: string, root: string, data: string, user: ReturnType<typeof serverUser>): void => {
  const secret = join(root, 'password');
  writeFileSync(secret, password);
  for (const path of [root, secret]) if (user.uid !== undefined) chownSync(path, user.uid, user.gid ?? 0);
  const login = ['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', secret];
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, ...login, '--no-sync', '-E', 'UTF8', '--locale', 'C.UTF-8'],
    { ...user, stdio: 'ignore', cwd: root },
  );
};

/** Starts a server from the programs in a folder, on a free port of the loopback interface, with data of its own. */
export async function startCluster(bin: string): Promise<Cluster> {
  const root = mkdtempSync(join(tmpdir(), 'ashlar-cluster-'));
  const user = serverUser();
  const data = join(root, 'data');
  initdb(bin, root, data, user);
  const port = await freePort();
  // nothing here has to survive a crash of the machine
  const settings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200'];
  const server = spawn(
    join(bin, 'postgres'),
    [
      ...['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', ''],
      ...settings.flatMap((one) => ['-c', one]),
    ],
    { ...user, cwd: root, stdio: 'ignore' },
  );
  const url = (database = 'postgres', name = 'postgres'): string =>
    `postgres://${name}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  const run = (sql: string, database?: string) => runAt(url(database), sql);
  await untilReady(() => run('SELECT 1'));
  return {
    port,
    url,
    run,
    stop: async () => {
      server.kill('SIGINT');
      await once(server, 'exit');
      rmSync(root, { recursive: true, force: true });
    },
  };
}
