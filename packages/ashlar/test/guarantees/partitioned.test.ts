import { createdAt, id, index, primaryKey, type Table, table } from 'ashlar';
import type { MaintenanceReport } from 'ashlar/extend';
import { appendOnly, lifecycle, partitioned } from 'ashlar/guarantees';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf } from '../../../../test/support/engines.js';
import { type Fixture, openFixture, rootMessage } from './setup.js';

const { engines } = oneOfEach(import.meta.url);

const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const events = table('events', { id: id(), at: createdAt(), note: z.string().default('') }, (c) => [
  primaryKey(c.id, c.at),
  index(c.note, c.at),
  // partitioned is declared before append-only, whose objects each partition needs
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

const maintain = (fixture: Fixture, of: Table, now: Date): Promise<MaintenanceReport> => {
  const enforcement = of.guarantees.find((guarantee) => guarantee.name === 'partitioned')?.[
    fixture.engine.dialect.name
  ];
  if (!enforcement || enforcement.level === 'refused' || !enforcement.maintain)
    return Promise.resolve({ done: [], goodUntil: undefined });
  const { maintain } = enforcement;
  return fixture.engine.asOwner((owner) =>
    maintain(of, { now, atomically: (work, options) => owner.atomically(() => work(owner.run), options) }),
  );
};

let n = 0;
const insert = async (fixture: Fixture, ...times: string[]): Promise<void> => {
  for (const at of times) await fixture.run(`INSERT INTO events (id, at) VALUES ('${uuid(++n)}', '${at}')`);
};
const partitionNames = async (fixture: Fixture, of = 'events'): Promise<string[]> =>
  (await fixture.engine.asOwner((owner) => fixture.engine.partitions(owner, of)))
    .map((partition) => partition.name)
    .sort();
const perPartition = async (fixture: Fixture): Promise<Record<string, number>> =>
  Object.fromEntries(
    (
      await fixture.run(
        'SELECT tableoid::regclass::text AS name, count(*)::text AS rows FROM events GROUP BY 1 ORDER BY 1',
      )
    ).map((row) => [row.name, Number(row.rows)]),
  );
const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing',
    (error: unknown) => rootMessage(error),
  );

let fixture: Fixture;
const opened = async (
  engine: (typeof engines)[number],
  tables: readonly unknown[] = [events],
): Promise<Fixture> => {
  fixture = await openFixture(engine, tables as Table[]);
  return fixture;
};
afterEach(() => fixture.close());

describe.each(engines)('partitioned on $name', (engine) => {
  it('accepts rows of any month, before the first and long after the last maintenance', async () => {
    await opened(engine);
    await insert(fixture, '2026-11-22T00:00:00.000Z');
    await maintain(fixture, events as unknown as Table, november);
    await insert(fixture, '2026-11-23T00:00:00.000Z', '2028-03-09T00:00:00.000Z', '1999-12-31T23:59:59.999Z');
    await maintain(fixture, events as unknown as Table, later);
    await insert(fixture, '2028-03-11T00:00:00.000Z');
    expect(await fixture.rows('events')).toHaveLength(5);
    expect(await maintain(fixture, events as unknown as Table, later)).toMatchObject({ done: [] });
  });
});

describe.each(engines.filter((each) => sqlOf(each) === 'sqlite'))('partitioned on $name', (engine) => {
  it('creates one index that begins with the partition column', async () => {
    await opened(engine);
    expect(await fixture.run("SELECT name FROM sqlite_master WHERE name = 'events_at_idx'")).toHaveLength(1);
  });
});

describe.each(engines.filter((each) => sqlOf(each) === 'postgres'))('partitioned on $name', (engine) => {
  const table = events as unknown as Table;

  it('maintenance creates the months ahead once', async () => {
    await opened(engine);
    const report = await maintain(fixture, table, november);
    expect(report.done).toHaveLength(15);
    expect(report.done[0]).toBe('events: partition events_2026_11 created');
    expect(report.goodUntil).toEqual(new Date('2027-12-03T00:00:00.000Z'));
    expect(await partitionNames(fixture)).toEqual([
      ...Array.from(
        { length: 15 },
        (_, at) => `events_${new Date(Date.UTC(2026, 10 + at)).toISOString().slice(0, 7).replace('-', '_')}`,
      ),
      'events_default',
    ]);
    await insert(fixture, '2026-11-01T00:00:00.000Z', '2026-11-30T23:59:59.999Z', '2026-12-01T00:00:00.000Z');
    expect(await perPartition(fixture)).toEqual({ events_2026_11: 2, events_2026_12: 1 });
    expect(await fixture.run("SELECT 1 FROM pg_constraint WHERE conname LIKE '%_range'")).toEqual([]);
  });

  it('maintenance turns the default partition into a partition of its months and deletes no row', async () => {
    await opened(engine);
    await maintain(fixture, table, november);
    await insert(fixture, '2028-02-10T00:00:00.000Z', '2028-03-09T00:00:00.000Z', '2026-11-05T00:00:00.000Z');
    const before = await fixture.rows('events');
    const [{ oid } = {}] = await fixture.run("SELECT 'events_default'::regclass::oid::text AS oid");
    const report = await maintain(fixture, table, later);
    expect(report.done[0]).toBe('events: the default partition, with 2 rows, became events_2028_02_2028_03');
    expect(await fixture.rows('events')).toEqual(before);
    expect(await perPartition(fixture)).toEqual({ events_2026_11: 1, events_2028_02_2028_03: 2 });
    expect(await fixture.run("SELECT 'events_2028_02_2028_03'::regclass::oid::text AS oid")).toEqual([
      { oid },
    ]);
    expect(report.goodUntil).toEqual(new Date(Date.UTC(2029, 5, 1) - 60 * 86_400_000));
    expect((await maintain(fixture, table, later)).done).toEqual([]);
    expect(
      await fixture.run(
        "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = 'events_default'::regclass AND indisprimary",
      ),
    ).toEqual([{ name: 'events_default_pkey' }]);
  });

  it('a partition of one past month is named after that month', async () => {
    await opened(engine);
    await insert(fixture, '2026-03-10T00:00:00.000Z', '2026-03-31T23:59:59.999Z');
    await maintain(fixture, table, november);
    expect(await perPartition(fixture)).toEqual({ events_2026_03: 2 });
  });

  it('maintenance copies and counts rows whose months lie around other partitions', async () => {
    await opened(engine, [events, tasks]);
    await maintain(fixture, table, november);
    await insert(fixture, '2026-10-31T23:00:00.000Z', '2028-02-01T00:00:00.000Z', '2028-02-29T00:00:00.000Z');
    const before = await fixture.rows('events');
    const report = await maintain(fixture, table, later);
    expect(report.done.slice(0, 2)).toEqual([
      'events: 1 rows of the default partition were copied to events_2026_10',
      'events: 2 rows of the default partition were copied to events_2028_02',
    ]);
    expect(await fixture.rows('events')).toEqual(before);
    expect(await perPartition(fixture)).toEqual({ events_2026_10: 1, events_2028_02: 2 });

    // a copied row is not a new row: a guarantee on inserts must accept it
    await maintain(fixture, tasks as unknown as Table, november);
    await fixture.run(
      `INSERT INTO tasks VALUES ('${uuid(901)}', '2026-01-01', 'new'), ('${uuid(902)}', '2027-06-01', 'new')`,
    );
    await fixture.run("UPDATE tasks SET state = 'done'");
    await maintain(fixture, tasks as unknown as Table, new Date('2027-06-02T00:00:00.000Z'));
    expect(await fixture.rows('tasks')).toMatchObject([{ state: 'done' }, { state: 'done' }]);
  });

  it('rows beyond the created months get their own partitions; the months between are created later', async () => {
    await opened(engine);
    await maintain(fixture, table, november);
    await insert(fixture, '2028-03-01T00:00:00.000Z');
    await maintain(fixture, table, november);
    expect(await perPartition(fixture)).toEqual({ events_2028_03: 1 });
    await insert(fixture, '2030-01-31T23:59:59.999Z', '2033-06-01T00:00:00.000Z');
    const before = await fixture.rows('events');
    await maintain(fixture, table, november);
    expect(await perPartition(fixture)).toEqual({ events_2028_03: 1, events_2030_01: 1, events_2033_06: 1 });
    expect(await fixture.rows('events')).toEqual(before);
    const later = new Date('2030-01-02T00:00:00.000Z');
    expect((await maintain(fixture, table, later)).done.join()).toMatch(/events_2029|events_2030_02/);
    expect((await maintain(fixture, table, later)).done).toEqual([]);
  });

  it('rows of the far future stay in the default partition', async () => {
    await opened(engine);
    await maintain(fixture, table, november);
    await insert(fixture, '2099-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');
    const before = await fixture.rows('events');
    await maintain(fixture, table, november);
    expect(await fixture.rows('events')).toEqual(before);
    expect(await perPartition(fixture)).toEqual({ events_2026_01: 1, events_default: 1 });
    expect((await maintain(fixture, table, november)).done).toEqual([]);
  });

  it('append-only refuses changes in every partition', async () => {
    await opened(engine);
    await insert(fixture, '2026-03-10T00:00:00.000Z');
    await maintain(fixture, table, november);
    await insert(fixture, '2026-11-05T00:00:00.000Z');
    await maintain(fixture, table, november);
    for (const partition of await partitionNames(fixture)) {
      for (const role of ['origin', 'replica']) {
        await fixture.run(`SET session_replication_role = ${role}`);
        expect(await refusal(fixture.run(`TRUNCATE ${partition}`)), partition).toMatch(
          /^ashlar\/append-only: /,
        );
        await fixture.run('RESET session_replication_role');
      }
    }
    const replica = (sql: string) =>
      fixture.engine.asOwner((owner) =>
        owner.atomically(async () => {
          await owner.run('SET LOCAL session_replication_role = replica');
          await owner.run(sql);
        }),
      );
    for (const partition of ['events_2026_03', 'events_2026_11']) {
      for (const sql of [`DELETE FROM ${partition}`, `UPDATE ${partition} SET note = 'z'`]) {
        expect(await refusal(fixture.run(sql))).toMatch(/^ashlar\/append-only: /);
        expect(await refusal(replica(sql))).toMatch(/^ashlar\/append-only: /);
        expect(await refusal(replica(`TRUNCATE ${partition}`))).toMatch(/^ashlar\/append-only: /);
      }
    }
    expect(await fixture.rows('events')).toHaveLength(2);
  });

  it('maintenance restores missing partitions and triggers', async () => {
    await opened(engine);
    await maintain(fixture, table, november);
    await fixture.run('DROP TRIGGER events_2026_12_append_only_truncate ON events_2026_12');
    await fixture.run('ALTER TABLE events_2027_01 DISABLE TRIGGER events_append_only_delete');
    await fixture.run('ALTER TABLE events_default ENABLE TRIGGER events_default_append_only_truncate');
    await fixture.run('ALTER TABLE events DETACH PARTITION events_2027_02');
    await fixture.run('DROP TABLE events_2027_02');
    await fixture.run('DROP TABLE events_2027_03');
    expect((await maintain(fixture, table, november)).done).toEqual([
      'events: partition events_2027_02 created',
      'events: partition events_2027_03 created',
      'events_2026_12: the trigger events_2026_12_append_only_truncate was missing and is created again',
      expect.stringContaining('was not set to ENABLE ALWAYS and is enabled again'),
      expect.stringContaining('was not set to ENABLE ALWAYS and is enabled again'),
    ]);
    expect((await maintain(fixture, table, november)).done).toEqual([]);
    expect(await refusal(fixture.run('TRUNCATE events_2026_12'))).toMatch(/^ashlar\/append-only: /);
  });

  it('maintenance restores a missing default partition and rejects a taken partition name', async () => {
    await opened(engine);
    await fixture.run('DROP TABLE events_default');
    await fixture.run('CREATE TABLE events_2027_01 (id int)');
    await expect(maintain(fixture, table, november)).rejects.toMatchObject({ code: 'partition-conflict' });
    await insert(fixture, '2027-01-05T00:00:00.000Z');
    await fixture.run('DROP TABLE events_2027_01');
    await maintain(fixture, table, november);
    expect(await perPartition(fixture)).toEqual({ events_2027_01: 1 });
  });
});

describe.each(engines.filter(({ name }) => name === 'postgres'))(
  'partitioned with concurrent sessions on $name',
  (engine) => {
    const table = events as unknown as Table;

    it('several processes can maintain a table during inserts', async () => {
      await opened(engine);
      await insert(fixture, '2026-08-01T00:00:00.000Z');
      let running = true;
      const writers = [1, 2].map(async () => {
        let written = 0;
        for (; running; written++) await insert(fixture, '2026-11-22T12:00:00.000Z');
        return written;
      });
      const reports = await Promise.all([1, 2, 3].map(() => maintain(fixture, table, november)));
      running = false;
      const written = (await Promise.all(writers)).reduce((sum, count) => sum + count, 1);
      const done = reports.flatMap((report) => report.done);
      expect(new Set(done).size).toBe(done.length);
      await maintain(fixture, table, november);
      expect(await fixture.rows('events')).toHaveLength(written);
      expect(await fixture.run('SELECT 1 FROM events_default')).toEqual([]);
    });

    it('maintenance does not block inserts behind a long reader and finishes after it', async () => {
      await opened(engine);
      const reader = await fixture.engine.begin({ mode: 'read', actor: null, scope: null });
      await reader.execute('SELECT count(*) FROM events', []);
      const maintained = maintain(fixture, table, november);
      await new Promise((resolve) => setTimeout(resolve, 700));
      await insert(fixture, '2026-11-22T12:00:00.000Z');
      await reader.commit();
      expect((await maintained).done.length).toBeGreaterThanOrEqual(15);
      await maintain(fixture, table, november);
      expect(await perPartition(fixture)).toEqual(expect.objectContaining({}));
      expect(await fixture.run('SELECT 1 FROM events_default')).toEqual([]);
    });

    it('attaching a partition does not scan it', async () => {
      await opened(engine);
      const { default: pg } = await import('pg');
      const client = new pg.Client(fixture.place.url);
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
