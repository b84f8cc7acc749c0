import { createdAt, id, index, type MaintenanceReport, primaryKey, type Table, table } from 'ashlar';
import { appendOnly, lifecycle, partitioned } from 'ashlar/guarantees';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { openWorld, rootMessage, type World } from './setup.js';

const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const events = table('events', { id: id(), at: createdAt(), note: z.string().default('') }, (c) => [
  primaryKey(c.id, c.at),
  index(c.note, c.at),
  // declared before the guarantee whose objects each partition needs
  partitioned(c.at, { by: 'month', ahead: 14 }),
  appendOnly(),
]);
const tasks = table('tasks', { id: id(), at: createdAt(), state: z.enum(['new', 'done']) }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month', ahead: 3 }),
  lifecycle(c.state, { new: ['done'] }, { initial: 'new' }),
]);

const november = new Date('2026-11-22T12:00:00.000Z');
const later = new Date('2028-03-10T12:00:00.000Z');

const maintain = (world: World, of: Table, now: Date): Promise<MaintenanceReport> => {
  const enforcement = of.guarantees.find((guarantee) => guarantee.name === 'partitioned')?.[
    world.engine.dialect.name
  ];
  if (!enforcement || enforcement.level === 'refused' || !enforcement.maintain)
    return Promise.resolve({ done: [], goodUntil: undefined });
  const { maintain } = enforcement;
  return world.engine.asOwner((owner) =>
    maintain(of, { now, atomically: (work, options) => owner.atomically(() => work(owner.run), options) }),
  );
};

let n = 0;
const insert = async (world: World, ...moments: string[]): Promise<void> => {
  for (const at of moments) await world.run(`INSERT INTO events (id, at) VALUES ('${uuid(++n)}', '${at}')`);
};
const partitionNames = async (world: World, of = 'events'): Promise<string[]> =>
  (await world.engine.asOwner((owner) => world.engine.partitions(owner, of)))
    .map((partition) => partition.name)
    .sort();
const perPartition = async (world: World): Promise<Record<string, number>> =>
  Object.fromEntries(
    (
      await world.run(
        'SELECT tableoid::regclass::text AS name, count(*)::text AS rows FROM events GROUP BY 1 ORDER BY 1',
      )
    ).map((row) => [row.name, Number(row.rows)]),
  );
const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing',
    (error: unknown) => rootMessage(error),
  );

let world: World;
const opened = async (
  engine: (typeof engines)[number],
  tables: readonly unknown[] = [events],
): Promise<World> => {
  world = await openWorld(engine, tables as Table[]);
  return world;
};
afterEach(() => world.close());

describe.each(engines)('partitioned on $name', (engine) => {
  it('takes rows of any month, before maintenance and fourteen months after the last', async () => {
    await opened(engine);
    await insert(world, '2026-11-22T00:00:00.000Z');
    await maintain(world, events as unknown as Table, november);
    await insert(world, '2026-11-23T00:00:00.000Z', '2028-03-09T00:00:00.000Z', '1999-12-31T23:59:59.999Z');
    await maintain(world, events as unknown as Table, later);
    await insert(world, '2028-03-11T00:00:00.000Z');
    expect(await world.rows('events')).toHaveLength(5);
    expect(await maintain(world, events as unknown as Table, later)).toMatchObject({ done: [] });
  });
});

describe.each(engines.filter((each) => sqlOf(each) === 'sqlite'))('partitioned on $name', (engine) => {
  it('has an index that begins with the column, once', async () => {
    await opened(engine);
    expect(await world.run("SELECT name FROM sqlite_master WHERE name = 'events_at_idx'")).toHaveLength(1);
  });
});

