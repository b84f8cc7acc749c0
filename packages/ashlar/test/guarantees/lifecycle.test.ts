import { createdAt, id, index, primaryKey, type Table, table, unique } from 'ashlar';
import { lifecycle, partitioned } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { type Attack, openWorld, refuses, type World } from './setup.js';

const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const statuses = ['pending', 'running', 'completed', "can't"] as const;
const transitions = { pending: ['running'], running: ['completed', 'pending', "can't"] };

const jobs = table(
  'jobs',
  { id: id(), line: z.int(), part: z.int().default(0), status: z.enum(statuses).default('pending') },
  (c) => [
    unique(c.line, c.part),
    index(c.line, { unique: true, where: "status = 'running'" }),
    lifecycle(c.status, transitions, { initial: 'pending' }),
  ],
);
const monthly = table('monthly', { id: id(), at: createdAt(), status: z.enum(['new', 'old']) }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month' }),
  lifecycle(c.status, { new: ['old'] }, { initial: ['new'] }),
]);

const row = (n: number, line: number): string => `INSERT INTO jobs (id, line) VALUES ('${uuid(n)}', ${line})`;
const move = (n: number, status: string): string =>
  `UPDATE jobs SET status = '${status.replace("'", "''")}' WHERE id = '${uuid(n)}'`;
const seed = [
  ...[row(1, 1), row(2, 2), move(2, 'running'), move(2, 'completed')],
  `INSERT INTO monthly (id, status) VALUES ('${uuid(1)}', 'new')`,
  `UPDATE monthly SET status = 'old'`,
];

const attacks: readonly Attack[] = [
  {
    name: 'a step that is not declared',
    sql: move(1, 'completed'),
    by: /^ashlar\/lifecycle: jobs.status cannot go from pending to completed$/,
  },
  {
    name: 'a step out of a final status',
    sql: move(2, 'running'),
    by: /^ashlar\/lifecycle: jobs.status cannot go from completed to running$/,
  },
  {
    name: 'a step to a status with a quote',
    sql: move(1, "can't"),
    by: /^ashlar\/lifecycle: jobs.status cannot go from pending to can't$/,
  },
  { name: 'a step to NULL', sql: `UPDATE jobs SET status = NULL WHERE id = '${uuid(2)}'` },
  { name: 'a step to no status', sql: move(2, 'nonsense') },
  {
    name: 'a wrong beginning',
    sql: `INSERT INTO jobs VALUES ('${uuid(3)}', 3, 0, 'completed')`,
    by: /^ashlar\/lifecycle: jobs.status cannot begin as completed$/,
  },
  { name: 'many at once', sql: `UPDATE jobs SET status = 'completed'` },
  { name: 'upsert', sql: `${row(2, 2)} ON CONFLICT (id) DO UPDATE SET status = 'pending'` },
  { name: 'a step in a partitioned table', sql: `UPDATE monthly SET status = 'new'` },
  { name: 'a step in a partition', only: 'postgres', sql: `UPDATE monthly_default SET status = 'new'` },
  {
    name: 'a wrong beginning in a partition',
    only: 'postgres',
    sql: `INSERT INTO monthly_default (id, status) VALUES ('${uuid(2)}', 'old')`,
  },
  {
    name: 'MERGE',
    only: 'postgres',
    sql: `MERGE INTO jobs j USING monthly m ON true WHEN MATCHED THEN UPDATE SET status = 'completed'`,
  },
  {
    name: 'OR REPLACE by the primary key',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO jobs (id, line) VALUES ('${uuid(2)}', 9)`,
  },
  {
    name: 'OR REPLACE by a unique key',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO jobs (id, line, part) VALUES ('${uuid(9)}', 2, 0)`,
  },
  {
    name: 'OR REPLACE by a unique key left to its default',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO jobs (id, line) VALUES ('${uuid(9)}', 2)`,
  },
  {
    name: 'OR REPLACE by a NULL that becomes the default',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO jobs (id, line, part) VALUES ('${uuid(9)}', 2, NULL)`,
  },
  {
    name: 'OR REPLACE whose status is NULL and becomes the default',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO jobs (id, line, status) VALUES ('${uuid(2)}', 2, NULL)`,
  },
  {
    name: 'UPDATE OR REPLACE to a NULL that becomes the default',
    only: 'sqlite',
    sql: `UPDATE OR REPLACE jobs SET status = NULL WHERE id = '${uuid(2)}'`,
  },
  {
    name: 'UPDATE OR REPLACE that takes a place',
    only: 'sqlite',
    sql: `UPDATE OR REPLACE jobs SET id = '${uuid(2)}' WHERE id = '${uuid(1)}'`,
  },
  {
    name: 'UPDATE OR REPLACE that takes a place by a unique key',
    only: 'sqlite',
    sql: 'UPDATE OR REPLACE jobs SET line = 2 WHERE line = 1',
  },
];

describe.each(engines)('lifecycle on $name', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine, [jobs, monthly] as Table[]);
    for (const sql of seed) await world.run(sql);
  });
  afterAll(() => world.close());

  describe('refuses', () => {
    refuses(engine, () => world, 'lifecycle', ['jobs', 'monthly'], attacks);
  });

  it('lets a status go along the declared transitions, and other columns change', async () => {
    await world.run(row(11, 11));
    for (const status of ['running', 'pending', 'running', 'running', "can't"])
      await world.run(move(11, status));
    await world.run(`UPDATE jobs SET line = 12, status = 'can''t' WHERE id = '${uuid(11)}'`);
    await world.run(`DELETE FROM jobs WHERE id = '${uuid(11)}'`);
  });

  it('leaves a duplicate with an unmoved status to the unique key', async () => {
    await expect(world.run(row(1, 1))).rejects.toMatchObject({ code: 'unique-violation' });
    await world.run(`${row(1, 1)} ON CONFLICT DO NOTHING`);
  });
});
