import { AsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, id, type SessionOptions, table } from 'ashlar';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const things = table('things', { id: id(), name: z.string() });
const tables = { things };

/** Runs a callback in the async context of this moment, which is outside every session. */
const elsewhere = AsyncResource.bind((work: () => unknown) => work());

describe.each(engines)('the options of a session on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  const isServer = engine.name === 'postgres';
  const isSqlite = engine.name.startsWith('sql');
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
  });
  afterAll(() => remove());
  const none = async () => undefined;
  const names = () => db.read((s) => s.query.selectFrom('things').select('name').execute());

  it('set the isolation level', async () => {
    for (const isolation of ['read committed', 'repeatable read', 'serializable'] as const) {
      await db.session({ isolation }, async (s) => {
        await s.query.selectFrom('things').selectAll().execute();
        if (isSqlite) return; // always serializable
        const { rows } = await sql<{
          level: string;
        }>`SELECT current_setting('transaction_isolation') AS level`.execute(s.query);
        expect(rows).toEqual([{ level: isolation }]);
        await db.session({ isolation }, none);
      });
    }
    await db.read({ isolation: 'serializable', deferrable: true }, async (s) => {
      await s.query.selectFrom('things').selectAll().execute();
      if (isSqlite) return;
      const { rows } = await sql`SELECT current_setting('transaction_deferrable') AS deferrable`.execute(
        s.query,
      );
      expect(rows).toEqual([{ deferrable: 'on' }]);
    });
  });

  it('are refused where they make no sense', async () => {
    const refused: readonly SessionOptions[] = [
      { isolation: 'snapshot' as never },
      { deferrable: true },
      { lockTimeout: 0 },
      { lockTimeout: 1.5 },
      { statementTimeout: -1 },
      ...(isServer ? [] : [{ statementTimeout: 100 }]),
    ];
    for (const options of refused)
      await expect(db.session(options, none)).rejects.toMatchObject({ code: 'usage' });
    await expect(db.read({ isolation: 'read committed' as never }, none)).rejects.toMatchObject({
      code: 'usage',
    });
    await expect(
      db.session({ isolation: 'serializable' }, () => db.session({ isolation: 'repeatable read' }, none)),
    ).rejects.toMatchObject({ code: 'session-conflict' });
  });

  it('end the session by its signal, before it begins and between statements', async () => {
    await expect(db.session({ signal: AbortSignal.abort() }, none)).rejects.toMatchObject({
      code: 'session-cancelled',
    });
    const controller = new AbortController();
    let next: Promise<unknown> | undefined;
    const run = db.session({ signal: controller.signal }, async (s) => {
      await s.insert(things, { name: 'undone' });
      setTimeout(() => controller.abort(new RangeError('enough')), 10);
      next = sleep(30).then(() => s.insert(things, { name: 'too late' }));
      await next;
    });
    await expect(run).rejects.toMatchObject({ code: 'session-cancelled', cause: new RangeError('enough') });
    await expect(next).rejects.toMatchObject({ code: 'session-cancelled' });
    expect(await names()).toEqual([]);
    // the connection is free again, and a late abort does nothing
    const late = new AbortController();
    await db.session({ signal: late.signal }, (s) => s.query.selectFrom('things').selectAll().execute());
    late.abort();
  });

  it('bound the wait of a deferrable session for its snapshot', async () => {
    if (!isServer) return; // elsewhere no other session can be writing
    const read = (lockTimeout?: number) =>
      db.read({ isolation: 'serializable', deferrable: true, lockTimeout }, (s) =>
        s.query.selectFrom('things').selectAll().execute(),
      );
    await db.session({ isolation: 'serializable' }, async (s) => {
      await s.insert(things, { name: 'held' });
      await expect(elsewhere(() => read(50))).rejects.toMatchObject({ code: 'lock-timeout' });
      await s.query.deleteFrom('things').execute();
    });
    expect(await read()).toEqual([]);
  });

  it('limit and cancel the running statement on a server', async () => {
    if (!isServer) return; // elsewhere statements run in this thread
    const nap = (options: SessionOptions) =>
      db.session(options, async (s) => {
        await s.insert(things, { name: 'undone' });
        await sql`SELECT pg_sleep(20)`.execute(s.query);
      });
    const start = performance.now();
    await expect(nap({ statementTimeout: 50 })).rejects.toMatchObject({ code: 'statement-timeout' });
    await expect(nap({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      code: 'session-cancelled',
    });
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(await names()).toEqual([]);
    const { rows } = await db.session((s) =>
      sql<{
        n: number;
      }>`SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' AND state = 'active' AND pid <> pg_backend_pid()`.execute(
        s.query,
      ),
    );
    expect(rows).toEqual([{ n: 0 }]);
    // settings of one session do not reach the next one on its connection
    await db.session((s) => sql`SELECT pg_sleep(0.08)`.execute(s.query));
  });
});
