import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { primaryKey, references, unique } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { acyclic, appendOnly, audited, auditTrail, lifecycle } from 'ashlar/guarantees';
import { external, guard, native } from 'ashlar/guard';
import { guardedFile, guardedSync } from 'ashlar/guarded';
import { newStep, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import Database from 'better-sqlite3-multiple-ciphers';
import { Kysely, SqliteDialect } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { checkGuard } from '../../src/guard/check.js';
import { restoreGuard } from '../../src/guard/restore.js';
import { type Folder, makeFolder } from '../migrations/folder.js';

const changes = auditTrail('changes');
const orders = external(
  'orders',
  {
    id: z.int(),
    note: native('VARCHAR(40)').nullable(),
    price: native('REAL').nullable(),
    raw: native('BLOB').nullable(),
    status: native('TEXT', ['open', 'paid']),
  },
  (c) => [primaryKey(c.id), unique(c.note)],
);
const events = external('events', { id: native('TEXT'), what: native('TEXT').nullable() }, (c) => [
  primaryKey(c.id),
]);
const folders = external('folders', { id: z.int(), parent: z.int().nullable() }, (c) => [
  primaryKey(c.id),
  references(c.parent, c.id),
]);
const tables = {
  changes,
  orders: orders.guarded((c) => [
    audited({ into: changes }),
    lifecycle(c.status, { open: ['paid'], paid: [] }, { initial: 'open' }),
  ]),
  events: events.guarded(() => [appendOnly()]),
  folders: folders.guarded((c) => [acyclic(c.parent)]),
};
const toolSql = `
  CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, note VARCHAR(40) UNIQUE, price REAL, raw BLOB, status TEXT NOT NULL DEFAULT 'open');
  CREATE TABLE events (id TEXT PRIMARY KEY NOT NULL, what TEXT);
  CREATE TABLE folders (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES folders (id));
  CREATE TABLE others (id INTEGER PRIMARY KEY, status TEXT);
  INSERT INTO orders (note) VALUES ('before'); INSERT INTO events VALUES ('e', 'before'); INSERT INTO folders VALUES (1, NULL), (2, 1)`;

let path: string;
let folder: Folder;
let database: Database.Database;
let shop: ReturnType<typeof guard<typeof tables>>;
let engine: Awaited<ReturnType<typeof openEngine>>;
beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'ashlar-guard-file-'));
  folder = await makeFolder();
  // as the tool has opened it: without Ashlar’s pragmas
  database = new Database(join(path, 'shop.db'));
  database.exec(toolSql);
  shop = guard('shop', { tables, migrations: folder.url });
  await newStep(shop, folder.url, 'guard', { engines: ['sqlite'] });
  engine = await openEngine({ url: `sqlite:${join(path, 'shop.db')}`, guards: shop.guards });
  await up(engine, shop);
});
afterAll(async () => {
  database?.close();
  await engine?.close();
  await rm(path, { recursive: true, force: true });
  await folder?.remove();
});

const maria = { actor: 'maria', scope: null };
const lines = (): unknown[] =>
  database.prepare('SELECT actor, operation, after FROM changes ORDER BY id').all();
const findings = async (): Promise<readonly string[]> =>
  (await checkGuard(engine, shop)).map(({ found }) => found);

