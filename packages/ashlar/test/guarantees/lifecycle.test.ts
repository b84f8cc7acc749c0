import { createdAt, id, index, primaryKey, type Table, table, unique } from 'ashlar';
import { lifecycle, partitioned } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { type Attack, type Fixture, openFixture, refuses } from './setup.js';

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
    name: 'a transition that is not declared',
    sql: move(1, 'completed'),
    by: /^ashlar\/lifecycle: jobs.status cannot go from pending to completed$/,
  },
  {
    name: 'a transition out of a final status',
    sql: move(2, 'running'),
    by: /^ashlar\/lifecycle: jobs.status cannot go from completed to running$/,
  },
  {
    name: 'a transition to a status with a quote in its name',
    sql: move(1, "can't"),
    by: /^ashlar\/lifecycle: jobs.status cannot go from pending to can't$/,
  },
  { name: 'a transition to NULL', sql: `UPDATE jobs SET status = NULL WHERE id = '${uuid(2)}'` },
  { name: 'a transition to an unknown status', sql: move(2, 'nonsense') },
  {
    name: 'an insert with a status that is not initial',
    sql: `INSERT INTO jobs VALUES ('${uuid(3)}', 3, 0, 'completed')`,
    by: /^ashlar\/lifecycle: jobs.status cannot begin as completed$/,
  },
  { name: 'an update of many rows', sql: `UPDATE jobs SET status = 'completed'` },
  { name: 'upsert', sql: `${row(2, 2)} ON CONFLICT (id) DO UPDATE SET status = 'pending'` },
  { name: 'a transition in a partitioned table', sql: `UPDATE monthly SET status = 'new'` },
  { name: 'a transition in a partition', only: 'postgres', sql: `UPDATE monthly_default SET status = 'new'` },
  {
    name: 'an insert with a status that is not initial into a partition',
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
    name: 'OR REPLACE by a unique key with an omitted default',
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
    name: 'UPDATE OR REPLACE that replaces a row by its primary key',
    only: 'sqlite',
    sql: `UPDATE OR REPLACE jobs SET id = '${uuid(2)}' WHERE id = '${uuid(1)}'`,
  },
  {
    name: 'UPDATE OR REPLACE that replaces a row by a unique key',
    only: 'sqlite',
    sql: 'UPDATE OR REPLACE jobs SET line = 2 WHERE line = 1',
  },
];

describe.each(engines)('lifecycle on $name', (engine) => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await openFixture(engine, [jobs, monthly] as Table[]);
    for (const sql of seed) await fixture.run(sql);
  });
  afterAll(() => fixture.close());

  describe('refuses', () => {
    refuses(engine, () => fixture, 'lifecycle', ['jobs', 'monthly'], attacks);
  });

  it('allows the declared transitions and updates of other columns', async () => {
    await fixture.run(row(11, 11));
    for (const status of ['running', 'pending', 'running', 'running', "can't"])
      await fixture.run(move(11, status));
    await fixture.run(`UPDATE jobs SET line = 12, status = 'can''t' WHERE id = '${uuid(11)}'`);
    await fixture.run(`DELETE FROM jobs WHERE id = '${uuid(11)}'`);
  });

  it('a duplicate with an unchanged status fails with unique-violation', async () => {
    await expect(fixture.run(row(1, 1))).rejects.toMatchObject({ code: 'unique-violation' });
    await fixture.run(`${row(1, 1)} ON CONFLICT DO NOTHING`);
  });
});
