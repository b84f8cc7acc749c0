// The speed and the memory of `ashlar move`, beside psql's \copy of the same rows with the same objects made afterwards:
//
//   node bench/dist/move.js [rows] [rounds]
//
// psql is found in PATH, or in the folder that PSQL_BIN names. pgloader (Debian's package) runs in the same rounds if it is in PATH.
import { execFile, spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { connect, id, index, json, system, table, timestamp } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { newStep, up } from 'ashlar/migrations';
import { move } from 'ashlar/move';
import Sqlite from 'better-sqlite3-multiple-ciphers';
import pg from 'pg';
import { z } from 'zod';
import { median } from './measure.js';
import { startPostgres } from './postgres-server.js';

const run = promisify(execFile);

const itemsOf = (migrations: URL) =>
  system('items', {
    migrations,
    tables: {
      items: table(
        'items',
        {
          id: id(),
          batch: z.uuid(),
          number: z.int(),
          name: z.string().max(200),
          city: z.string(),
          zip: z.string().nullable(),
          cents: z.int().nullable(),
          at: timestamp(),
          state: z.enum(['open', 'sent', 'done']).default('open'),
          data: json(z.record(z.string(), z.json())),
        },
        (c) => [index(c.batch, c.number), index(c.at)],
      ),
    },
  });

/** Moves, as a process of its own, and prints what it took. */
const worker = async (from: string, to: string, migrations: string): Promise<void> => {
  const source = await openEngine({ url: from });
  const target = await openEngine({ url: to });
  const started = process.cpuUsage();
  const report = await move(source, target, [itemsOf(new URL(migrations))], { prove: false });
  const { user, system: kernel } = process.cpuUsage(started);
  await source.close();
  await target.close();
  process.stdout.write(
    JSON.stringify({ seconds: report.seconds, cpu: (user + kernel) / 1e6, megabytes: peak() }),
  );
};

/** The most memory of this process. Its maxRSS would count that of its parent, from which it was forked. */
const peak = (): number =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;

interface Worked {
  readonly seconds: Readonly<Record<'schema' | 'load' | 'objects' | 'compare', number>>;
  readonly cpu: number;
  readonly megabytes: number;
}

const asProcess = (...args: readonly string[]): Promise<Worked> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [import.meta.filename, 'worker', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (part: Buffer) => {
      text += part;
    });
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(text) as Worked) : reject(new Error(`the move ended with ${code}`)),
    );
  });

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
};

const main = async (rows: number, rounds: number): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-move-'));
  const migrations = pathToFileURL(join(folder, 'steps/'));
  const items = itemsOf(migrations);
  const server = await startPostgres();
  const admin = new pg.Client(server.url);
  await admin.connect();
  try {
    await newStep(items, migrations, 'initial', { engines: ['sqlite', 'postgres'] });
    const file = join(folder, 'items.db');
    const db = await connect(items, { url: `sqlite:${file}`, migrations: 'ignore' });
    await up(db.engine, items);
    await db.close();
    const text = join(folder, 'items.copy');
    await fill(file, text, rows);
    const outcomes: {
      copy: number;
      copyOnly: number;
      ours: number;
      loadOnly: number;
      whole: number;
      pgloader: number | undefined;
      megabytes: number;
    }[] = [];
    for (let round = 0; round < rounds; round++) {
      const places = [`peer_${round}`, `ours_${round}`, `loader_${round}`] as const;
      for (const name of places) await admin.query(`CREATE DATABASE ${name}`);
      const [peer, ours, loader] = places.map((name) => server.url.replace(/postgres$/, name));
      if (!peer || !ours || !loader) continue;
      const [copyOnly, objects] = await copied(peer, items, text);
      const moved = await asProcess(`sqlite:${file}`, ours, migrations.href);
      const { schema, load, objects: made, compare } = moved.seconds;
      const pgloader = await loaded(file, loader, folder, rows);
      outcomes.push({
        copy: copyOnly + objects,
        copyOnly,
        ours: load + made,
        loadOnly: load,
        whole: schema + load + made + compare,
        pgloader,
        megabytes: moved.megabytes,
      });
      process.stdout.write(
        `\\copy ${copyOnly.toFixed(2)} s + objects ${objects.toFixed(2)} s · move: load ${load.toFixed(2)} s + objects ${made.toFixed(2)} s, compare ${moved.seconds.compare.toFixed(2)} s, ${moved.cpu.toFixed(2)} s of processor, ${Math.round(moved.megabytes)} MB · pgloader ${pgloader === undefined ? 'not found' : `${pgloader.toFixed(2)} s`}\n`,
      );
      for (const name of places) await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    }
    const loaders = outcomes.flatMap(({ pgloader, whole }) =>
      pgloader === undefined ? [] : [{ pgloader, whole }],
    );
    const rate = (of: number): number => Math.round(rows / of);
    process.stdout.write(
      `${rows} rows: \\copy ${rate(median(outcomes.map(({ copy }) => copy)))} rows/s, move ${rate(median(outcomes.map(({ ours }) => ours)))} rows/s, ratio ${median(outcomes.map(({ copy, ours }) => copy / ours)).toFixed(2)}; loading alone ${median(outcomes.map(({ copyOnly, loadOnly }) => copyOnly / loadOnly)).toFixed(2)}; at most ${Math.round(Math.max(...outcomes.map(({ megabytes }) => megabytes)))} MB\n`,
    );
    if (loaders.length > 0)
      process.stdout.write(
        `pgloader ${rate(median(loaders.map(({ pgloader }) => pgloader)))} rows/s, the whole move ${rate(median(loaders.map(({ whole }) => whole)))} rows/s, ratio ${median(loaders.map(({ pgloader, whole }) => pgloader / whole)).toFixed(2)}\n`,
      );
  } finally {
    await admin.end();
    await server.stop();
    await rm(folder, { recursive: true });
  }
};

