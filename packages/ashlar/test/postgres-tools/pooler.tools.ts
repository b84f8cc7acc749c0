import { setTimeout as pause } from 'node:timers/promises';
import { AshlarError, connect, type Database } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { history, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { sql } from 'ashlar/query';
import type { Roles } from 'ashlar/roles';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { password, runAt } from '../../../../test/support/cluster.js';
import type { Pooler } from '../../../../test/support/pooler.js';
import { notes, type Place, Poolers, records, type tables, things, work } from './pooler-setup.js';

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
const ignoring = 'ignore_startup_parameters = options';

let poolers: Poolers;
beforeAll(async () => {
  poolers = await Poolers.start();
});
afterAll(() => poolers.stop());
afterEach(() => poolers.end());

/** Who wrote which note, as the audit trail has it. */
const writers = async (place: Place) =>
  new Map(
    (await poolers.run(place, `SELECT row_key ->> 'id' AS id, actor FROM trail`)).map((row) => [
      row.id,
      row.actor,
    ]),
  );

const rolesOf = ({ app, auditor }: Place): Roles => ({ app, auditor, appConnects: { password } });

const modes = ['session', 'transaction'] as const;
const ways = [
  ['found by the refused settings', [], {}],
  ['found by the dropped settings', [ignoring], {}],
  ['said by the URL', [], { pooled: 'true' }],
] as const;

describe.each(modes)('through PgBouncer in %s mode', (mode) => {
  describe.each(['public', 'Größe "1"'])('in the schema %s', (schema) => {
    test.each(ways)('320 sessions at once do their work, a pooler %s', async (_, settings, parameters) => {
      const place = await poolers.place({ schema });
      // fewer connections to the server than callers, and in transaction mode another one for each transaction
      const size = mode === 'transaction' ? 4 : 20;
      const pooler = await poolers.pooler({
        mode,
        settings: [...settings, `default_pool_size = ${size}`, 'server_round_robin = 1'],
      });
      const url = poolers.url(pooler, place, parameters);
      const connections = mode === 'transaction' ? 40 : 9;
      const [one, two] = [
        await poolers.open(url, place, { connections }),
        await poolers.open(url, place, { connections }),
      ];
      const results = (await Promise.all([work(one, 160), work(two, 160)])).flat();
      expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
      expect(results).toHaveLength(320);
      const trailed = await writers(place);
      for (const result of results)
        if (result.status === 'fulfilled') expect(trailed.get(result.value.id)).toBe(result.value.actor);
      expect(trailed.size).toBe(320);
    });
  });

  test('what the owner does is refused, with the URL that it needs', async () => {
    const place = await poolers.place();
    const pooler = await poolers.pooler({ mode });
    const found = await openEngine({ url: poolers.url(pooler, place) });
    const said = await openEngine({ url: poolers.url(pooler, place, { pooled: 'true' }) });
    const shop = poolers.shop();
    for (const engine of [found, said]) {
      const refused = {
        code: 'pooler-unfit',
        message: expect.stringContaining(`127.0.0.1:${pooler.port} is a pooler`),
        suggestion: expect.stringContaining('DATABASE_MIGRATE_URL'),
      };
      await expect(up(engine, shop)).rejects.toMatchObject(refused);
      await expect(history(engine, shop)).rejects.toMatchObject(refused);
      await expect(engine.snapshot(async () => undefined)).rejects.toMatchObject(refused);
      await expect(engine.vacuum([notes])).rejects.toMatchObject(refused);
    }
    await expect(up(found, shop)).rejects.toMatchObject({
      detail: expect.stringContaining('unsupported startup parameter: options'),
      suggestion: expect.stringContaining('pooled=false'),
    });
    await expect(up(said, shop)).rejects.toMatchObject({ detail: expect.stringContaining('pooled=true') });
    await found.close();
    await said.close();
  });

  test('rows are sealed in the background', async () => {
    const place = await poolers.place({ schema: 'apart' });
    const pooler = await poolers.pooler({ mode });
    const db = await poolers.open(poolers.url(pooler, place), place);
    await db.session((s) => s.insert(records, { what: 'x' }));
    await expect
      .poll(
        async () => (await poolers.run(place, 'SELECT count(*)::int AS n FROM records_ledger_entries'))[0]?.n,
        {
          timeout: 10_000,
        },
      )
      .toBe(1);
    await db.session((s) => s.insert(records, { what: 'y' }));
    await db.engine.seal();
    expect(await poolers.run(place, 'SELECT count(*)::int AS n FROM records_ledger_entries')).toEqual([
      { n: 2 },
    ]);
  });

  test('prove tries its attacks through the pooler, and its inspections on the server', async () => {
    const place = await poolers.place();
    const pooler = await poolers.pooler({ mode });
    const { scopeKey } = place;
    const engine = await openEngine({ url: poolers.url(pooler, place), scopeKey });
    const owner = await openEngine({ url: poolers.direct(place, place.owner), scopeKey });
    const report = await prove(engine, poolers.shop(), { owner, roles: rolesOf(place) });
    await engine.close();
    await owner.close();
    expect(failuresOf(report)).toEqual([]);
  });
});

test('settings that the role has are not taken for a direct connection', async () => {
  const place = await poolers.place({ settings: roleSettings });
  const pooler = await poolers.pooler({ mode: 'transaction', settings: [ignoring] });
  const engine = await openEngine({ url: poolers.url(pooler, place) });
  await expect(engine.asOwner(async () => undefined)).rejects.toMatchObject({
    code: 'pooler-unfit',
    detail: expect.stringContaining('is not the one that the startup named'),
  });
  await engine.close();
});

describe('with pooled=false', () => {
  test.each([[[]], [[ignoring]]])('a pooler that keeps no settings is refused (%j)', async (settings) => {
    const place = await poolers.place();
    const pooler = await poolers.pooler({ mode: 'session', settings });
    await expect(openEngine({ url: poolers.url(pooler, place, { pooled: 'false' }) })).rejects.toMatchObject({
      code: 'pooler-unfit',
      suggestion: expect.stringContaining('?pooled=true'),
    });
  });

  test('the owner works through a pooler in session mode, with settings of the role', async () => {
    const place = await poolers.place();
    for (const setting of roleSettings) await poolers.server.run(`ALTER ROLE ${place.owner} SET ${setting}`);
    const pooler = await poolers.pooler({ mode: 'session', settings: [ignoring] });
    const url = poolers.url(pooler, { ...place, app: place.owner }, { pooled: 'false' });
    const engine = await openEngine({ url });
    expect(await history(engine, poolers.shop())).toHaveLength(1);
    await engine.close();
  });

  test('in transaction mode no session runs the statement of another, and each that fails says why', async () => {
    const place = await poolers.place({ settings: roleSettings });
    const pooler = await poolers.pooler({
      mode: 'transaction',
      settings: [ignoring, 'default_pool_size = 4', 'server_round_robin = 1'],
    });
    const url = poolers.url(pooler, place, { pooled: 'false' });
    const results = (
      await Promise.all([
        work(await poolers.open(url, place, { connections: 4 }), 20),
        work(await poolers.open(url, place, { connections: 4 }), 20),
      ])
    ).flat();
    const trailed = await writers(place);
    for (const result of results) {
      if (result.status === 'fulfilled') expect(trailed.get(result.value.id)).toBe(result.value.actor);
      else
        expect(result.reason).toMatchObject({
          code: 'session-retries-exhausted',
          cause: { code: 'pooler-unfit', suggestion: expect.stringContaining('?pooled=true') },
        });
    }
  });
});

test('a word other than true and false is refused', async () => {
  await expect(openEngine({ url: 'postgres://one@host/db?pooled=yes' })).rejects.toMatchObject({
    code: 'url-invalid',
    detail: expect.stringContaining('pooled'),
  });
});

const codeOf = (error: unknown): string => (error instanceof AshlarError ? error.code : String(error));

/** Opens a place through a pool of a few connections in transaction mode. */
const throughFew = async (
  size: number,
  options: { connections?: number; lockTimeout?: number; settings?: readonly string[] } = {},
): Promise<{ place: Place; pooler: Pooler; db: Database<typeof tables> }> => {
  const place = await poolers.place({ schema: 'apart' });
  const pooler = await poolers.pooler({
    mode: 'transaction',
    settings: [`default_pool_size = ${size}`, 'server_round_robin = 1', ...(options.settings ?? [])],
  });
  return { place, pooler, db: await poolers.open(poolers.url(pooler, place), place, options) };
};

describe('what ends in the middle', () => {
  // each of these ends a session in another way; the sessions next to it do their work
  test('errors, limits, cancelled sessions and killed connections reach no other session', async () => {
    const { place, db } = await throughFew(4, { connections: 30 });
    const context = (n: number) => ({ actor: `actor ${n}`, scope: `client ${n % 7}` });
    const insert = (n: number) =>
      db.session(context(n), (s) =>
        s.insert(notes, { client: `client ${n % 7}`, body: `note ${n}` }).then(() => undefined),
      );
    const kinds: readonly ((n: number) => Promise<unknown>)[] = [
      insert,
      insert,
      (n) =>
        db.session(context(n), async (s) => {
          await s.insert(notes, { client: `client ${n % 7}`, body: `undone ${n}` });
          await sql`SELECT 1 / ${0}::int`.execute(s.query);
        }),
      (n) =>
        db.session({ ...context(n), statementTimeout: 20 }, async (s) => {
          await s.insert(notes, { client: `client ${n % 7}`, body: `undone ${n}` });
          await sql`SELECT pg_sleep(30)`.execute(s.query);
        }),
      (n) =>
        db.session({ ...context(n), signal: AbortSignal.timeout(30) }, async (s) => {
          await s.insert(notes, { client: `client ${n % 7}`, body: `undone ${n}` });
          await sql`SELECT pg_sleep(30)`.execute(s.query);
        }),
      (n) =>
        db.session(context(n), async (s) => {
          await s.insert(notes, { client: `client ${n % 7}`, body: `undone ${n}` });
          await sql`SELECT pg_terminate_backend(pg_backend_pid())`.execute(s.query);
        }),
      (n) => db.read(context(n), (s) => sql`SELECT no_such_column FROM notes`.execute(s.query)),
    ];
    const expected = [
      'done',
      'done',
      'statement-failed',
      'statement-timeout',
      'session-cancelled',
      'connection-lost',
      'statement-failed',
    ];
    const count = 210;
    const outcomes = await Promise.all(
      Array.from({ length: count }, (_, n) =>
        kinds[n % kinds.length]?.(n).then(
          () => 'done',
          (error: unknown) => codeOf(error),
        ),
      ),
    );
    outcomes.forEach((outcome, n) => {
      expect(`${n}: ${outcome}`).toBe(`${n}: ${expected[n % kinds.length]}`);
    });
    const kept = Array.from({ length: count }, (_, n) => n).filter((n) => n % kinds.length < 2);
    const rows = await poolers.run(place, 'SELECT body, client FROM notes');
    expect(new Set(rows.map(({ body }) => body))).toEqual(new Set(kept.map((n) => `note ${n}`)));
    const trailed = await poolers.run(place, `SELECT after ->> 'body' AS body, actor, scope FROM trail`);
    expect(trailed).toHaveLength(kept.length);
    for (const { body, actor, scope } of trailed) {
      const n = Number(String(body).replace('note ', ''));
      expect({ actor, scope }).toEqual(context(n));
    }
  });

  test('a connection that was killed while it was idle is replaced', async () => {
    const { place, pooler, db } = await throughFew(1);
    for (let n = 0; n < 5; n++) {
      await db.session({ actor: 'ann', scope: 'a' }, (s) => s.insert(notes, { client: 'a', body: `${n}` }));
      await poolers.server.run(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${place.database}'`,
      );
    }
    await runAt(pooler.consoleUrl, 'RECONNECT');
    expect(
      await db.read({ scope: 'a' }, (s) => s.query.selectFrom('notes').selectAll().execute()),
    ).toHaveLength(5);
  });

  test('a full pool that gives no connection in time is a lock timeout', async () => {
    const { place, pooler, db } = await throughFew(1, { settings: ['query_wait_timeout = 1'] });
    const other = await poolers.client(pooler, place);
    await other.query('BEGIN');
    const outcome = db.session({ actor: 'ann', scope: 'a' }, (s) =>
      s.insert(notes, { client: 'a', body: 'x' }),
    );
    await expect(outcome).rejects.toMatchObject({
      code: 'lock-timeout',
      message: expect.stringContaining('pooler'),
    });
    await other.query('COMMIT');
    await db.session({ actor: 'ann', scope: 'a' }, (s) => s.insert(notes, { client: 'a', body: 'y' }));
  });
});

describe('the signed context', () => {
  const longerThanTokens = 6_500;

  test('a queue of the pooler that outlasts a token delays a session, and does not refuse it', async () => {
    const { place, pooler, db } = await throughFew(1);
    // one session before, so that the wait is that of BEGIN and of nothing else
    await db.session({ actor: 'ann', scope: 'a' }, (s) => s.insert(notes, { client: 'a', body: 'x' }));
    const other = await poolers.client(pooler, place);
    await other.query('BEGIN');
    const waiting = db.session({ actor: 'ann', scope: 'a' }, (s) =>
      s.insert(notes, { client: 'a', body: 'y' }),
    );
    await pause(longerThanTokens);
    await other.query('COMMIT');
    await waiting;
    expect(
      await db.read({ scope: 'a' }, (s) => s.query.selectFrom('notes').selectAll().execute()),
    ).toHaveLength(2);
  });

  test('a queue at the time of connecting does not falsify the clock', async () => {
    const place = await poolers.place();
    const pooler = await poolers.pooler({ mode: 'transaction', settings: ['default_pool_size = 1'] });
    const other = await poolers.client(pooler, place);
    await other.query('BEGIN');
    const connecting = poolers.open(poolers.url(pooler, place), place);
    await pause(longerThanTokens);
    await other.query('COMMIT');
    const db = await connecting;
    // half of the wait would still make a valid token, of another time
    const { rows } = await db.session({ actor: 'ann', scope: 'a' }, (s) =>
      sql<{ late: number }>`SELECT abs(extract(epoch FROM now()) * 1000
        - split_part(current_setting('ashlar.token'), '.', 2)::bigint)::int AS late`.execute(s.query),
    );
    expect(rows[0]?.late).toBeLessThan(1_000);
  });

  test('without the key, and with a key of another database, sessions are refused', async () => {
    const place = await poolers.place();
    const pooler = await poolers.pooler({ mode: 'transaction' });
    const url = poolers.url(pooler, place);
    await expect(connect(poolers.shop(), { url })).rejects.toMatchObject({ code: 'scope-key-missing' });
    const other = await poolers.place();
    await expect(connect(poolers.shop(), { url, scopeKey: other.scopeKey })).rejects.toMatchObject({
      code: 'scope-key-wrong',
    });
  });

  test('a row without a scope, and of another scope, stays hidden', async () => {
    const { db } = await throughFew(2);
    await db.session({ actor: 'ann', scope: 'a' }, (s) => s.insert(notes, { client: 'a', body: 'x' }));
    const seen = (scope: string | null) =>
      db.read({ scope }, (s) => s.query.selectFrom('notes').select('body').execute());
    expect(await seen('a')).toHaveLength(1);
    expect(await seen('b')).toEqual([]);
    expect(await seen(null)).toEqual([]);
    const { rows } = await db.engine.read('SELECT body FROM notes', []);
    expect(rows).toEqual([]);
  });
});

test('values of every kind come back as they do from the server itself', async () => {
  const place = await poolers.place();
  // of the server, not of the connection: what a role of another program may have
  for (const setting of ["TimeZone = 'Asia/Tokyo'", "DateStyle = 'German'", 'extra_float_digits = -10'])
    await poolers.server.run(`ALTER ROLE ${place.app} SET ${setting}`);
  const pooler = await poolers.pooler({ mode: 'transaction' });
  const row = {
    body: 'ü\\\'"',
    size: 0.1 + 0.2,
    at: '2026-01-31T09:00:00.123Z',
    data: Buffer.from([0, 255, 92]),
  };
  const pooled = await poolers.open(poolers.url(pooler, place), place);
  const direct = await poolers.open(poolers.direct(place, place.app), place);
  const { id } = await pooled.session((s) => s.insert(things, row));
  const read = await pooled.get(things, id);
  expect(read).toEqual(await direct.get(things, id));
  expect(read?.size).toBe(0.1 + 0.2);
  expect((await pooled.engine.read('SELECT * FROM things', [])).rows).toEqual([read]);
});
