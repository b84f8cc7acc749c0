import { createdAt, id, primaryKey, table } from 'ashlar';
import { appendOnly, partitioned, retained } from 'ashlar/guarantees';
import { listPartitions, maintain, purge } from 'ashlar/migrations';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf } from '../../../test/support/engines.js';
import { withTables } from '../../../test/support/tables.js';
import { Maintenance } from '../src/session/maintenance.js';

const { engines } = oneOfEach(import.meta.url);

const events = table('events', { id: id(), at: createdAt(), note: z.string() }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month', ahead: 3 }),
  appendOnly(),
]);
const letters = table('letters', { id: id(), at: createdAt(), note: z.string() }, (c) => [
  retained(c.at, { for: { years: 5 }, reason: 'law' }),
]);
const tables = { events, letters };

const year = 365.25 * 86_400_000;
/** Where the clock of a process may be, in milliseconds from where it should be. */
const jumps = [10 * year, -10 * year];

const setClock = (by: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + by });
};

// docs/clocks.md says what is promised
describe.each(engines)('a clock that jumps by years, on $name', (engine) => {
  let made: Awaited<ReturnType<typeof withTables<typeof tables>>>;
  beforeAll(async () => {
    made = await withTables(engine, tables, { maintain: false });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  afterAll(() => made.remove());

  const write = (note: string) =>
    made.db.session(async (s) => {
      await s.insert(events, { note });
      return (await s.insert(letters, { note })).id;
    });

  test('leaves the ids of one process in the order in which they were made', async () => {
    const ids = [await write('before')];
    for (const by of [...jumps, 0]) {
      setClock(by);
      ids.push(await write('then'), await write('then'));
      vi.useRealTimers();
    }
    ids.push(await write('after'));
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('lets no insert fail, and rows are in the partitions of their months once it is right', async () => {
    const { db } = made;
    const here = [events];
    for (const by of jumps) {
      await maintain(db.engine, here, new Date(Date.now() + by));
      await write('during');
    }
    await maintain(db.engine, here, new Date());
    await write('afterwards');
    const found = await listPartitions(db.engine, db.system);
    const now = new Date().toISOString();
    const ofNow = found.flatMap(({ partitions }) =>
      partitions.filter(({ from, to }) => from && to && from <= now && now < to),
    );
    const left = await db.engine.asOwner(({ run }) =>
      sqlOf(engine) === 'postgres'
        ? run('SELECT id FROM events_default')
        : run('SELECT id FROM events WHERE false'),
    );
    expect(left).toEqual([]);
    expect(ofNow).toHaveLength(sqlOf(engine) === 'postgres' ? 1 : 0);
    expect((await maintain(db.engine, here, new Date())).done).toEqual([]);
  });

  test('a process whose clock was ahead looks for partitions again when it is set back', async () => {
    const looked: string[] = [];
    const { db } = made;
    const maintenance = new Maintenance();
    for (const by of [20 * year, 20 * year, 0, 0, 50 * year]) {
      const before = maintenance.ended;
      maintenance.runWhenDue(db.engine, { events }, new Date(Date.now() + by));
      await maintenance.ended;
      looked.push(maintenance.ended === before ? 'not due' : 'looked');
    }
    // on SQLite there is nothing to do, ever
    expect(looked).toEqual([
      'looked',
      'not due',
      'looked',
      'not due',
      sqlOf(engine) === 'postgres' ? 'looked' : 'not due',
    ]);
  });

  test('purges nothing that has not expired by the database’s clock too', async () => {
    const { db } = made;
    await write('kept');
    const kept = () => db.engine.asOwner(({ run }) => run("SELECT id FROM letters WHERE note = 'kept'"));
    setClock(10 * year);
    const { purged } = await purge(db.engine, db.system);
    vi.useRealTimers();
    // the clock of PGlite is that of the process: where it is ahead, rows are purged early, as docs/clocks.md says
    const isOne = engine.name === 'pglite';
    expect(purged.length).toBe(isOne ? 1 : 0);
    expect(await kept()).toHaveLength(isOne ? 0 : 1);
    setClock(-10 * year);
    expect((await purge(db.engine, db.system)).purged).toEqual([]);
  });
});
