import { AsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Database, id, type Session, system, table } from 'ashlar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const { engines } = oneOfEach(import.meta.url);

const things = table('things', { id: id(), name: z.string() });
const tables = { things };
type Db = Database<typeof tables>;

const bound = 150;
const never = () => new Promise<never>(() => undefined);

/** Runs a callback in the async context of this moment, which is outside every session. */
const elsewhere = AsyncResource.bind((work: () => unknown) => work());

/** Waits that end with `lock-timeout`; the first argument holds what is waited for. */
const waits: Readonly<Record<string, (db: Db) => Promise<unknown>>> = {
  'a session inside a session whose async context was lost': (db) =>
    db.session(async (s) => {
      await s.insert(things, { name: 'outer' });
      await elsewhere(() => db.session((inner) => inner.insert(things, { name: 'inner' })));
    }),
  'a session that reads inside such a session, with every connection in use': (db) =>
    db.read(async (s) => {
      await s.query.selectFrom('things').selectAll().execute();
      await elsewhere(() => db.read((r) => r.query.selectFrom('things').selectAll().execute()));
    }),
  'a row read inside such a session, with every connection in use': (db) =>
    db.read(async (s) => {
      await s.query.selectFrom('things').selectAll().execute();
      await elsewhere(() => db.get(things, '0190a0b0-0000-7000-8000-000000000000'));
    }),
  'the outer session in a nested one whose async context was lost': (db) =>
    db.session((s) => s.session(async () => elsewhere(() => s.insert(things, { name: 'x' })))),
  'a nested session in a nested one whose async context was lost': (db) =>
    db.session((s) => s.session(async () => elsewhere(() => s.session(async () => 1)))),
};

describe.each(engines)('a wait on $name', (engine) => {
  const opened = () => withTables(engine, tables, { lockTimeout: bound, connections: 1 });
  let db: Db;
  let url: string;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, url, remove } = await opened());
  });
  afterAll(() => remove());

  it.each(Object.entries(waits))('%s ends with lock-timeout within its bound', async (_, wait) => {
    const start = performance.now();
    await expect(wait(db)).rejects.toMatchObject({
      code: 'lock-timeout',
      suggestion: expect.stringContaining('its async context was lost'),
    });
    expect(performance.now() - start).toBeLessThan(bound * 20);
    expect(await db.read((s) => s.query.selectFrom('things').selectAll().execute())).toEqual([]);
  });

  it('is as long as the session says', async () => {
    let free = (): void => undefined;
    const holder = db.session(async (s) => {
      await s.insert(things, { name: 'held' });
      await new Promise<void>((resolve) => {
        free = resolve;
      });
    });
    const patient = db.session({ lockTimeout: 60_000 }, (s) => s.query.deleteFrom('things').execute());
    const impatient = db.session({ lockTimeout: 5 }, (s) => s.insert(things, { name: 'x' }));
    await expect(impatient).rejects.toMatchObject({ code: 'lock-timeout' });
    await sleep(bound * 1.5);
    free();
    await Promise.all([holder, patient]);
  });

  it('for a row or a name that another connection has locked ends as well', async () => {
    if (engine.name !== 'postgres') return; // elsewhere one session writes at a time
    const other = await connect(system('testing', { tables, migrations: new URL('file:///nowhere/') }), {
      url,
      lockTimeout: bound,
    });
    const row = await db.session((s) => s.insert(things, { name: 'locked' }));
    await db.session(async (s) => {
      await s.update(things, row.id, { name: 'changed' });
      await s.lock('test/waits');
      // one after the other: a rejection of the second one while the first is awaited has no handler
      for (const wait of [
        () => other.session((o) => o.update(things, row.id, { name: 'x' })),
        () => other.session((o) => o.lock('test/waits')),
      ])
        await expect(wait()).rejects.toMatchObject({ code: 'lock-timeout' });
      await s.delete(things, row.id);
    });
    await other.close();
  });

  it('for a session that hangs does not keep the database open', async () => {
    const own = await opened();
    let hanging: Promise<unknown> = Promise.resolve();
    const s = await new Promise<Session<typeof tables>>((begun) => {
      hanging = own.db.session(async (session) => {
        await session.insert(things, { name: 'x' });
        begun(session);
        await never();
      });
    });
    const failed = expect(hanging).rejects.toMatchObject({ code: 'session-cancelled' });
    await own.remove();
    await failed;
    await expect(s.insert(things, { name: 'y' })).rejects.toMatchObject({ code: 'session-cancelled' });
  });

  it('in close lasts as long as sessions go on', async () => {
    const own = await opened();
    const working = own.db.session(async (s) => {
      for (let n = 0; n < 20; n++) {
        await s.insert(things, { name: `${n}` });
        await sleep(bound / 10);
      }
      return s.query.selectFrom('things').selectAll().execute();
    });
    await own.remove();
    expect(await working).toHaveLength(20);
  });

  it('is none for what was created in a session that was rolled back', async () => {
    type Later = (work: () => Promise<unknown>) => Promise<unknown>;
    const made: { resource?: Later; outside?: Later } = {};
    await db
      .session(async (s) => {
        await s.insert(things, { name: 'undone' });
        made.resource = AsyncResource.bind((work) => work());
        made.outside = db.outside(() => AsyncResource.bind((work: () => Promise<unknown>) => work()));
        throw new RangeError();
      })
      .catch(() => undefined);
    const insert = (name: string) => () => db.session((s) => s.insert(things, { name }));
    // left over from the callback: it would be committed alone
    await expect(made.resource?.(insert('left over'))).rejects.toMatchObject({ code: 'session-ended' });
    await made.outside?.(insert('outside'));
    await sleep(bound);
    await made.resource?.(insert('later'));
    const rows = await db.read((s) => s.query.selectFrom('things').select('name').execute());
    expect(rows.map(({ name }) => name).sort()).toEqual(['later', 'outside']);
  });
});
