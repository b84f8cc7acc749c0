import { connect, Database } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engines, type Place, sqlOf } from '../../../../test/support/engines.js';
import { drift, up } from '../../src/migrations/index.js';
import { discardMove, type MoveOptions, type MoveProgress, move } from '../../src/move/index.js';
import { failuresOf } from '../../src/prove/index.js';
import type { Folder } from '../migrations/folder.js';
import { contents, type Depot, type DepotDatabase, fillDepot, makeDepot, tenant } from './depot.js';

const sources = engines.filter((engine) => sqlOf(engine) === 'sqlite');
const targets = engines.filter((engine) => sqlOf(engine) === 'postgres');
const pairs = sources.flatMap((from) =>
  targets.map((to) => ({ from, to, name: `${from.name} → ${to.name}` })),
);

let depot: Depot;
let folder: Folder;
beforeAll(async () => {
  ({ system: depot, folder } = await makeDepot());
});
afterAll(() => folder.remove());

describe.each(pairs)('move $name', ({ from, to }) => {
  let places: [Place, Place];
  let db: DepotDatabase;
  let target: Engine;

  const openSource = async (): Promise<DepotDatabase> => {
    const [{ url, key }] = places;
    return connect(depot, { url, key, migrations: 'ignore' });
  };
  beforeEach(async () => {
    places = [await from.place(), await to.place()];
    db = await openSource();
    await up(db.engine, depot);
    await fillDepot(db);
    target = await openEngine({ url: places[1].url });
  });
  afterEach(async () => {
    await db.close();
    await target.close();
    for (const place of places) await place.remove();
  });

  const moving = (options: MoveOptions = {}) =>
    move(db.engine, target, [depot], { prove: false, ...options });
  const stopped = class extends Error {};
  /** Ends a run at the first commit for which `isHere` is true; returns `false` if there was none. */
  const stopAt = async (isHere: (progress: MoveProgress) => boolean, options: MoveOptions = {}) => {
    try {
      await moving({
        ...options,
        onProgress: (progress) => {
          if (isHere(progress)) throw new stopped();
        },
      });
      return false;
    } catch (error) {
      if (error instanceof stopped) return true;
      throw error;
    }
  };
  const stopAfter = (commits: number): Promise<boolean> => {
    let left = commits;
    return stopAt(() => left-- === 0);
  };

  test('takes every row, and the guarantees hold there', async () => {
    const before = await contents(db);
    const report = await moving({ prove: true });
    expect(report).toMatchObject({ resumed: false, complete: false, others: [] });
    expect(report.tables.map(({ table, rows }) => [table, rows])).toEqual([
      ['kinds', 40],
      ['changes', 60],
      ['sites', 3],
      ['orders', 40],
      ['notes', 40],
    ]);
    expect(report.reports.flatMap(failuresOf)).toEqual([]);
    expect(report.reports.flatMap(({ tables }) => tables).length).toBeGreaterThan(0);
    const moved = new Database(target, depot, {});
    expect(await contents(moved)).toEqual(before);
    expect(await moving()).toMatchObject({ complete: true });
    await expect(discardMove(target)).rejects.toMatchObject({ code: 'move-refused' });
  });

  test('goes on with the numbers of the source, also with those of deleted rows', async () => {
    const { sites } = await contents(db);
    const site = sites[0]?.id ?? '';
    const insert = (at: DepotDatabase) =>
      at.session({ actor: 'jan', scope: null }, (s) =>
        s.insert(depot.tables.orders, { site_id: site, note: null }),
      );
    await db.session({ actor: 'jan', scope: null }, (s) => s.delete(depot.tables.orders, 40));
    const report = await moving();
    expect(report.generators).toEqual([
      { table: 'changes', next: '62' },
      { table: 'orders', next: '41' },
      { table: 'notes', next: '41' },
    ]);
    expect((await insert(new Database(target, depot, {}))).id).toBe(41);
  });

  test('stopped after each of its commits, it goes on and ends with the same database', async () => {
    await db.session({ actor: 'jan', scope: tenant }, (s) =>
      s.insertMany(
        depot.tables.notes,
        Array.from({ length: 5_000 }, (_, n) => ({ tenant, body: `more ${n}` })),
      ),
    );
    const before = await contents(db);
    const seen = new Set<string>();
    // each run gets one commit further than the one before it
    const isNew = (progress: MoveProgress): boolean => seen.size < seen.add(JSON.stringify(progress)).size;
    while (await stopAt(isNew, { transactionRows: 1_000 }))
      await expect(up(target, depot)).rejects.toMatchObject({ code: 'database-incoming' });
    const stops = [...seen].map((text) => (JSON.parse(text) as MoveProgress).phase);
    expect(stops.filter((phase) => phase === 'load').length).toBeGreaterThan(8);
    expect(stops.filter((phase) => phase === 'objects').length).toBeGreaterThan(20);
    expect(await contents(new Database(target, depot, {}))).toEqual(before);
    expect(await drift(target, depot)).toEqual([]);
    expect(await moving({ prove: true })).toMatchObject({ complete: true });
  });

  test('a source that went on between two runs is loaded again where it differs', async () => {
    await stopAfter(6);
    await db.session({ actor: 'jan', scope: tenant }, async (s) => {
      await s.update(depot.tables.kinds, '0190a0b0-0000-7000-8000-000000001000', { words: 'later' });
      await s.insert(depot.tables.notes, { tenant, body: 'later' });
    });
    await db.engine.vacuum([]);
    const report = await moving();
    expect(report.resumed).toBe(true);
    expect(await contents(new Database(target, depot, {}))).toEqual(await contents(db));
  });

  test('a writer during the move leaves the target marked, and the next run ends it', async () => {
    let isWritten = false;
    const writing = moving({
      onProgress: ({ phase }) => {
        if (phase !== 'compare' || isWritten) return;
        isWritten = true;
        db.sync?.session({ actor: 'jan', scope: tenant }, (s) =>
          s.insert(depot.tables.notes, { tenant, body: 'late' }),
        );
      },
    });
    await expect(writing).rejects.toMatchObject({ code: 'move-source-changed' });
    await expect(up(target, depot)).rejects.toMatchObject({ code: 'database-incoming' });
    expect(await moving()).toMatchObject({ resumed: true, complete: false });
    expect(await contents(new Database(target, depot, {}))).toEqual(await contents(db));
  });

  test('is refused into rows, and from another source', async () => {
    await stopAfter(5);
    const other = await from.place();
    const second = await connect(depot, { url: other.url, key: other.key, migrations: 'ignore' });
    try {
      await up(second.engine, depot);
      await expect(move(second.engine, target, [depot])).rejects.toMatchObject({ code: 'move-source-other' });
      await moving();
      await expect(move(second.engine, target, [depot])).rejects.toMatchObject({
        code: 'move-target-not-empty',
      });
    } finally {
      await second.close();
      await other.remove();
    }
  });

  test('is given up by discard, after each of its commits, and can start again', async () => {
    for (let commits = 0; await stopAfter(commits); commits += 4) {
      await discardMove(target);
      const schema = await target.asOwner((owner) => target.introspect(owner));
      expect(schema.tables).toEqual([]);
      expect(schema.functions).toEqual([]);
    }
    expect(await contents(new Database(target, depot, {}))).toEqual(await contents(db));
  });
});
