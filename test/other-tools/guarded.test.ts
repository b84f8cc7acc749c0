import { randomBytes } from 'node:crypto';
import { guarded } from 'ashlar/guarded';
import { finishScopeKeyRotation, installScopeKey, rotateScopeKey } from 'ashlar/keys';
import { openLedger, verifyLedger } from 'ashlar/ledger';
import { failuresOf, prove } from 'ashlar/prove';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { Kysely } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { server } from '../support/engines.js';
import {
  type Client,
  generatePrisma,
  type Open,
  openDrizzle,
  openDrizzleOne,
  openKysely,
  openOne,
  openPool,
  openPostgresJs,
  openPrisma,
  refusalOf,
} from './clients.js';
import { describeNextTransaction } from './next-transaction.js';
import { openShop, type Shop, toolSql } from './shop.js';

const clients: readonly { readonly tool: string; readonly open: Open }[] = [
  { tool: 'pg’s pool', open: openPool },
  { tool: 'pg’s client', open: openOne },
  { tool: 'Kysely', open: openKysely },
  { tool: 'Drizzle', open: openDrizzle },
  { tool: 'Drizzle on postgres.js', open: openPostgresJs },
  { tool: 'Prisma', open: openPrisma },
];

const byAnn = { actor: 'user:ann', scope: '1' };
const byBob = { actor: 'user:bob', scope: '2' };

