import { randomBytes } from 'node:crypto';
import { connect, type Database, system, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { audited, auditTrail, scoped } from 'ashlar/guarantees';
import { up } from 'ashlar/migrations';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Cluster, password, runAt, startCluster } from '../../../../test/support/cluster.js';
import { type Pooler, type PoolerOptions, startPooler } from '../../../../test/support/pooler.js';
import { id } from '../../src/index.js';
import { newStep } from '../../src/migrations/index.js';
import { type Folder, makeFolder } from '../migrations/folder.js';

const { PG_BIN: bin, PGBOUNCER: program } = process.env;
if (!bin || !program) throw new Error('PG_BIN and PGBOUNCER must name a folder of programs and a program.');

const trail = auditTrail('trail', (c) => [scoped(c.scope)]);
const notes = table('notes', { id: id(), client: z.string(), body: z.string() }, (c) => [
  scoped(c.client),
  audited({ into: trail }),
]);
const tables = { trail, notes };

// what Ashlar sends in the startup packet (valueSettings), for a pooler that drops it
const roleSettings = [
  'search_path = public, pg_temp',
  "TimeZone = 'UTC'",
  "DateStyle = 'ISO'",
  "IntervalStyle = 'iso_8601'",
  "bytea_output = 'hex'",
  'extra_float_digits = 1',
  'standard_conforming_strings = on',
];

let server: Cluster;
let folder: Folder;
const shop = () => system('shop', { tables, migrations: folder.url });
beforeAll(async () => {
  server = await startCluster(bin);
  folder = await makeFolder();
  await newStep(shop(), folder.url, 'initial');
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Place {
  readonly database: string;
  /** The user of the application; `ashlar up` has granted it what it needs. */
  readonly app: string;
}

/** An initialised database whose application logs in as a user of its own. */
const somePlace = async (settings: readonly string[]): Promise<Place> => {
  const name = randomBytes(4).toString('hex');
  const [database, app] = [`db_${name}`, `app_${name}`];
  await server.run(`CREATE DATABASE ${database}`);
  await server.run(`CREATE ROLE ${app} LOGIN PASSWORD '${password}'`);
  for (const setting of settings) await server.run(`ALTER ROLE ${app} SET ${setting}`);
  const engine = await openEngine({ url: server.url(database) });
  await up(engine, shop(), { roles: { app, auditor: `auditor_${name}` } });
  await engine.close();
  return { database, app };
};

const pooled = async (place: Place, options: Omit<PoolerOptions, 'users'>): Promise<Pooler> => {
  const pooler = await startPooler(program, server, { ...options, users: [place.app] });
  ends.push(() => pooler.stop());
  return pooler;
};

const opened = async (url: string, connections: number): Promise<Database<typeof tables>> => {
  const db = await connect(shop(), { url, connections });
  ends.push(() => db.close());
  return db;
};

const ignoring = ['ignore_startup_parameters = options'];

/** Writes as many actors at once, and reads what each of them may see. */
const work = (db: Database<typeof tables>, count: number) =>
  Promise.allSettled(
    Array.from({ length: count }, async (_, n) => {
      const context = { actor: `actor ${n}`, scope: `client ${n % 7}` };
      const { id: written } = await db.session(context, (s) =>
        s.insert(notes, { client: context.scope, body: `note ${n}` }),
      );
      const seen = await db.read({ scope: context.scope }, (s) =>
        s.query.selectFrom('notes').select(['id', 'client']).where('body', '!=', 'x').execute(),
      );
      expect(seen.map((row) => row.id)).toContain(written);
      expect(new Set(seen.map((row) => row.client))).toEqual(new Set([context.scope]));
      return { id: written, actor: context.actor };
    }),
  );

/** Who wrote which note, as the audit trail has it. */
const writers = async ({ database }: Place) => {
  const rows = await server.run(`SELECT row_key ->> 'id' AS id, actor FROM trail`, database);
  return new Map(rows.map((row) => [row.id, row.actor]));
};

describe.each(['session', 'transaction'] as const)('through PgBouncer in %s mode', (mode) => {
  test('a pooler that refuses startup options is named, with the setting that it needs', async () => {
    const place = await somePlace([]);
    const pooler = await pooled(place, { mode });
    await expect(openEngine({ url: pooler.url(place.database, place.app) })).rejects.toMatchObject({
      code: 'pooler-unfit',
      suggestion: expect.stringContaining('ignore_startup_parameters = options'),
    });
  });

  test('a pooler that drops startup options is named, with the settings that the role needs', async () => {
    const place = await somePlace([]);
    const pooler = await pooled(place, { mode, settings: ignoring });
    await expect(openEngine({ url: pooler.url(place.database, place.app) })).rejects.toMatchObject({
      code: 'pooler-unfit',
      detail: expect.stringContaining('IntervalStyle'),
      suggestion: expect.stringContaining("ALTER ROLE … SET IntervalStyle = 'iso_8601'"),
    });
  });

  test('a schema that the role does not look in is refused', async () => {
    const place = await somePlace(roleSettings);
    const pooler = await pooled(place, { mode, settings: ignoring });
    const url = new URL(pooler.url(place.database, place.app));
    url.searchParams.set('schema', 'other');
    await expect(openEngine({ url: url.href })).rejects.toMatchObject({
      code: 'pooler-unfit',
      detail: expect.stringContaining('search_path'),
    });
  });

  test('actor and scope end with their transaction', async () => {
    const place = await somePlace(roleSettings);
    const pooler = await pooled(place, { mode, settings: [...ignoring, 'default_pool_size = 1'] });
    const url = pooler.url(place.database, place.app);
    const db = await opened(url, 1);
    await db.session({ actor: 'ann', scope: 'a' }, (s) => s.insert(notes, { client: 'a', body: 'x' }));
    await db.close();
    // the one connection to the server, handed to another client
    const [state] = await runAt(
      url,
      `SELECT current_setting('ashlar.scope', true) AS scope, current_setting('ashlar.actor', true) AS actor`,
    );
    expect(state?.scope || '').toBe('');
    expect(state?.actor || '').toBe('');
    expect(await runAt(url, 'SELECT * FROM notes')).toEqual([]);
  });
});

test('in session mode every session of many at once does its work', async () => {
  const place = await somePlace(roleSettings);
  const pooler = await pooled(place, { mode: 'session', settings: ignoring });
  const db = await opened(pooler.url(place.database, place.app), 8);
  const results = await work(db, 160);
  expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
  const trailed = await writers(place);
  for (const result of results)
    if (result.status === 'fulfilled') expect(trailed.get(result.value.id)).toBe(result.value.actor);
  expect(trailed.size).toBe(160);
});

test('in transaction mode no session runs the statement of another, and each that fails says why', async () => {
  const place = await somePlace(roleSettings);
  const pooler = await pooled(place, {
    mode: 'transaction',
    settings: [...ignoring, 'default_pool_size = 4', 'server_round_robin = 1'],
  });
  const url = pooler.url(place.database, place.app);
  const [one, two] = [await opened(url, 4), await opened(url, 4)];
  const results = (await Promise.all([work(one, 80), work(two, 80)])).flat();
  const trailed = await writers(place);
  for (const result of results) {
    if (result.status === 'fulfilled') expect(trailed.get(result.value.id)).toBe(result.value.actor);
    else
      expect(result.reason).toMatchObject({
        code: 'session-retries-exhausted',
        cause: { code: 'pooler-unfit' },
      });
  }
  const done = results.filter(({ status }) => status === 'fulfilled').length;
  process.stdout.write(`${done} of ${results.length} sessions done through PgBouncer in transaction mode\n`);
});