describe.each(engines.filter((each) => sqlOf(each) === 'postgres'))('partitioned on $name', (engine) => {
  const table = events as unknown as Table;

  it('makes the months ahead, once', async () => {
    await opened(engine);
    const report = await maintain(world, table, november);
    expect(report.done).toHaveLength(15);
    expect(report.done[0]).toBe('events: partition events_2026_11 created');
    expect(report.goodUntil).toEqual(new Date('2027-12-03T00:00:00.000Z'));
    expect(await partitionNames(world)).toEqual([
      ...Array.from(
        { length: 15 },
        (_, at) => `events_${new Date(Date.UTC(2026, 10 + at)).toISOString().slice(0, 7).replace('-', '_')}`,
      ),
      'events_default',
    ]);
    await insert(world, '2026-11-01T00:00:00.000Z', '2026-11-30T23:59:59.999Z', '2026-12-01T00:00:00.000Z');
    expect(await perPartition(world)).toEqual({ events_2026_11: 2, events_2026_12: 1 });
    expect(await world.run("SELECT 1 FROM pg_constraint WHERE conname LIKE '%_range'")).toEqual([]);
  });

  it('rotates what the default partition caught into one partition, and deletes nothing', async () => {
    await opened(engine);
    await maintain(world, table, november);
    await insert(world, '2028-02-10T00:00:00.000Z', '2028-03-09T00:00:00.000Z', '2026-11-05T00:00:00.000Z');
    const before = await world.rows('events');
    const [{ oid } = {}] = await world.run("SELECT 'events_default'::regclass::oid::text AS oid");
    const report = await maintain(world, table, later);
    expect(report.done[0]).toBe('events: the default partition, with 2 rows, became events_2028_02_2028_03');
    expect(await world.rows('events')).toEqual(before);
    expect(await perPartition(world)).toEqual({ events_2026_11: 1, events_2028_02_2028_03: 2 });
    expect(await world.run("SELECT 'events_2028_02_2028_03'::regclass::oid::text AS oid")).toEqual([{ oid }]);
    expect(report.goodUntil).toEqual(new Date(Date.UTC(2029, 5, 1) - 60 * 86_400_000));
    expect((await maintain(world, table, later)).done).toEqual([]);
    expect(
      await world.run(
        "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = 'events_default'::regclass AND indisprimary",
      ),
    ).toEqual([{ name: 'events_default_pkey' }]);
  });

  it('names a single month after itself, and takes old months too', async () => {
    await opened(engine);
    await insert(world, '2026-03-10T00:00:00.000Z', '2026-03-31T23:59:59.999Z');
    await maintain(world, table, november);
    expect(await perPartition(world)).toEqual({ events_2026_03: 2 });
  });

  it('copies and counts where the months of the default lie around other partitions', async () => {
    await opened(engine, [events, tasks]);
    await maintain(world, table, november);
    await insert(world, '2026-10-31T23:00:00.000Z', '2028-02-01T00:00:00.000Z', '2028-02-29T00:00:00.000Z');
    const before = await world.rows('events');
    const report = await maintain(world, table, later);
    expect(report.done.slice(0, 2)).toEqual([
      'events: 1 rows of the default partition were copied to events_2026_10',
      'events: 2 rows of the default partition were copied to events_2028_02',
    ]);
    expect(await world.rows('events')).toEqual(before);
    expect(await perPartition(world)).toEqual({ events_2026_10: 1, events_2028_02: 2 });

    // a guarantee on inserts does not take a copy for a new row
    await maintain(world, tasks as unknown as Table, november);
    await world.run(
      `INSERT INTO tasks VALUES ('${uuid(901)}', '2026-01-01', 'new'), ('${uuid(902)}', '2027-06-01', 'new')`,
    );
    await world.run("UPDATE tasks SET state = 'done'");
    await maintain(world, tasks as unknown as Table, new Date('2027-06-02T00:00:00.000Z'));
    expect(await world.rows('tasks')).toMatchObject([{ state: 'done' }, { state: 'done' }]);
  });

  it('gives rows that are ahead of the months made their own months, and leaves those between to come', async () => {
    await opened(engine);
    await maintain(world, table, november);
    await insert(world, '2028-03-01T00:00:00.000Z');
    await maintain(world, table, november);
    expect(await perPartition(world)).toEqual({ events_2028_03: 1 });
    await insert(world, '2030-01-31T23:59:59.999Z', '2033-06-01T00:00:00.000Z');
    const before = await world.rows('events');
    await maintain(world, table, november);
    expect(await perPartition(world)).toEqual({ events_2028_03: 1, events_2030_01: 1, events_2033_06: 1 });
    expect(await world.rows('events')).toEqual(before);
    const later = new Date('2030-01-02T00:00:00.000Z');
    expect((await maintain(world, table, later)).done.join()).toMatch(/events_2029|events_2030_02/);
    expect((await maintain(world, table, later)).done).toEqual([]);
  });

  it('leaves rows of a far future, or of no month at all, where they are', async () => {
    await opened(engine);
    await maintain(world, table, november);
    await insert(world, '2099-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');
    const before = await world.rows('events');
    await maintain(world, table, november);
    expect(await world.rows('events')).toEqual(before);
    expect(await perPartition(world)).toEqual({ events_2026_01: 1, events_default: 1 });
    expect((await maintain(world, table, november)).done).toEqual([]);
  });

  it('refuses changes on every partition, made ahead or rotated', async () => {
    await opened(engine);
    await insert(world, '2026-03-10T00:00:00.000Z');
    await maintain(world, table, november);
    await insert(world, '2026-11-05T00:00:00.000Z');
    await maintain(world, table, november);
    for (const partition of await partitionNames(world)) {
      for (const role of ['origin', 'replica']) {
        await world.run(`SET session_replication_role = ${role}`);
        expect(await refusal(world.run(`TRUNCATE ${partition}`)), partition).toMatch(
          /^ashlar\/append-only: /,
        );
        await world.run('RESET session_replication_role');
      }
    }
    const replica = (sql: string) =>
      world.engine.asOwner((owner) =>
        owner.atomically(async () => {
          await owner.run('SET LOCAL session_replication_role = replica');
          await owner.run(sql);
        }),
      );
    for (const partition of ['events_2026_03', 'events_2026_11']) {
      for (const sql of [`DELETE FROM ${partition}`, `UPDATE ${partition} SET note = 'z'`]) {
        expect(await refusal(world.run(sql))).toMatch(/^ashlar\/append-only: /);
        expect(await refusal(replica(sql))).toMatch(/^ashlar\/append-only: /);
        expect(await refusal(replica(`TRUNCATE ${partition}`))).toMatch(/^ashlar\/append-only: /);
      }
    }
    expect(await world.rows('events')).toHaveLength(2);
  });

  it('repairs partitions that lack what the guarantees need', async () => {
    await opened(engine);
    await maintain(world, table, november);
    await world.run('DROP TRIGGER events_2026_12_append_only_truncate ON events_2026_12');
    await world.run('ALTER TABLE events_2027_01 DISABLE TRIGGER events_append_only_delete');
    await world.run('ALTER TABLE events_default ENABLE TRIGGER events_default_append_only_truncate');
    await world.run('ALTER TABLE events DETACH PARTITION events_2027_02');
    await world.run('DROP TABLE events_2027_02');
    await world.run('DROP TABLE events_2027_03');
    expect((await maintain(world, table, november)).done).toEqual([
      'events: partition events_2027_02 created',
      'events: partition events_2027_03 created',
      'events_2026_12: the trigger events_2026_12_append_only_truncate was missing and is created again',
      expect.stringContaining('did not always fire and is enabled again'),
      expect.stringContaining('did not always fire and is enabled again'),
    ]);
    expect((await maintain(world, table, november)).done).toEqual([]);
    expect(await refusal(world.run('TRUNCATE events_2026_12'))).toMatch(/^ashlar\/append-only: /);
  });

  it('makes a default partition where there is none, and says so of a name that is taken', async () => {
    await opened(engine);
    await world.run('DROP TABLE events_default');
    await world.run('CREATE TABLE events_2027_01 (id int)');
    await expect(maintain(world, table, november)).rejects.toMatchObject({ code: 'partition-conflict' });
    await insert(world, '2027-01-05T00:00:00.000Z');
    await world.run('DROP TABLE events_2027_01');
    await maintain(world, table, november);
    expect(await perPartition(world)).toEqual({ events_2027_01: 1 });
  });
});

