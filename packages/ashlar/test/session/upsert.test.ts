import { AsyncResource } from 'node:async_hooks';
import { type Database, id, primaryKey, table, timestamps, unique } from 'ashlar';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { engines, server } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const customers = table(
  'customers',
  {
    id: id(),
    org: z.string(),
    number: z.string().nullable(),
    email: z.string().nullable(),
    name: z.string().max(10).default('nobody'),
    visits: z.int().default(0),
    ...timestamps(),
  },
  (c) => [unique(c.org, c.number), unique(c.email)],
);
const settings = table('settings', { scope: z.string(), name: z.string(), value: z.string() }, (c) => [
  primaryKey(c.scope, c.name),
]);
const tables = { customers, settings };

describe.each(engines)('upsert on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
  });
  afterAll(() => remove());
  beforeEach(async () => {
    await db.deleteMany(customers, 'all');
    await db.deleteMany(settings, 'all');
  });

  const by = ['org', 'number'] as const;

  it('inserts a row, then updates it with the given columns only', async () => {
    const first = await db.upsert(customers, { org: 'a', number: '1', name: 'Ann', visits: 3 }, { by });
    expect(first).toMatchObject({ name: 'Ann', visits: 3, email: null });
    const second = await db.upsert(customers, { org: 'a', number: '1', name: 'Bea' }, { by });
    expect(second).toMatchObject({ id: first.id, name: 'Bea', visits: 3, created_at: first.created_at });
    expect(await db.get(customers, first.id)).toEqual(second);
    const untouched = await db.upsert(customers, { org: 'a', number: '1' }, { by });
    expect(untouched).toEqual(second);
    await db.upsert(settings, { scope: 'x', name: 'theme', value: 'dark' }, { by: ['name', 'scope'] });
    expect(
      await db.upsert(settings, { scope: 'x', name: 'theme', value: 'light' }, { by: ['scope', 'name'] }),
    ).toEqual({ scope: 'x', name: 'theme', value: 'light' });
  });

  it('keeps the primary key of the row that it finds by another key', async () => {
    const { id: first } = await db.upsert(
      customers,
      { org: 'a', number: null, email: 'a@b' },
      { by: 'email' },
    );
    const other = '0190a0b0-0000-7000-8000-000000000000';
    const row = await db.upsert(customers, { id: other, org: 'b', email: 'a@b' }, { by: 'email' });
    expect(row).toMatchObject({ id: first, org: 'b' });
    const made = await db.upsert(customers, { id: other, org: 'b' }, { by: 'id' });
    expect(made).toMatchObject({ id: other });
  });

  it.each([
    ['no key of the table', { org: 'a', number: '1' }, 'org', 'usage'],
    ['a part of a key', { org: 'a', number: '1' }, ['number'], 'usage'],
    ['no column', { org: 'a' }, [], 'usage'],
    ['an unknown column', { org: 'a' }, 'color', 'usage'],
    ['no value for the key', { org: 'a' }, by, 'usage'],
    ['NULL in the key', { org: 'a', number: null }, by, 'usage'],
    ['an invalid value', { org: 'a', number: '1', name: 'longer than ten' }, by, 'value-invalid'],
    ['no row', null, by, 'value-invalid'],
  ] as const)('refuses %s', async (_, row, key, code) => {
    await expect(db.upsert(customers, row as { org: string }, { by: key as 'email' })).rejects.toMatchObject({
      code,
    });
  });

  it('reports a row with another key that is in the way, and the session can only be rolled back', async () => {
    await db.insert(customers, { org: 'a', number: '1', email: 'a@b' });
    const run = db.session(async (s) => {
      await s.insert(customers, { org: 'a', number: '2' });
      await s.upsert(customers, { org: 'b', number: '1', email: 'a@b' }, { by }).catch((error) => {
        expect(error).toMatchObject({ code: 'unique-violation' });
      });
    });
    await expect(run).rejects.toMatchObject({ code: 'session-aborted' });
    expect(await db.deleteMany(customers, 'all')).toBe(1);
  });

  it('loses no write of twenty writers of the same key', async () => {
    const rows = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        db.session(async (s) => {
          const row = await s.upsert(customers, { org: 'a', number: '1', name: `w${i}` }, { by });
          return s.update(customers, row.id, { visits: row.visits + 1 });
        }),
      ),
    );
    expect(new Set(rows.map((row) => row.id)).size).toBe(1);
    expect(await db.get(customers, rows[0]?.id ?? '')).toMatchObject({ visits: 20 });
  });
});

