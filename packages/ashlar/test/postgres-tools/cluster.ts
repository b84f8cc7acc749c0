import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

/** A server of the installed programs. */
export interface Cluster {
  /** The URL of a user of it, its superuser where none is named. */
  url(database?: string, user?: string): string;
  /** Runs one statement as the superuser. */
  run(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** The password of all users. */
export const password = 'p@ss/w#rd of 5% \\ "them"';

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  return port;
};

// a server refuses to run as root
const other = (): { uid?: number; gid?: number } => {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
};

/** Starts a server of the programs in a folder, with data of its own. */
export const startCluster = async (bin: string): Promise<Cluster> => {
  const root = mkdtempSync(join(tmpdir(), 'ashlar-cluster-'));
  const user = other();
  const secret = join(root, 'password');
  writeFileSync(secret, password);
  for (const path of [root, secret]) if (user.uid !== undefined) chownSync(path, user.uid, user.gid ?? 0);
  const data = join(root, 'data');
  const port = await freePort();
  execFileSync(
    join(bin, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      '--pwfile',
      secret,
      '--no-sync',
      '-E',
      'UTF8',
      '--locale',
      'C',
    ],
    { ...user, stdio: 'ignore', cwd: root },
  );
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', ''], {
    ...user,
    cwd: root,
    stdio: 'ignore',
  });
  const url = (database = 'postgres', name = 'postgres'): string =>
    `postgres://${name}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  const run = async (sql: string, database?: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client(url(database));
    await client.connect();
    try {
      return (await client.query(sql)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  };
  for (let attempt = 0; ; attempt++) {
    const answer = await run('SELECT 1').catch((error: Error) => error);
    if (!(answer instanceof Error)) break;
    if (attempt === 100) throw answer;
    await pause(100);
  }
  return {
    url,
    run,
    stop: async () => {
      server.kill('SIGINT');
      await once(server, 'exit');
      rmSync(root, { recursive: true, force: true });
    },
  };
};
