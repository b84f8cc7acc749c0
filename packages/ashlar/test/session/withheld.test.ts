import { randomUUID } from 'node:crypto';
import {
  AshlarError,
  connect,
  createdAt,
  generated,
  id,
  primaryKey,
  type Session,
  system,
  table,
  unique,
} from 'ashlar';
import { appendOnly, ledgered, partitioned } from 'ashlar/guarantees';
import { sql } from 'ashlar/query';
import { markTestDatabase, type TestDatabase, testDatabase } from 'ashlar/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { ensureHistory } from '../../src/migrations/initialise.js';

const columns = () => ({ id: id(), name: z.string(), created_at: createdAt() });
const notes = table('notes', columns());
const logs = table('logs', columns(), () => [appendOnly()]);
const acts = table('acts', columns(), (c) => [unique(c.name), appendOnly(), ledgered()]);
const events = table(
  'events',
  { id: generated(z.uuid(), () => randomUUID()), name: z.string(), created_at: createdAt() },
  (c) => [primaryKey(c.created_at, c.id), partitioned(c.created_at, { by: 'month' })],
);
const tables = { notes, logs, acts, events };
const shop = system('shop', { tables, migrations: new URL('file:///nowhere/') });
type S = Session<typeof tables>;

const forged = '2020-01-01T00:00:00.000Z';

const errorOf = async (run: () => Promise<unknown>): Promise<unknown> => {
  try {
    return await run();
  } catch (error) {
    return error instanceof AshlarError ? { code: error.code, facts: error.facts } : error;
  }
};

