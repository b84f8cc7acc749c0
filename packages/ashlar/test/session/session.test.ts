import { type Database, id, references, table, timestamps, unique } from 'ashlar';
import { sql } from 'ashlar/query';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const accounts = table(
  'accounts',
  { id: id(), owner: z.string().max(20), cents: z.int().min(0).default(0), ...timestamps() },
  (c) => [unique(c.owner)],
);
const entries = table('entries', { id: id(), account_id: z.uuid(), note: z.string() }, (c) => [
  references(c.account_id, accounts.columns.id),
]);
const tables = { accounts, entries };

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(engines)('a session on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
  });
  afterAll(() => remove());
  beforeEach(() =>
    db.session(async (s) => {
      await s.query.deleteFrom('entries').execute();
      await s.query.deleteFrom('accounts').execute();
    }),
  );

  const owners = () =>
    db.read(async (s) =>
      (await s.query.selectFrom('accounts').select('owner').orderBy('owner').execute()).map((r) => r.owner),
    );

  it('commits when its callback returns', async () => {
    const row = await db.session({ actor: 'user:1' }, async (s) => {
      expect(s.actor).toBe('user:1');
      return s.insert(accounts, { owner: 'ann' });
    });
    expect(row).toMatchObject({
      owner: 'ann',
      cents: 0,
      created_at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
    });
    expect(await db.get(accounts, row.id)).toEqual(row);
  });

  it('refuses to delete a row that other rows reference', async () => {
    const { id: account_id } = await db.session(async (s) => {
      const made = await s.insert(accounts, { owner: 'ann' });
      await s.insert(entries, { account_id: made.id, note: 'x' });
      return made;
    });
    await expect(db.session((s) => s.delete(accounts, account_id))).rejects.toMatchObject({
      code: 'foreign-key-violation',
      message: expect.stringContaining('still referenced'),
    });
  });

  it('rolls back when its callback throws', async () => {
    await expect(
      db.session(async (s) => {
        await s.insert(accounts, { owner: 'ann' });
        throw new RangeError('no');
      }),
    ).rejects.toThrow(RangeError);
    expect(await owners()).toEqual([]);
  });

  it('validates before it sends a statement', async () => {
    await expect(db.session((s) => s.insert(accounts, { owner: 'x'.repeat(21) }))).rejects.toMatchObject({
      code: 'value-invalid',
      message: expect.stringContaining('accounts.owner'),
    });
    await expect(db.session((s) => s.insert(accounts, { owner: 'a', cents: -0 }))).rejects.toMatchObject({
      code: 'value-unstorable',
    });
  });

  it('updates and touches a row, and reports a missing one', async () => {
    const { id: key, created_at } = await db.session((s) => s.insert(accounts, { owner: 'ann' }));
    await sleep(5);
    const updated = await db.session((s) => s.update(accounts, key, { cents: 5 }));
    expect(updated).toMatchObject({ cents: 5, created_at });
    expect(updated.updated_at > created_at).toBe(true);
    const missing = '0190a0b0-0000-7000-8000-000000000000';
    await expect(db.session((s) => s.update(accounts, missing, { cents: 1 }))).rejects.toMatchObject({
      code: 'row-not-found',
    });
    await expect(db.session((s) => s.delete(accounts, missing))).rejects.toMatchObject({
      code: 'row-not-found',
    });
  });

  it.each([
    ['unique-violation', { owner: 'ann' }],
    ['check-violation', { owner: 'bob', cents: -1 }],
    ['not-null-violation', { owner: null }],
  ] as const)('reports %s of the database', async (code, row) => {
    await db.session((s) => s.insert(accounts, { owner: 'ann' }));
    const raw = { cents: 0, ...row };
    await expect(
      db.session((s) =>
        sql`INSERT INTO accounts (id, owner, cents)
            VALUES ('0190a0b0-0000-7000-8000-000000000001', ${raw.owner}, ${raw.cents})`.execute(s.query),
      ),
    ).rejects.toMatchObject({ code });
  });

  it('reports foreign-key-violation of the database', async () => {
    await expect(
      db.session((s) => s.insert(entries, { account_id: '0190a0b0-0000-7000-8000-000000000001', note: '' })),
    ).rejects.toMatchObject({ code: 'foreign-key-violation' });
    const { id: account } = await db.session(async (s) => {
      const row = await s.insert(accounts, { owner: 'ann' });
      await s.insert(entries, { account_id: row.id, note: '' });
      return row;
    });
    await expect(db.session((s) => s.delete(accounts, account))).rejects.toMatchObject({
      code: 'foreign-key-violation',
      message: expect.stringContaining('still referenced'),
    });
  });

  it('is aborted by a failed statement, even when the callback catches the error', async () => {
    const run = db.session(async (s) => {
      await s.insert(accounts, { owner: 'ann' });
      await s.insert(accounts, { owner: 'ann' }).catch(() => undefined);
    });
    await expect(run).rejects.toMatchObject({ code: 'session-aborted' });
    expect(await owners()).toEqual([]);
  });

  it('continues after a nested session that failed', async () => {
    await db.session(async (s) => {
      await s.insert(accounts, { owner: 'ann' });
      await s.session((inner) => inner.insert(accounts, { owner: 'ann' })).catch(() => undefined);
      await s.session((inner) => inner.insert(accounts, { owner: 'bob' }));
      await db.session((inner) => inner.insert(accounts, { owner: 'cay' }));
    });
    expect(await owners()).toEqual(['ann', 'bob', 'cay']);
  });

  it('nests to any depth, and each level is rolled back alone', async () => {
    await db.session(async (s) => {
      await s.insert(accounts, { owner: '1' });
      await s.session(async (a) => {
        await a.insert(accounts, { owner: '2' });
        await a
          .session(async (b) => {
            await b.insert(accounts, { owner: '3' });
            await b.session((c) => c.insert(accounts, { owner: '4' }));
            throw new RangeError();
          })
          .catch(() => undefined);
      });
    });
    expect(await owners()).toEqual(['1', '2']);
  });

  it('isolates nested sessions that are started at the same time', async () => {
    await db.session(async (s) => {
      const results = await Promise.allSettled(
        ['a', 'b', 'a', 'c'].map((owner) => s.session((inner) => inner.insert(accounts, { owner }))),
      );
      expect(results.map((r) => r.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    });
    expect(await owners()).toEqual(['a', 'b', 'c']);
  });

  it('refuses a nested session with another actor', async () => {
    await expect(
      db.session({ actor: 'user:1' }, () => db.session({ actor: 'user:2' }, async () => undefined)),
    ).rejects.toMatchObject({ code: 'session-conflict' });
  });

  it('cannot be used after its end', async () => {
    const kept = await db.session(async (s) => s);
    await expect(kept.insert(accounts, { owner: 'late' })).rejects.toMatchObject({ code: 'session-ended' });
    expect(() => kept.query).toThrowError(expect.objectContaining({ code: 'session-ended' }));
    let query: { execute(): Promise<unknown> } | undefined;
    await db.session(async (s) => {
      query = s.query.selectFrom('accounts').selectAll();
    });
    await expect(query?.execute()).rejects.toMatchObject({ code: 'session-ended' });
  });

  it('refuses a callback that does not await its statements', async () => {
    const notAsync = ((s: { insert: (...args: unknown[]) => Promise<unknown> }) => {
      s.insert(accounts, { owner: 'lost' }).catch(() => undefined);
    }) as never;
    await expect(db.session(notAsync)).rejects.toMatchObject({ code: 'session-not-awaited' });
    expect(await owners()).toEqual([]);
  });

  it('refuses writes when it only reads', async () => {
    await db.session((s) => s.insert(accounts, { owner: 'ann' }));
    await expect(db.read((s) => s.insert(accounts, { owner: 'bob' }))).rejects.toMatchObject({
      code: 'session-read-only',
    });
    await expect(db.read((s) => s.query.deleteFrom('accounts').execute())).rejects.toMatchObject({
      code: 'session-read-only',
    });
    await expect(
      db.read(() => db.session((s) => s.insert(accounts, { owner: 'bob' }))),
    ).rejects.toMatchObject({
      code: 'session-read-only',
    });
    expect(await owners()).toEqual(['ann']);
  });

  it('reads one snapshot while other sessions write', async () => {
    if (db.engine.label.startsWith('PGlite')) {
      // one connection: a write waits for the read to end, so the snapshot cannot change under it
      await db.read(async (s) =>
        expect(await s.query.selectFrom('accounts').selectAll().execute()).toEqual([]),
      );
      return;
    }
    await db.read(async (s) => {
      const before = await s.query.selectFrom('accounts').selectAll().execute();
      await outside(() => db.session((w) => w.insert(accounts, { owner: 'ann' })));
      expect(await s.query.selectFrom('accounts').selectAll().execute()).toEqual(before);
    });
    expect(await owners()).toEqual(['ann']);
  });

  it('streams rows', async () => {
    await db.session((s) =>
      s.insertMany(
        accounts,
        Array.from({ length: 2_500 }, (_, i) => ({ owner: `o${i}`, cents: i })),
      ),
    );
    let sum = 0;
    await db.read(async (s) => {
      for await (const row of s.query.selectFrom('accounts').select('cents').stream(100)) sum += row.cents;
    });
    expect(sum).toBe((2_499 * 2_500) / 2);
  });

  it('loses no update of forty concurrent sessions', async () => {
    const { id: key } = await db.session((s) => s.insert(accounts, { owner: 'ann' }));
    await Promise.all(
      Array.from({ length: 40 }, () =>
        db.session(async (s) => {
          const row = await s.query
            .selectFrom('accounts')
            .selectAll()
            .where('id', '=', key)
            .forUpdate()
            .executeTakeFirstOrThrow();
          await s.update(accounts, key, { cents: row.cents + 1 });
        }),
      ),
    );
    expect(await db.get(accounts, key)).toMatchObject({ cents: 40 });
  });

  it('takes generated times from the given clock', async () => {
    const { db: later, remove: removeLater } = await withTables(engine, tables, {
      clock: () => new Date('2031-05-06T07:08:09.123Z'),
    });
    const row = await later.session((s) => s.insert(accounts, { owner: 'ann' }));
    expect(row).toMatchObject({
      created_at: '2031-05-06T07:08:09.123Z',
      updated_at: '2031-05-06T07:08:09.123Z',
    });
    await removeLater();
  });
});

/** Runs `work` outside the session that this code runs in. */
const outside = <R>(work: () => Promise<R>): Promise<R> =>
  new Promise((resolve, reject) => {
    outsideQueue.push(() => work().then(resolve, reject));
  });
const outsideQueue: (() => void)[] = [];
setInterval(() => outsideQueue.shift()?.(), 5).unref();
