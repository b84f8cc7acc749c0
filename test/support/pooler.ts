import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, freePort, password, runAt, serverUser, untilReady } from './cluster.js';

/** A PgBouncer in front of a server. */
export interface Pooler {
  readonly port: number;
  /** The URL of a user of the server, through the pooler. */
  url(database: string, user: string): string;
  /** The URL of its console, which understands commands such as SHOW POOLS. */
  readonly consoleUrl: string;
  stop(): Promise<void>;
}

export interface PoolerOptions {
  readonly mode: 'session' | 'transaction';
  /** Further lines of its configuration. */
  readonly settings?: readonly string[];
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** Starts the PgBouncer at `program` on a free port of the loopback interface. */
export async function startPooler(
  program: string,
  server: Cluster,
  { mode, settings = [] }: PoolerOptions,
): Promise<Pooler> {
  const root = mkdtempSync(join(tmpdir(), 'ashlar-pooler-'));
  const user = serverUser();
  const port = await freePort();
  const [list, configuration] = [join(root, 'users.txt'), join(root, 'pgbouncer.ini')];
  const admin = 'pooler_admin';
  // the passwords of all others are asked of the server (auth_query)
  writeFileSync(list, ['postgres', admin].map((name) => `${quoted(name)} ${quoted(password)}\n`).join(''));
  writeFileSync(
    configuration,
    [
      '[databases]',
      `* = host=127.0.0.1 port=${server.port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = scram-sha-256',
      `auth_file = ${list}`,
      'auth_user = postgres',
      `admin_users = ${admin}`,
      `pool_mode = ${mode}`,
      ...settings,
      '',
    ].join('\n'),
  );
  for (const path of [root, list, configuration])
    if (user.uid !== undefined) chownSync(path, user.uid, user.gid ?? 0);
  const child = spawn(program, ['-q', configuration], { ...user, cwd: root, stdio: 'ignore' });
  const url = (database: string, name: string): string =>
    `postgres://${name}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  const consoleUrl = url('pgbouncer', admin);
  await untilReady(() => runAt(consoleUrl, 'SHOW VERSION'));
  return {
    port,
    url,
    consoleUrl,
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
      rmSync(root, { recursive: true, force: true });
    },
  };
}
