import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type Database, id, type System, system, table } from 'ashlar';
import {
  type BackupKeysGiven,
  type BackupManifest,
  type BackupVerification,
  createBackup,
  newBackupKey,
  type Restored,
  type RestoreOptions,
  restoreBackup,
  type VerifyBackupOptions,
  verifyBackup,
} from 'ashlar/backup';
import { type Engine, openEngine } from 'ashlar/extend';
import * as guarantees from 'ashlar/guarantees';
import { up } from 'ashlar/migrations';
import { afterEach } from 'vitest';
import { engines, type TestEngine } from '../../../../test/support/engines.js';
import { dialects } from '../../src/engines/open.js';
import { makeFolder } from '../migrations/folder.js';
import { makeShop, order, theTotal } from './shop.mjs';

export { order, theTotal };

/** The engines whose database is one file. */
export const files: readonly TestEngine[] = engines.filter(({ name }) => name.startsWith('sql'));

const pgliteFolder: TestEngine = {
  name: 'pglite',
  place: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ashlar-pglite-'));
    return {
      url: `pglite:${join(folder, 'test.db')}`,
      remove: () => rm(folder, { recursive: true, force: true }),
    };
  },
};

/** The engines for backup tests. Servers need PostgreSQL's programs, and have their own suite. */
export const everywhere: readonly TestEngine[] = [...files, pgliteFolder];

// files that share a worker share this folder too: it goes with the folder for temporary files of the run
const migrations = await makeFolder();
export const shop = makeShop({ id, system, table }, guarantees, migrations.url) as System;
for (const [name, load] of Object.entries(dialects)) {
  const dialect = await load();
  const statements = Object.values(shop.tables).flatMap((table) => dialect.createTable(table));
  await migrations.write({
    [`0001_initial/up.${name}.sql`]: statements.map((sql) => `${sql};\n`).join('\n'),
  });
}

const writerFile = fileURLToPath(new URL('./writer.mjs', import.meta.url));

/** A database of the shop, with a folder and a key for its backups. */
export interface Fixture {
  readonly url: string;
  readonly key: string | undefined;
  readonly db: Database;
  /** The folder and key of its backups. */
  readonly backups: { readonly folder: string; readonly keys: BackupKeysGiven };
  /** A folder for other files. */
  readonly folder: string;
  readonly recipient: string;
  /** The key of its backups as text. */
  readonly secret: string;
  create(): Promise<BackupManifest>;
  verify(name: string, options?: Partial<VerifyBackupOptions>): Promise<BackupVerification>;
  restore(name: string, options?: Partial<RestoreOptions>): Promise<Restored>;
  /** A URL of the same kind of engine without a database. */
  elsewhere(): string;
  /** Counts and sums of the database at a URL. */
  contents(url: string, key?: string): Promise<Contents>;
  /** Starts a child process that writes until it is stopped. */
  writer(
    pause?: number,
  ): Promise<{ process: ChildProcess; stop(): Promise<{ writes: number; longest: number }> }>;
}

export interface Contents {
  readonly orders: number;
  readonly letters: number;
  readonly totals: { readonly orders: number; readonly letters: number };
}

/** Creates fixtures that are removed after each test. */
export const fixtures = () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  return async (engine: TestEngine): Promise<Fixture> => {
    const folder = await mkdtemp(join(tmpdir(), 'ashlar-backup-'));
    ends.push(() => rm(folder, { recursive: true, force: true }));
    const place = await engine.place();
    ends.push(() => place.remove());
    const { url, key } = place;
    const db = await connect(shop, { url, key });
    ends.push(() => db.close());
    await up(db.engine, shop);
    const fresh = await newBackupKey();
    const backups = { folder: join(folder, 'backups'), keys: { key: fresh.key } };
    let places = 0;
    return {
      url,
      key,
      db,
      backups,
      folder,
      recipient: fresh.recipient,
      secret: fresh.key.reveal(),
      create: () => createBackup(db.engine, [shop], backups),
      verify: (name, options) => verifyBackup(name, [shop], { ...backups, ...options }),
      restore: (name, options) => restoreBackup(name, [shop], { ...backups, to: { url, key }, ...options }),
      elsewhere: () => `${engine.name}:${join(folder, `other-${places++}.db`)}`,
      contents: async (at, its = key) => {
        // the embedded engine can be opened only once
        if (at === url) return contentsOf(db.engine);
        const other = await openEngine({ url: at, key: its, create: false });
        try {
          return await contentsOf(other);
        } finally {
          await other.close();
        }
      },
      writer: async (pause = 0) => {
        const args = [writerFile, url, key ?? '', migrations.url.href, String(pause)];
        const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
        let output = '';
        child.stdout.on('data', (text: Buffer) => {
          output += text.toString();
        });
        const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
        ends.push(async () => {
          child.kill('SIGKILL');
          await ended;
        });
        await new Promise<void>((resolve, reject) => {
          child.stdout.once('data', () => resolve());
          child.once('close', () => reject(new Error('the writer ended')));
        });
        return {
          process: child,
          stop: async () => {
            child.stdin.end();
            await ended;
            return JSON.parse(output.trim().split('\n').at(-1) ?? '') as { writes: number; longest: number };
          },
        };
      },
    };
  };
};

const contentsOf = (engine: Engine): Promise<Contents> =>
  engine.asOwner(async ({ run }) => {
    const [orders] = await run('SELECT count(*) AS orders, sum(length(body)) AS letters FROM orders');
    const [totals] = await run('SELECT orders, letters FROM totals');
    return {
      orders: Number(orders?.orders),
      letters: Number(orders?.letters),
      totals: { orders: Number(totals?.orders), letters: Number(totals?.letters) },
    };
  });