describe.each(server)('guarded() on a server', () => {
  let shop: Shop;
  beforeAll(async () => {
    await generatePrisma();
    shop = await openShop(async (url) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query(toolSql);
      await client.end();
    });
  });
  afterAll(() => shop?.close());

  const lastLine = async () =>
    (
      await shop.read(
        `SELECT actor, scope, operation, after ->> 'note' AS note FROM ashlar.changes ORDER BY id DESC LIMIT 1`,
      )
    )[0];
  const count = async (what: string): Promise<number> =>
    Number((await shop.read(`SELECT count(*)::int AS n FROM ${what}`))[0]?.n);

  describe.each(clients)('for $tool, as the application', ({ tool, open }) => {
    let client: Client;
    beforeAll(async () => {
      client = await open(shop.urls.app, { scopeKey: shop.scopeKey });
    });
    afterAll(() => client?.close());

    describeNextTransaction(() => shop, open);

    test('a transaction that had failed is not called committed', async () => {
      await expect(client.swallowing(byAnn)).rejects.toMatchObject({ code: 'session-aborted' });
    });

    test('a row has the actor and the scope in the trail, and only its scope sees it', async () => {
      await client.insertOrder(byAnn, 1, `${tool} of ann`);
      expect(await lastLine()).toEqual({
        actor: 'user:ann',
        scope: '1',
        operation: 'insert',
        note: `${tool} of ann`,
      });
      await client.insertOrder(byBob, 2, `${tool} of bob`);
      expect(await client.notes(byAnn)).toContain(`${tool} of ann`);
      expect((await client.notes(byAnn)).filter((note) => note.includes('bob'))).toEqual([]);
      expect(await client.notes({ actor: 'user:ann', scope: null })).toEqual([]);
      expect(await client.notes({ actor: 'user:ann', scope: '*' })).toEqual(
        expect.arrayContaining([`${tool} of ann`, `${tool} of bob`]),
      );
    });

    test('a row of another scope is refused', async () => {
      const before = await count('public.orders');
      expect(await refusalOf(client.insertOrder(byAnn, 2, 'of ann'))).toMatch(/row-level security|scoped/);
      expect(await count('public.orders')).toBe(before);
    });

    test('an error that leaves the work is thrown unchanged, and nothing stays', async () => {
      const before = [await count('public.orders'), await count('ashlar.changes')];
      await expect(client.failing(byAnn, 1)).rejects.toThrow(new RangeError('the work failed'));
      expect([await count('public.orders'), await count('ashlar.changes')]).toEqual(before);
      // the connection is fit for the next one
      expect(await client.notes(byBob)).not.toContain('failed');
    });

    test('rows of a ledger are sealed by the application alone', async () => {
      const before = await count('ashlar.events_ledger_entries');
      const [events = { n: 0 }] = await shop.read('SELECT count(*)::int AS n FROM public.events');
      await client.insertEvent(byAnn, `event of ${tool}`);
      await expect
        .poll(() => count('ashlar.events_ledger_entries'), { timeout: 30_000 })
        .toBe(Number(events.n) + 1);
      expect(await count('ashlar.events_ledger_entries')).toBeGreaterThan(before);
    });

    test('what is forgotten fails closed', async () => {
      expect(await client.notesOutside()).toEqual([]);
      expect(await refusalOf(client.insertOutside(1))).toMatch(/row-level security|without a session/);
    });

    test('a transaction of the tool is refused', async () => {
      await expect(client.nested(byAnn)).rejects.toMatchObject({ code: 'usage' });
      expect(await client.notes(byAnn)).toContain(`${tool} of ann`);
    });

    test('twenty at a time keep apart', async () => {
      if (tool === 'pg’s client') {
        const [first, second] = await Promise.allSettled([client.notes(byAnn), client.notes(byBob)]);
        expect([first?.status, second?.status]).toEqual(['fulfilled', 'rejected']);
        return;
      }
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, at) => client.notes(at % 2 === 0 ? byAnn : byBob)),
      );
      for (const [at, notes] of all.entries())
        expect(notes.filter((note) => note.includes(at % 2 === 0 ? 'bob' : 'ann'))).toEqual([]);
    });

    test('a wrong key, no key and a text that is no key are refused before anything runs', async () => {
      for (const [scopeKey, code] of [
        [randomBytes(32).toString('hex'), 'scope-key-wrong'],
        ['', 'scope-key-missing'],
        ['no key', 'settings-invalid'],
      ] as const) {
        const other = await open(shop.urls.app, { scopeKey });
        await expect(other.insertOrder(byAnn, 1, 'never')).rejects.toMatchObject({ code });
        await other.close();
      }
      expect(await count(`public.orders WHERE note = 'never'`)).toBe(0);
    });

    test('a connection of the owner steps down to the application', async () => {
      const owner = await open(shop.urls.owner, { scopeKey: shop.scopeKey, appRole: shop.roles.app });
      expect((await owner.notes(byAnn)).filter((note) => note.includes('bob'))).toEqual([]);
      expect(await refusalOf(owner.insertOrder(byAnn, 2, 'of ann'))).toMatch(/row-level security|scoped/);
      await owner.close();
      const other = await open(shop.urls.owner, { scopeKey: shop.scopeKey, appRole: 'nobody' });
      await expect(other.notes(byAnn)).rejects.toMatchObject({ code: 'role-too-strong' });
      await other.close();
    });

    test('an actor with a quote is recorded as it is, and one that is no text is refused', async () => {
      const actor = `o'brien"; SELECT 1 --\\`;
      await client.insertOrder({ actor, scope: '1' }, 1, 'quoted');
      expect(await lastLine()).toMatchObject({ actor });
      for (const wrong of [undefined, 7, 'a\0b', '\ud800'])
        await expect(client.notes({ actor: wrong as never, scope: '1' })).rejects.toMatchObject({
          code: 'usage',
        });
    });
  });

  test('a program goes on while the key is rotated', async () => {
    const next = randomBytes(32).toString('hex');
    const [before, after] = await Promise.all(
      [shop.scopeKey, next].map((scopeKey) => openPool(shop.urls.app, { scopeKey })),
    );
    if (!before || !after) throw new Error('no clients');
    await before.notes(byAnn);
    await rotateScopeKey(shop.engine, shop.scopeKey, next);
    await before.notes(byAnn);
    await after.notes(byAnn);
    await finishScopeKeyRotation(shop.engine, next);
    expect(await after.notes(byAnn)).not.toEqual([]);
    await expect(before.notes(byAnn)).rejects.toMatchObject({ code: 'scope-key-wrong' });
    await rotateScopeKey(shop.engine, next, shop.scopeKey);
    await finishScopeKeyRotation(shop.engine, shop.scopeKey);
    // it learns of the key that it has
    expect(await before.notes(byAnn)).not.toEqual([]);
    await before.close();
    await after.close();
  });

  test('a database that has lost its keys is refused where a key is given', async () => {
    const keys = await shop.read('DELETE FROM ashlar.ashlar_context_keys RETURNING id');
    expect(keys).toHaveLength(1);
    const given = await openPool(shop.urls.app, { scopeKey: shop.scopeKey });
    await expect(given.notes(byAnn)).rejects.toMatchObject({ code: 'scope-key-absent' });
    const none = await openPool(shop.urls.app, { scopeKey: '' });
    expect(await none.notes(byAnn)).not.toEqual([]);
    await installScopeKey(shop.engine, shop.scopeKey);
    // it has signed nothing, and learns that it must
    await expect(none.notes(byAnn)).rejects.toMatchObject({ code: 'scope-key-missing' });
    expect(await given.notes(byAnn)).not.toEqual([]);
    await given.close();
    await none.close();
  });

  test('a user who could lift the guarantees steps down, or is refused', async () => {
    const { app, own } = { app: shop.roles.app, own: new URL(shop.urls.owner).username };
    const user = `${own}_user`;
    const [bypasses, dba] = [`${own}_bypasses`, `${own}_dba`];
    const strong: readonly (readonly [what: string, sql: readonly string[], undone: readonly string[]])[] = [
      ['BYPASSRLS', [`ALTER ROLE ${user} BYPASSRLS`], [`ALTER ROLE ${user} NOBYPASSRLS`]],
      ['superuser', [`ALTER ROLE ${user} SUPERUSER`], [`ALTER ROLE ${user} NOSUPERUSER`]],
      [
        'a member of a role with BYPASSRLS',
        [`GRANT ${bypasses} TO ${user}`],
        [`REVOKE ${bypasses} FROM ${user}`],
      ],
      [
        'CREATE on the schema',
        [`GRANT CREATE ON SCHEMA ashlar TO ${user}`],
        [`REVOKE CREATE ON SCHEMA ashlar FROM ${user}`],
      ],
      ['a member of the owner of everything', [`GRANT ${own} TO ${user}`], [`REVOKE ${own} FROM ${user}`]],
      [
        'a member of the owner of the tables alone',
        [`ALTER SCHEMA ashlar OWNER TO ${dba}`, `GRANT ${own} TO ${user}`],
        [`ALTER SCHEMA ashlar OWNER TO ${own}`, `REVOKE ${own} FROM ${user}`],
      ],
      [
        'a member of the owner of the schema alone',
        [`ALTER SCHEMA ashlar OWNER TO ${dba}`, `GRANT ${dba} TO ${user}`],
        [`ALTER SCHEMA ashlar OWNER TO ${own}`, `REVOKE ${dba} FROM ${user}`],
      ],
    ];
    const admin = async (...all: readonly string[]): Promise<void> => {
      const client = new pg.Client({ connectionString: shop.urls.admin });
      await client.connect();
      for (const sql of all) await client.query(sql);
      await client.end();
    };
    await admin(
      `CREATE ROLE ${bypasses} BYPASSRLS`,
      `CREATE ROLE ${dba}`,
      `CREATE ROLE ${user} LOGIN PASSWORD '${new URL(shop.urls.owner).password}'`,
      `GRANT USAGE ON SCHEMA ashlar TO ${user}`,
    );
    const url = shop.urls.owner.replace(own, user);
    for (const [what, sql, undone] of strong) {
      await admin(...sql);
      const refused = await openPool(url, { scopeKey: shop.scopeKey, appRole: 'nobody' });
      await expect(refused.notes(byAnn), what).rejects.toMatchObject({ code: 'role-too-strong' });
      await refused.close();
      await admin(`GRANT ${app} TO ${user}`);
      const steps = await openPool(url, { scopeKey: shop.scopeKey, appRole: app });
      expect(await steps.sql(byAnn, 'SELECT current_user::text AS is'), what).toEqual([{ is: app }]);
      expect(
        (await steps.notes(byAnn)).filter((note) => note.includes('bob')),
        what,
      ).toEqual([]);
      await steps.close();
      await admin(`REVOKE ${app} FROM ${user}`, ...undone);
    }
    await admin(`DROP OWNED BY ${user}`, ...[user, bypasses, dba].map((role) => `DROP ROLE ${role}`));
  });

  test('a connection that a program left in a transaction is not used, and never committed', async () => {
    const options = { scopeKey: shop.scopeKey };
    const pool = new pg.Pool({ connectionString: shop.urls.app, max: 1 });
    const leave = async (): Promise<number> => {
      const connection = await pool.connect();
      await connection.query('BEGIN');
      const { rows } = await connection.query('SELECT pg_backend_pid() AS pid, pg_current_xact_id()::text');
      connection.release();
      return rows[0].pid;
    };
    const left = await leave();
    const used = await guarded(pool, byAnn, (tx) => tx.query('SELECT pg_backend_pid() AS pid'), options);
    expect(used.rows[0].pid).not.toBe(left);
    await leave();
    // Drizzle takes the connection itself
    await expect(
      guarded(drizzle(pool), byAnn, (tx) => tx.execute('SELECT 1'), options),
    ).rejects.toMatchObject({ code: 'usage' });
    await pool.end();
    const one = await openDrizzleOne(shop.urls.app, options);
    await one.sqlOutside('BEGIN');
    await expect(one.sql(byAnn, 'SELECT 1')).rejects.toMatchObject({ code: 'usage' });
    await one.sqlOutside('ROLLBACK');
    // two wrappers of one connection
    const { $client } = one.client as unknown as { readonly $client: pg.Client };
    const both = await Promise.allSettled([
      one.sql(byAnn, 'SELECT 1'),
      guarded($client, byBob, (tx) => tx.query('SELECT 1'), options),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await one.close();
  });

  test('a connection of Kysely is sealed on before it goes back, and the failure of a seal is told', async () => {
    const kysely = await openKysely(shop.urls.app, { scopeKey: shop.scopeKey });
    const db = kysely.client as Kysely<{ events: { what: string } }>;
    const rows = () => count('public.events');
    await db.connection().execute(async (connection) => {
      await guarded(
        connection,
        byAnn,
        (trx) => trx.insertInto('events').values({ what: 'by a connection' }).execute(),
        { scopeKey: shop.scopeKey },
      );
    });
    expect(await count('ashlar.events_ledger_entries')).toBe(await rows());
    const [seal] = await shop.read(
      `SELECT p.oid::regprocedure::text AS name FROM pg_proc p WHERE p.prosrc LIKE '%FOR NO KEY UPDATE SKIP LOCKED%'`,
    );
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    await shop.read(`REVOKE EXECUTE ON FUNCTION ${seal?.name} FROM ${shop.roles.app}, PUBLIC`);
    await kysely.insertEvent(byAnn, 'not sealed');
    expect((await warned).message).toContain('A ledger was not sealed.');
    await shop.read(`GRANT EXECUTE ON FUNCTION ${seal?.name} TO ${shop.roles.app}`);
    await kysely.insertEvent(byAnn, 'sealed with the one before');
    expect(await count('ashlar.events_ledger_entries')).toBe(await rows());
    await kysely.close();
  });

  test('another client, and a database without a guard, are refused', async () => {
    await expect(guarded({} as pg.Pool, byAnn, async () => undefined)).rejects.toMatchObject({
      code: 'usage',
    });
    const pool = new pg.Pool({ connectionString: shop.urls.app });
    await expect(
      guarded(pool, byAnn, async () => undefined, {
        scopeKey: shop.scopeKey,
        transaction: { isolationLevel: 'Serializable' },
      }),
    ).rejects.toMatchObject({ code: 'usage' });
    await expect(
      guarded(pool, byAnn, async (tx) => tx.release(), { scopeKey: shop.scopeKey }),
    ).rejects.toMatchObject({ code: 'usage' });
    await expect(
      guarded(pool, byAnn, async () => undefined, { own: 'nowhere', scopeKey: shop.scopeKey }),
    ).rejects.toMatchObject({ code: 'database-missing' });
    await pool.end();
  });

  test('the ledger verifies, and every guarantee holds', async () => {
    const { problems } = await verifyLedger(openLedger(shop.engine, shop.guard, shop.guard.tables.events), {
      full: true,
    } as never);
    expect(problems).toEqual([]);
    expect(failuresOf(await prove(shop.engine, shop.guard, { roles: shop.roles }))).toEqual([]);
  });
});