describe.each(engines.filter(({ name }) => name === 'postgres'))(
  'partitioned among sessions of $name',
  (engine) => {
    const table = events as unknown as Table;

    it('may be maintained by several at once, while rows come in', async () => {
      await opened(engine);
      await insert(world, '2026-08-01T00:00:00.000Z');
      let going = true;
      const writers = [1, 2].map(async () => {
        let written = 0;
        for (; going; written++) await insert(world, '2026-11-22T12:00:00.000Z');
        return written;
      });
      const reports = await Promise.all([1, 2, 3].map(() => maintain(world, table, november)));
      going = false;
      const written = (await Promise.all(writers)).reduce((sum, count) => sum + count, 1);
      const done = reports.flatMap((report) => report.done);
      expect(new Set(done).size).toBe(done.length);
      await maintain(world, table, november);
      expect(await world.rows('events')).toHaveLength(written);
      expect(await world.run('SELECT 1 FROM events_default')).toEqual([]);
    });

    it('gives up a lock that a long reader holds, and goes on when it is free', async () => {
      await opened(engine);
      const reader = await world.engine.begin({ mode: 'read', actor: null, scope: null });
      await reader.execute('SELECT count(*) FROM events', []);
      const maintained = maintain(world, table, november);
      await new Promise((resolve) => setTimeout(resolve, 700));
      await insert(world, '2026-11-22T12:00:00.000Z');
      await reader.commit();
      expect((await maintained).done.length).toBeGreaterThanOrEqual(15);
      await maintain(world, table, november);
      expect(await perPartition(world)).toEqual(expect.objectContaining({}));
      expect(await world.run('SELECT 1 FROM events_default')).toEqual([]);
    });

    it('is not scanned to become a partition', async () => {
      await opened(engine);
      const { default: pg } = await import('pg');
      const client = new pg.Client(world.place.url);
      const notices: string[] = [];
      client.on('notice', (notice) => notices.push(notice.message ?? ''));
      await client.connect();
      try {
        await client.query('SET client_min_messages = debug1');
        const enforcement = table.guarantees[0]?.postgres;
        if (!enforcement || enforcement.level === 'refused') expect.unreachable();
        await enforcement.maintain?.(table, {
          now: november,
          atomically: async (work) => {
            await client.query('BEGIN');
            const result = await work(
              async (sql, parameters) => (await client.query(sql, parameters?.slice())).rows ?? [],
            );
            await client.query('COMMIT');
            return result;
          },
        });
      } finally {
        await client.end();
      }
      expect(notices.join('\n')).toContain(
        'partition constraint for table "events_2026_11" is implied by existing constraints',
      );
    });
  },
);
