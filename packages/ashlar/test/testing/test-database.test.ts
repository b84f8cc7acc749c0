import { existsSync } from 'node:fs';
import { AshlarError, ciphertext, createdAt, id, references, system, table } from 'ashlar';
import { appendOnly, encrypted, keyring, ledgered, lifecycle, scoped } from 'ashlar/guarantees';
import { TestClock, type TestOptions, testDatabase } from 'ashlar/testing';
import { describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { asAdmin } from '../../../../test/support/engines.js';

const keys = keyring('client_keys');
const clients = table(
  'clients',
  { id: id(), org: z.string(), name: z.string(), iban: ciphertext(z.string()), created_at: createdAt() },
  (c) => [scoped(c.org), encrypted({ scope: c.org, keys })],
);
const orders = table('orders', { id: id(), status: z.enum(['open', 'paid']).default('open') }, (c) => [
  lifecycle(c.status, { open: ['paid'], paid: [] }, { initial: 'open' }),
]);
const payments = table(
  'payments',
  { id: id(), order_id: z.uuid(), cents: z.int(), created_at: createdAt() },
  (c) => [appendOnly(), ledgered(), references(c.order_id, orders.columns.id)],
);
const shop = system('shop', {
  // payments refer to orders, which come later here
  tables: { payments, orders, clients, keys },
  migrations: new URL('file:///nowhere/'),
});

const kinds: readonly { readonly name: string; readonly options: () => TestOptions }[] = [
  { name: 'sqlite', options: () => ({}) },
  { name: 'sqlcipher', options: () => ({ url: 'sqlcipher' }) },
  { name: 'pglite', options: () => ({ url: 'pglite' }) },
  { name: 'postgres', options: () => ({ url: inject('postgresUrl') }) },
  { name: 'postgres with two roles', options: () => ({ url: inject('postgresUrl'), roles: 'two' }) },
];

const databases = async (): Promise<readonly unknown[]> =>
  (await asAdmin(`SELECT datname FROM pg_database WHERE starts_with(datname, 'ashlar_test_')`)).map(
    ({ datname }) => datname,
  );

describe.each(kinds)('a test database on $name', ({ options }) => {
  test('reports the statements of the test, and none of its own', async () => {
    const seen: string[] = [];
    const db = await testDatabase(shop, { ...options(), onStatement: ({ sql }) => void seen.push(sql) });
    expect(seen).toEqual([]);
    await db.session((s) => s.insert(orders, {}));
    expect(seen.filter((sql) => sql.startsWith('insert'))).toHaveLength(1);
    // the ledger seals its rows when the database closes
    const sealing = seen.length;
    await db.close();
    expect(seen.slice(sealing).filter((sql) => /ROLE|GRANT|REVOKE|pg_roles|rolname/.test(sql))).toEqual([]);
  });

  test('has the tables with their guarantees, and nothing of an earlier test', async () => {
    for (let round = 0; round < 2; round++) {
      const db = await testDatabase(shop, options());
      try {
        expect(await db.read((s) => s.query.selectFrom('orders').selectAll().execute())).toEqual([]);
        const order = await db.session((s) => s.insert(orders, {}));
        await db.session((s) => s.update(orders, order.id, { status: 'paid' }));
        await expect(db.session((s) => s.update(orders, order.id, { status: 'open' }))).rejects.toMatchObject(
          { code: 'guarantee-violated' },
        );
        const payment = await db.session((s) => s.insert(payments, { order_id: order.id, cents: 5 }));
        await expect(
          db.session((s) => s.query.deleteFrom('payments').where('id', '=', payment.id).execute()),
        ).rejects.toThrow(AshlarError);
      } finally {
        await db.close();
      }
    }
  });

  test('gives its scope and actor to sessions that have none', async () => {
    await using db = await testDatabase(shop, { ...options(), scope: 'a', actor: 'user:1' });
    const made = await db.session(async (s) => {
      expect([s.scope, s.actor]).toEqual(['a', 'user:1']);
      return s.insert(clients, { org: 'a', name: 'A', iban: 'DE1' });
    });
    expect(await db.get(clients, made.id)).toMatchObject({ iban: 'DE1' });
    expect(await db.session({ scope: 'b' }, (s) => s.get(clients, made.id))).toBeUndefined();
    expect(await db.session({ scope: null }, async (s) => s.scope)).toBeNull();
  });

  test('has a clock that the test moves', async () => {
    await using db = await testDatabase(shop, { ...options(), clock: '2020-01-31T09:00:00Z', scope: 'a' });
    db.clock.advance({ days: 1, hours: 1 });
    const [client, payment] = await db.session(async (s) => [
      await s.insert(clients, { org: 'a', name: 'A', iban: 'DE1' }),
      await s.insert(payments, { order_id: (await s.insert(orders, {})).id, cents: 1 }),
    ]);
    expect(client.created_at).toBe('2020-02-01T10:00:00.000Z');
    expect(payment.created_at).toMatch(/^2020-02-01T10:00:00\.000/);
  });

  test('serves tests that run at the same time', async () => {
    const [one, other] = await Promise.all([testDatabase(shop, options()), testDatabase(shop, options())]);
    await one.session((s) => s.insert(orders, {}));
    expect(await other.read((s) => s.query.selectFrom('orders').selectAll().execute())).toEqual([]);
    await Promise.all([one.close(), other.close()]);
  });
});

test('a closed test database leaves no file, no database and no user', async () => {
  const file = await testDatabase(shop);
  const path = file.engine.url.replace('sqlite:', '');
  expect(existsSync(path)).toBe(true);
  await file.close();
  await file.close();
  expect(existsSync(path)).toBe(false);

  const db = await testDatabase(shop, { url: inject('postgresUrl'), roles: 'two' });
  const user = db.engine.connectedRole?.user ?? '';
  expect(await databases()).toContain(new URL(db.engine.url).pathname.slice(1));
  expect(db.owner.connectedRole?.user).not.toBe(user);
  await db.close();
  expect(await databases()).not.toContain(new URL(db.engine.url).pathname.slice(1));
  expect(await asAdmin(`SELECT rolname FROM pg_roles WHERE rolname = '${user}'`)).toEqual([]);
});

test('what a test left outside of the schema is not in the next database', async () => {
  const leave = async (sql: string) => {
    await using db = await testDatabase(shop, { url: 'pglite' });
    await db.owner.asOwner((owner) => owner.script(sql));
  };
  await leave('CREATE SCHEMA other; CREATE TABLE other.t (n int)');
  await leave('CREATE TABLE public.more (n int)');
  await using db = await testDatabase(shop, { url: 'pglite' });
  const found = await db.owner.asOwner((owner) =>
    owner.run(`SELECT relname FROM pg_class WHERE relname IN ('t', 'more')`),
  );
  expect(found).toEqual([]);
});

test('a wrong engine, a second role without a server and a clock without a time are refused', async () => {
  await expect(testDatabase(shop, { url: 'sqlite:data/shop.db' })).rejects.toMatchObject({
    code: 'url-invalid',
  });
  await expect(testDatabase(shop, { url: 'pglite', roles: 'two' })).rejects.toMatchObject({ code: 'usage' });
  await expect(testDatabase(shop, { clock: 'yesterday' })).rejects.toMatchObject({ code: 'usage' });
  expect(() => new TestClock(undefined).advance({ days: 1 })).toThrow(AshlarError);
});
