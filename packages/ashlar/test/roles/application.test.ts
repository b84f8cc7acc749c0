import { connect, type Database, type System } from 'ashlar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Place, withoutRoles, withRoles } from '../../../../test/support/engines.js';
import { maintain, up } from '../../src/migrations/index.js';
import { applyRoles, checkRoles, rolesSql } from '../../src/roles/index.js';
import type { Folder } from '../migrations/folder.js';
import { dossiers, events, notes, someSystem, type tables, trail } from './support.js';

describe.each(withRoles)('the application on $name', (engine) => {
  let db: Database<typeof tables>;
  let place: Place;
  let folder: Folder;
  let shop: System<typeof tables>;

  beforeAll(async () => {
    ({ shop, folder } = await someSystem());
    place = await engine.place();
    db = await connect(shop, { url: place.url });
    await up(db.engine, shop);
    await maintain(db.engine, Object.values(shop.tables), new Date());
  });
  afterAll(async () => {
    await db.close();
    await place.remove();
    await folder.remove();
  });

  const inSession = (sql: string) =>
    db.session(async (s) => {
      const { rows } = await (s as unknown as { level: { execute: Execute } }).level.execute(sql, []);
      return rows;
    });
  type Execute = (sql: string, parameters: readonly unknown[]) => Promise<{ rows: unknown[] }>;
  const partitions = () => db.engine.asOwner((owner) => db.engine.partitions(owner, 'trail'));

  test('acts as ashlar_app in every session and plain read; the owner acts as itself', async () => {
    const who = 'SELECT current_user::text AS who';
    expect(db.engine.connectedRole).toMatchObject({ canChangeSchema: true, sessionRole: 'ashlar_app' });
    for (let round = 0; round < 3; round++) {
      expect(await inSession(who)).toEqual([{ who: 'ashlar_app' }]);
      expect((await db.engine.read(who, [])).rows).toEqual([{ who: 'ashlar_app' }]);
      expect((await db.engine.read(`WITH x AS (${who}) SELECT * FROM x`, [])).rows).toEqual([
        { who: 'ashlar_app' },
      ]);
      expect(await db.engine.asOwner((owner) => owner.run(who))).toEqual([{ who: 'postgres' }]);
    }
  });

  test('steps down again after a session that stepped back up', async () => {
    const who = 'SELECT current_user::text AS who';
    for (const sql of ['RESET ROLE', "SELECT set_config('role', 'none', false)"]) {
      await inSession(sql);
      expect((await db.engine.read(who, [])).rows).toEqual([{ who: 'ashlar_app' }]);
      await inSession(sql);
      expect(await inSession(who)).toEqual([{ who: 'ashlar_app' }]);
    }
  });

  test('writes and reads what the guarantees allow', async () => {
    const note = await db.session((s) => s.insert(notes, { body: 'a' }));
    expect(await db.session((s) => s.update(notes, note.id, { body: 'b' }))).toMatchObject({ body: 'b' });
    await db.session((s) => s.delete(notes, note.id));
    const event = await db.session((s) => s.insert(events, { what: 'x' }));
    const stamped = await db.session((s) => s.update(events, event.id, { seen: 'yes' }));
    expect(await db.get(events, event.id)).toEqual(stamped);
    await db.session((s) => s.insertMany(trail, [{ what: 'one' }, { what: 'two' }]));
    expect(
      await db.read((s) => s.query.selectFrom('trail').select('what').orderBy('what').execute()),
    ).toEqual([{ what: 'one' }, { what: 'two' }]);
  });

  test.each([
    ['UPDATE events SET what = $$forged$$', 'guarantee-violated'],
    ['DELETE FROM events', 'guarantee-violated'],
    ['TRUNCATE events', 'guarantee-violated'],
    ['DELETE FROM trail', 'guarantee-violated'],
    ['TRUNCATE notes', 'privilege-missing'],
    [
      "INSERT INTO events (id, what, created_at) VALUES (gen_random_uuid(), 'x', now())",
      'guarantee-violated',
    ],
    ["INSERT INTO trail (id, what, created_at) VALUES (gen_random_uuid(), 'x', now())", 'guarantee-violated'],
    ['CREATE TABLE mine (a int)', 'privilege-missing'],
    ['CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$', 'privilege-missing'],
    ['ALTER TABLE events DISABLE TRIGGER ALL', 'privilege-missing'],
    ['ALTER TABLE notes ADD COLUMN more text', 'privilege-missing'],
    ['DROP TABLE notes', 'privilege-missing'],
    ['CREATE ROLE mine', 'privilege-missing'],
    ['SET LOCAL session_replication_role = replica', 'privilege-missing'],
    ["INSERT INTO ashlar_migrations VALUES ('shop', 'x', 'x', now(), 'x', 1)", 'privilege-missing'],
    ['DELETE FROM ashlar_migrations', 'privilege-missing'],
    ["SELECT setval('notes_id_seq', 1)", 'privilege-missing'],
  ])('may not %s', async (sql, code) => {
    await db.session((s) => s.insert(events, { what: 'kept' }));
    const before = await db.read((s) => s.query.selectFrom('events').selectAll().orderBy('id').execute());
    const refusal = await inSession(sql).then(
      () => 'nothing',
      (error: { code: string }) => error.code,
    );
    expect(refusal).toBe(code);
    expect(await db.read((s) => s.query.selectFrom('events').selectAll().orderBy('id').execute())).toEqual(
      before,
    );
  });

  test.each([
    ['UPDATE events SET what = $$forged$$', { table: 'events', guarantee: 'append-only' }],
    ['DELETE FROM events', { table: 'events', guarantee: 'append-only' }],
    ['DELETE FROM trail', { table: 'trail', guarantee: 'append-only' }],
    ['TRUNCATE notes', { table: 'notes' }],
    ['DELETE FROM ashlar_migrations', { table: 'ashlar_migrations' }],
  ])('gets the facts of a refusal by its role: %s', async (sql, facts) => {
    await expect(inSession(sql)).rejects.toMatchObject({ facts });
  });

  test('may not access a partition by name, including one that is created later', async () => {
    const later = new Date();
    later.setUTCFullYear(later.getUTCFullYear() + 1);
    const { done } = await maintain(db.engine, Object.values(shop.tables), later);
    expect(done.length).toBeGreaterThan(5);
    const all = await partitions();
    expect(all.length).toBeGreaterThan(20);
    for (const { name } of all) {
      for (const sql of [
        `SELECT * FROM ${name}`,
        `INSERT INTO ${name} (id, what) VALUES (gen_random_uuid(), 'x')`,
        `DELETE FROM ${name}`,
      ]) {
        await expect(inSession(sql), sql).rejects.toMatchObject({ code: 'privilege-missing' });
      }
    }
    expect(await checkRoles(db.engine, shop)).toEqual([]);
  });

  test('may use a plain table that the owner creates later, and its sequence, without another grant', async () => {
    await db.engine.asOwner((owner) =>
      owner.script('CREATE TABLE tomorrow (id serial PRIMARY KEY, body text)'),
    );
    expect(await inSession("INSERT INTO tomorrow (body) VALUES ('a') RETURNING id")).toEqual([{ id: 1 }]);
    expect(await inSession("UPDATE tomorrow SET body = 'b' RETURNING body")).toEqual([{ body: 'b' }]);
    expect(await inSession('DELETE FROM tomorrow RETURNING id')).toEqual([{ id: 1 }]);
    await db.engine.asOwner((owner) =>
      owner.atomically(async () => {
        await owner.script('SET LOCAL ROLE ashlar_auditor');
        expect(await owner.run('SELECT * FROM tomorrow')).toEqual([]);
      }),
    );
  });

  test('is bound to its scope, although its user is a superuser, whom row level security does not bind', async () => {
    const ann = await db.session({ scope: 'ann' }, (s) => s.insert(dossiers, { client: 'ann', body: 'x' }));
    const all = (scope?: string) =>
      db.read({ scope }, (s) => s.query.selectFrom('dossiers').selectAll().execute());
    expect(await all('ann')).toEqual([ann]);
    expect(await all('bob')).toEqual([]);
    expect(await all()).toEqual([]);
    expect((await db.engine.read('SELECT * FROM dossiers', [])).rows).toEqual([]);
    await expect(
      db.session({ scope: 'bob' }, (s) => s.insert(dossiers, { client: 'ann', body: 'y' })),
    ).rejects.toMatchObject({ code: 'guarantee-violated' });
  });

  test('has an auditor, who reads everything and changes nothing', async () => {
    const asAuditor = (sql: string) =>
      db.engine.asOwner((owner) =>
        owner.atomically(async () => {
          await owner.script('SET LOCAL ROLE ashlar_auditor');
          return owner.run(sql);
        }),
      );
    for (const name of ['notes', 'events', 'trail', 'ashlar_migrations']) {
      expect((await asAuditor(`SELECT count(*)::int AS n FROM ${name}`))[0]).toEqual({
        n: expect.any(Number),
      });
    }
    const [{ name = '' } = {}] = await partitions();
    for (const sql of [
      "INSERT INTO notes (body) VALUES ('x')",
      'UPDATE notes SET body = $$x$$',
      'DELETE FROM notes',
      'TRUNCATE notes',
      'CREATE TABLE mine (a int)',
      `SELECT * FROM ${name}`,
    ]) {
      await expect(asAuditor(sql), sql).rejects.toMatchObject({ code: 'privilege-missing' });
    }
  });
});

describe.each(withoutRoles)('roles on $name', (engine) => {
  test('do not exist, and nothing asks for them', async () => {
    const { shop, folder } = await someSystem();
    const place = await engine.place();
    const db = await connect(shop, { url: place.url, key: place.key });
    await up(db.engine, shop);
    expect(db.engine.connectedRole).toBeUndefined();
    expect(await rolesSql(db.engine, shop)).toBe('');
    expect(await applyRoles(db.engine, shop)).toEqual([]);
    expect(await checkRoles(db.engine, shop)).toEqual([]);
    await db.close();
    await place.remove();
    await folder.remove();
  });
});