const fill = async (file: string, text: string, rows: number): Promise<void> => {
  const raw = new Sqlite(file);
  const insert = raw.prepare('INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const out = createWriteStream(text);
  raw.exec('BEGIN');
  for (let n = 0; n < rows; n++) {
    const values = [
      `018f0000-${String(n % 10_000).padStart(4, '0')}-7000-8000-${String(n).padStart(12, '0')}`,
      `018f0000-0000-7000-8000-${String(n % 100).padStart(12, '0')}`,
      BigInt(n),
      `Name of person ${n}`,
      ['Springfield', 'Zürich', 'O’Fallon'][n % 3],
      n % 4 === 0 ? null : '12345',
      n % 5 === 0 ? null : BigInt(n * 7),
      `2026-01-${String(1 + (n % 28)).padStart(2, '0')}T00:00:00.000Z`,
      ['open', 'sent', 'done'][n % 3],
      `{"weight":12,"to":"a street ${n}","express":true}`,
    ];
    insert.run(values);
    if (!out.write(`${values.map((value) => value ?? '\\N').join('\t')}\n`))
      await new Promise<void>((resolve) => out.once('drain', () => resolve()));
  }
  raw.exec('COMMIT');
  raw.close();
  await new Promise<void>((resolve) => out.end(() => resolve()));
};

/**
 * The seconds of pgloader for the same rows, with the types and indexes that it chooses, as its documentation has it.
 *
 * @returns `undefined` where it is not installed
 */
const loaded = async (
  file: string,
  url: string,
  folder: string,
  rows: number,
): Promise<number | undefined> => {
  const command = join(folder, 'items.load');
  await writeFile(
    command,
    `LOAD DATABASE FROM sqlite://${file} INTO ${url.replace(/^postgres:/, 'postgresql:')}
WITH include drop, create tables, create indexes, reset sequences INCLUDING ONLY TABLE NAMES LIKE 'items';\n`,
  );
  let found: number;
  try {
    found = await seconds(() => run('pgloader', ['--root-dir', folder, command]));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const client = new pg.Client(url);
  await client.connect();
  const counted = await client.query<{ rows: string }>('SELECT count(*) AS rows FROM items');
  await client.end();
  if (Number(counted.rows[0]?.rows) !== rows) throw new Error('pgloader has not loaded every row');
  return found;
};

/** \copy into the same table without keys and indexes, which are made afterwards: the seconds of both. */
const copied = async (
  url: string,
  items: ReturnType<typeof itemsOf>,
  text: string,
): Promise<readonly [number, number]> => {
  const engine = await openEngine({ url });
  await up(engine, items);
  await engine.close();
  const client = new pg.Client(url);
  await client.connect();
  const constraints = await client.query<{ name: string; sql: string }>(
    `SELECT format('%I', conname) AS name, pg_get_constraintdef(oid) AS sql FROM pg_constraint WHERE conrelid = 'items'::regclass AND contype IN ('p', 'u')`,
  );
  const indexes = await client.query<{ name: string; sql: string }>(
    `SELECT format('%I', c.relname) AS name, pg_get_indexdef(c.oid) AS sql FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'items'::regclass AND NOT i.indisprimary`,
  );
  for (const { name } of constraints.rows) await client.query(`ALTER TABLE items DROP CONSTRAINT ${name}`);
  for (const { name } of indexes.rows) await client.query(`DROP INDEX ${name}`);
  const bin = process.env.PSQL_BIN === undefined ? 'psql' : join(process.env.PSQL_BIN, 'psql');
  const copy = await seconds(() => run(bin, [url, '-c', `\\copy items from '${text}'`]));
  const objects = await seconds(async () => {
    for (const { name, sql } of constraints.rows)
      await client.query(`ALTER TABLE items ADD CONSTRAINT ${name} ${sql}`);
    for (const { sql } of indexes.rows) await client.query(sql);
    await client.query('ANALYZE items');
  });
  await client.end();
  return [copy, objects];
};

const [command = '300000', ...rest] = process.argv.slice(2);
if (command === 'worker') await worker(...(rest as [string, string, string]));
else await main(Number(command), Number(rest[0] ?? 3));