describe.each(engines)('what guarantees withhold from sessions on $name', (engine) => {
  const url = engine.name === 'postgres' ? inject('postgresUrl') : engine.name;
  let db: TestDatabase<typeof tables>;
  beforeAll(async () => {
    db = await testDatabase(shop, { url });
  });
  afterAll(() => db.close());

  const given = { name: 'a', created_at: forged };
  const inserts: Readonly<Record<string, (s: S, of: typeof logs) => Promise<unknown>>> = {
    insert: (s, of) => s.insert(of, given),
    insertMany: (s, of) => s.insertMany(of, [given]),
    'insertMany with returning': (s, of) => s.insertMany(of, [given], { returning: true }),
    builder: (s, of) => s.query.insertInto(of.name).values(given).execute(),
    'builder with several rows': (s, of) => s.query.insertInto(of.name).values([given, given]).execute(),
  };

  describe.each([logs, acts, events])('the time of a row of $name', (of) => {
    const guarantee = of === (events as unknown) ? 'partitioned' : 'append-only';
    it.each(Object.entries(inserts))('cannot be given: %s', async (_, insert) => {
      expect(await errorOf(() => db.session((s) => insert(s as S, of as typeof logs)))).toEqual({
        code: 'guarantee-violated',
        facts: expect.objectContaining({ table: of.name, guarantee }),
      });
    });

    it('can be given by the clock of a test', async () => {
      await using timed = await testDatabase(shop, { url, clock: '2026-01-31T09:00:00Z' });
      const row = await timed.insert(of as typeof logs, { name: 'a' });
      expect(row.created_at).toBe('2026-01-31T09:00:00.000Z');
      const later = { name: 'b', created_at: '2026-01-30T09:00:00.000Z' };
      expect(await timed.insert(of as typeof logs, later)).toMatchObject(later);
    });
  });

  it('a clock of connect needs a database that is marked as a test database', async () => {
    const { db: open, url: place, key, remove } = await withTables(engine, tables, { allowOwner: true });
    const [clock, options] = [() => new Date(forged), { url: place, key, allowOwner: true } as const];
    if (engine.name !== 'pglite') {
      await open.engine.asOwner((owner) => ensureHistory(owner, open.engine.dialect, 'test'));
      expect(await errorOf(() => connect(shop, { ...options, clock }))).toMatchObject({ code: 'usage' });
      await markTestDatabase(open.engine);
      const clocked = await connect(shop, { ...options, clock });
      expect(await clocked.insert(acts, { name: 'a' })).toMatchObject({ created_at: forged });
      await clocked.close();
    }
    await remove();
  });

  it('the time of a row of a ledger cannot be given by raw SQL', async () => {
    const { db: owned, remove } = await withTables(engine, tables, { allowOwner: true });
    const insert = `INSERT INTO acts (id, name, created_at) VALUES ('${randomUUID()}', 'x', '${forged}')`;
    const refused = { code: 'guarantee-violated', facts: { table: 'acts', guarantee: 'ledgered' } };
    expect(await errorOf(() => owned.session((s) => sql.raw(insert).execute(s.query)))).toMatchObject(
      refused,
    );
    await expect(owned.engine.asOwner((owner) => owner.run(insert))).rejects.toThrow(
      /only the clock of the database says when/,
    );
    expect(await errorOf(() => owned.insert(acts, given))).toMatchObject(refused);
    expect(await errorOf(() => db.session((s) => sql.raw(insert).execute(s.query)))).toMatchObject({
      code: 'guarantee-violated',
    });
    await remove();
  });

  it('the owner can give the time of a row, and change no row', async () => {
    const { db: owned, remove } = await withTables(engine, tables, { allowOwner: true });
    expect(await owned.insert(logs, given)).toMatchObject(given);
    expect(await owned.deleteMany(logs, { name: 'nobody' })).toBe(0);
    expect(await errorOf(() => owned.deleteMany(logs, 'all'))).toMatchObject({ code: 'guarantee-violated' });
    await remove();
  });

  it('the time of a row without such a guarantee can be given', async () => {
    expect(await db.insert(notes, given)).toMatchObject(given);
  });

  it('a change of no row is refused like a change of some', async () => {
    const none = { name: 'nobody' };
    for (const of of [logs, acts] as unknown as (typeof logs)[]) {
      const refused = { code: 'guarantee-violated', facts: { table: of.name, guarantee: 'append-only' } };
      expect(await errorOf(() => db.deleteMany(of, none))).toEqual(refused);
      expect(await errorOf(() => db.updateMany(of, none, { name: 'b' }))).toEqual(refused);
      expect(await errorOf(() => db.deleteMany(of, { id: 'no uuid' }))).toEqual(refused);
    }
    expect(await db.deleteMany(notes, none)).toBe(0);
  });

  it('insertMany says which row it refused', async () => {
    const bad = { name: 5 } as never;
    for (const rows of [
      [{ name: 'a' }, { name: 'b' }, bad],
      [bad, { name: 'a' }],
    ])
      for (const returning of [true, false])
        expect(
          await errorOf(() =>
            db.session<unknown>((s) => s.insertMany(notes, rows, { returning } as { returning: true })),
          ),
        ).toMatchObject({ code: 'value-invalid', facts: { table: 'notes', row: rows.indexOf(bad) } });
  });

  it('a callback that waits for one of two results is refused', async () => {
    for (const first of ['race', 'any'] as const) {
      const run = db.session((s) =>
        Promise[first]([s.insert(notes, { name: first }), s.insert(notes, { name: first })]),
      );
      expect(await errorOf(() => run)).toMatchObject({ code: 'session-not-awaited' });
      expect(
        await db.read((s) => s.query.selectFrom('notes').select('id').where('name', '=', first).execute()),
      ).toEqual([]);
    }
    const all = await db.session((s) =>
      Promise.all(Array.from({ length: 20 }, () => s.insert(notes, { name: 'all' }))),
    );
    expect(all).toHaveLength(20);
  });

  it('NaN is no parameter', async () => {
    const run = db.session((s) =>
      sql`SELECT id FROM notes WHERE length(name) = ${Number.NaN}`.execute(s.query),
    );
    expect(await errorOf(() => run)).toMatchObject({ code: 'value-invalid' });
  });
});