describe('a guard on a file of another tool', () => {
  test('holds on the tool’s own connection', () => {
    for (const [sql, why] of [
      ["UPDATE events SET what = 'x'", 'append-only'],
      ['DELETE FROM events', 'append-only'],
      ["INSERT OR REPLACE INTO events VALUES ('e', 'x')", 'append-only'],
      ["INSERT OR REPLACE INTO events (rowid, id) VALUES (1, 'other')", 'append-only'],
      ["INSERT OR REPLACE INTO events VALUES (NULL, 'x')", 'append-only'],
      ["INSERT INTO orders (note, status) VALUES ('x', 'paid')", 'lifecycle'],
      ['UPDATE folders SET parent = 2 WHERE id = 1', 'acyclic'],
      ["INSERT INTO orders (note) VALUES ('x')", 'audited'],
      ["UPDATE orders SET note = 'x'", 'audited'],
      ['DELETE FROM orders', 'audited'],
    ] as const)
      expect(() => database.exec(sql), sql).toThrow(why);
    database.exec("INSERT INTO events VALUES ('f', 'new')");
    expect(lines()).toEqual([]);
  });

  test('records what is done through the session helper, whatever is stored in the columns', async () => {
    // as Drizzle has its driver
    guardedSync({ $client: database }, maria, ({ $client }) =>
      $client.prepare('INSERT INTO orders (id, note) VALUES (5, ?)').run('by "Drizzle"'),
    );
    guardedSync(database, maria, (tx) =>
      tx
        .prepare(
          "INSERT INTO orders (id, note, price, raw) VALUES (6, X'00ff', 'not a number', ?), (7, 9007199254740993, 1e999, 0.1)",
        )
        .run(Buffer.from('a')),
    );
    // deletes the row 6, which shares its note
    guardedSync(database, maria, (tx) =>
      tx.exec("INSERT OR REPLACE INTO orders (id, note) VALUES (8, X'00ff')"),
    );
    const kysely = new Kysely<{ orders: { id: number; status: string } }>({
      dialect: new SqliteDialect({ database }),
    });
    await guardedFile(kysely, { actor: null, scope: null }, (trx) =>
      trx.updateTable('orders').set({ status: 'paid' }).where('id', '=', 5).execute(),
    );
    const found = lines() as { actor: string; operation: string; after: string }[];
    expect(found.map(({ actor, operation }) => `${actor} ${operation}`)).toEqual([
      'maria insert',
      'maria insert',
      'maria insert',
      'maria delete',
      'maria insert',
      'null update',
    ]);
    expect(found.map(({ after }) => after && JSON.parse(after))).toMatchObject([
      { id: 5, note: 'by "Drizzle"', price: null, status: 'open' },
      { note: '00ff', price: 'not a number', raw: '61' },
      { note: '9007199254740993', price: 'Inf', raw: 0.1 },
      null,
      { id: 8 },
      { id: 5, status: 'paid' },
    ]);
    expect(database.pragma('recursive_triggers', { simple: true })).toBe(0);
    expect(() =>
      guardedSync(database, maria, () => database.exec("UPDATE orders SET status = 'open' WHERE id = 5")),
    ).toThrow('lifecycle');
  });

  test('keeps a context to its transaction', async () => {
    const before = lines().length;
    expect(() =>
      guardedSync(database, maria, (tx) => {
        tx.exec('INSERT INTO orders (id) VALUES (20)');
        throw new RangeError('the work failed');
      }),
    ).toThrow(RangeError);
    expect(() =>
      guardedSync(database, maria, async (tx) => tx.exec('INSERT INTO orders (id) VALUES (21)')),
    ).toThrow('returned a promise');
    expect(() =>
      guardedSync(database, maria, (tx) => tx.exec('INSERT INTO orders (id) VALUES (22); ROLLBACK')),
    ).toThrow('ended before');
    expect(() => guardedSync(database, maria, (tx) => guardedSync(tx, maria, () => undefined))).toThrow(
      'in a transaction',
    );
    expect(() => guardedSync({}, maria, () => undefined)).toThrow('no client');
    expect(() => guardedSync(new Database(':memory:'), maria, () => undefined)).toThrow('no guard');
    expect(() => database.exec('INSERT INTO orders (id) VALUES (23)')).toThrow('audited');
    expect(lines()).toHaveLength(before);
    expect(database.prepare('SELECT * FROM ashlar_session').all()).toEqual([]);
  });

  test('a trigger that is gone, or another one, is found and restored; the tool’s other tables are its own', async () => {
    expect(await checkGuard(engine, shop)).toEqual([]);
    const names = (
      database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name").all() as {
        name: string;
      }[]
    ).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(10);
    database.exec(
      'CREATE TABLE later (id INTEGER PRIMARY KEY); CREATE VIEW seen AS SELECT * FROM others; CREATE INDEX of_tool ON orders (price)',
    );
    for (const name of names) {
      database.exec(`DROP TRIGGER ${name}`);
      expect((await findings()).join('\n')).toContain(name);
      expect((await restoreGuard(engine, shop, { actor: 'test' })).join('\n')).toContain(name);
      expect(await checkGuard(engine, shop)).toEqual([]);
    }
    const { sql } = database
      .prepare("SELECT sql FROM sqlite_schema WHERE name = 'events_append_only_delete'")
      .get() as { sql: string };
    database.exec(`DROP TRIGGER events_append_only_delete; ${sql.replace('BEGIN', 'WHEN 0 BEGIN')}`);
    expect((await findings()).join('\n')).toContain('events_append_only_delete');
    await restoreGuard(engine, shop, { actor: 'test' });
    expect(await checkGuard(engine, shop)).toEqual([]);
    database.exec('CREATE TRIGGER ignoring BEFORE DELETE ON orders BEGIN SELECT RAISE(IGNORE); END');
    expect((await findings()).join('\n')).toContain('ignoring');
    database.exec('DROP TRIGGER ignoring');
    database.exec('ALTER TABLE orders ADD COLUMN colour TEXT');
    expect(await findings()).toEqual([expect.stringContaining('colour')]);
    database.exec('ALTER TABLE orders DROP COLUMN colour');
    expect(failuresOf(await prove(engine, shop))).toEqual([]);
  });
});