describe.each(server)('upsert beside another writer on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
  });
  afterAll(() => remove());

  const waits = () =>
    vi.waitFor(async () => {
      const sql = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
      expect(await db.engine.asOwner((owner) => owner.run(sql))).toEqual([{ n: 1 }]);
    });

  it.each([
    ['is committed', 'commit', 'is committed', 1],
    ['is rolled back', 'rollback', undefined, 0],
  ] as const)('waits for a row that is inserted meanwhile, which %s', async (number, end, email, visits) => {
    const row = { org: 'a', number };
    let second: Promise<unknown> | undefined;
    const first = db.session(async (s) => {
      await s.insert(customers, { ...row, email: number, visits: 1 });
      second = outside(() => db.upsert(customers, { ...row, name: 'second' }, { by: ['org', 'number'] }));
      await waits();
      if (end === 'rollback') throw new RangeError('undo');
    });
    await first.catch((error) => expect(error).toBeInstanceOf(RangeError));
    expect(await second).toMatchObject({ name: 'second', email: email ?? null, visits });
  });

  it.each(['read committed', 'repeatable read', 'serializable'] as const)(
    'updates a row that was committed after the session began: %s',
    async (isolation) => {
      const row = { org: 'c', number: isolation };
      let runs = 0;
      const upserted = await db.session({ isolation }, async (s) => {
        await s.query.selectFrom('customers').select('id').execute();
        if (++runs === 1) await outside(() => db.insert(customers, { ...row, visits: 7 }));
        return s.upsert(customers, { ...row, name: 'second' }, { by: ['org', 'number'] });
      });
      expect(upserted).toMatchObject({ name: 'second', visits: 7 });
      expect(runs).toBe(isolation === 'read committed' ? 1 : 2);
    },
  );

  it.each(['repeatable read', 'serializable'] as const)(
    'reports another key that is in the way at once: %s',
    async (isolation) => {
      const email = `${isolation}@example.org`;
      await db.insert(customers, { org: 'd', number: isolation, email });
      let runs = 0;
      const run = db.session({ isolation }, async (s) => {
        runs++;
        await s.upsert(customers, { org: 'e', number: isolation, email }, { by: ['org', 'number'] });
      });
      await expect(run).rejects.toMatchObject({ code: 'unique-violation', facts: { columns: ['email'] } });
      expect(runs).toBe(1);
    },
  );

  it('waits for the row that another session changes, and finds it again after its key has changed', async () => {
    const row = { org: 'b', number: '1' };
    const { id: moved } = await db.insert(customers, row);
    let second: Promise<{ id: string }> | undefined;
    await db.session(async (s) => {
      await s.update(customers, moved, { number: '2' });
      second = outside(() => db.upsert(customers, { ...row, name: 'second' }, { by: ['org', 'number'] }));
      await waits();
    });
    expect((await second)?.id).not.toBe(moved);
    expect(await db.get(customers, moved)).toMatchObject({ name: 'nobody', number: '2' });
  });
});

/** Runs `work` outside the session that this code runs in. */
const outside = <R>(work: () => Promise<R>): Promise<R> => fresh.run(work);
const fresh = { run: AsyncResource.bind(<R>(work: () => Promise<R>): Promise<R> => work()) };
