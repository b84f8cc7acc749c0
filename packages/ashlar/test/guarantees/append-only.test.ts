import {
  autoincrement,
  createdAt,
  id,
  index,
  primaryKey,
  references,
  type Table,
  table,
  timestamp,
  unique,
} from 'ashlar';
import { appendOnly, partitioned } from 'ashlar/guarantees';
import Database from 'better-sqlite3-multiple-ciphers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf } from '../../../../test/support/engines.js';
import { type Attack, type Fixture, foreignConnection, openFixture, refuses, rootMessage } from './setup.js';

const { engines } = oneOfEach(import.meta.url);

const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

// covers a composite unique key with a default in it, a unique index, a partial unique index and a reserved word
const entries = table(
  'entries',
  {
    id: id(),
    code: z.string(),
    version: z.int().default(1),
    order: z.string().nullable(),
    active: z.boolean().default(true),
    email: z.string().nullable(),
  },
  (c) => [
    unique(c.code, c.version),
    index(c.order, { unique: true }),
    index(c.email, { unique: true, where: 'active' }),
    appendOnly(),
  ],
);
const counted = table('counted', { id: autoincrement(), note: z.string() }, () => [appendOnly()]);
const monthly = table('monthly', { id: id(), at: createdAt(), note: z.string() }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month' }),
  appendOnly(),
]);
const jobs = table('jobs', { id: id(), name: z.string() }, (c) => [unique(c.name)]);
const logs = table('logs', { id: id(), job_id: z.uuid().nullable(), message: z.string() }, (c) => [
  references(c.job_id, jobs.columns.id, { onDelete: 'cascade' }),
  appendOnly({ cascade: [c.job_id] }),
]);
const consents = table(
  'consents',
  {
    id: id(),
    subject: z.string(),
    details: z.json(),
    withdrawn_at: timestamp().nullable(),
    expired_at: timestamp().nullable(),
  },
  (c) => [
    index(c.subject, { unique: true, where: 'withdrawn_at IS NOT NULL' }),
    appendOnly({ stampOnce: [c.withdrawn_at, c.expired_at] }),
  ],
);

const gaps = table('gaps', { id: id(), note: z.string(), resolved: z.boolean().default(false) }, (c) => [
  appendOnly({ stampOnce: c.resolved }),
]);

const seed = [
  `INSERT INTO entries VALUES ('${uuid(1)}', 'a', 1, 'first', true, 'a@example.org'), ('${uuid(2)}', 'b', 1, NULL, false, 'b@example.org')`,
  `INSERT INTO counted (note) VALUES ('one'), ('two')`,
  `INSERT INTO monthly (id, at, note) VALUES ('${uuid(1)}', '2026-01-05T00:00:00.000Z', 'one')`,
  `INSERT INTO jobs VALUES ('${uuid(1)}', 'one'), ('${uuid(2)}', 'two'), ('${uuid(3)}', 'three')`,
  `INSERT INTO logs VALUES ('${uuid(11)}', '${uuid(1)}', 'x'), ('${uuid(12)}', '${uuid(1)}', 'y'), ('${uuid(13)}', NULL, 'z')`,
  `INSERT INTO consents VALUES ('${uuid(1)}', 's', '1.0', NULL, NULL), ('${uuid(2)}', 's', '{}', '2026-01-01T00:00:00.000Z', NULL)`,
  `INSERT INTO gaps VALUES ('${uuid(1)}', 'open', false), ('${uuid(2)}', 'resolved', true)`,
];

const general: readonly Attack[] = [
  { name: 'UPDATE', sql: `UPDATE entries SET code = 'z'` },
  { name: 'UPDATE that changes nothing', sql: `UPDATE entries SET code = code` },
  { name: 'UPDATE of the key', sql: `UPDATE entries SET id = '${uuid(9)}' WHERE id = '${uuid(1)}'` },
  { name: 'DELETE of one row', sql: `DELETE FROM entries WHERE id = '${uuid(1)}'` },
  { name: 'DELETE of all rows', sql: 'DELETE FROM counted' },
  {
    name: 'upsert',
    sql: `INSERT INTO entries (id, code) VALUES ('${uuid(1)}', 'z') ON CONFLICT (id) DO UPDATE SET code = 'z'`,
  },
  { name: 'UPDATE … FROM', sql: `UPDATE entries SET code = j.name FROM jobs j` },
  { name: 'DELETE of a row of a partitioned table', sql: 'DELETE FROM monthly' },
  {
    name: 'UPDATE that moves a row to another month',
    sql: `UPDATE monthly SET at = '2027-01-05T00:00:00.000Z'`,
  },
  { name: 'DELETE of a row whose parent exists', sql: `DELETE FROM logs WHERE id = '${uuid(11)}'` },
  { name: 'DELETE of a row without a parent', sql: `DELETE FROM logs WHERE id = '${uuid(13)}'` },
  { name: 'UPDATE that orphans a row', sql: `UPDATE logs SET job_id = NULL` },
  {
    name: 'UPDATE of another column together with a stamp',
    sql: `UPDATE consents SET subject = 'other', withdrawn_at = '2026-02-01T00:00:00.000Z' WHERE id = '${uuid(1)}'`,
  },
  { name: 'UPDATE without a stamp', sql: `UPDATE consents SET subject = subject` },
  {
    name: 'UPDATE of a stamp that is set',
    sql: `UPDATE consents SET withdrawn_at = '2026-02-01T00:00:00.000Z' WHERE id = '${uuid(2)}'`,
  },
  {
    name: 'UPDATE that clears a stamp',
    sql: `UPDATE consents SET withdrawn_at = NULL WHERE id = '${uuid(2)}'`,
  },
  {
    name: 'UPDATE that sets one stamp and clears another',
    sql: `UPDATE consents SET expired_at = '2026-02-01T00:00:00.000Z', withdrawn_at = NULL WHERE id = '${uuid(2)}'`,
  },
  {
    name: 'UPDATE to true of a boolean stamp that is true',
    sql: `UPDATE gaps SET resolved = true WHERE id = '${uuid(2)}'`,
  },
  {
    name: 'UPDATE to false of a boolean stamp that is true',
    sql: `UPDATE gaps SET resolved = false WHERE id = '${uuid(2)}'`,
  },
  {
    name: 'UPDATE to false of a boolean stamp that is false',
    sql: `UPDATE gaps SET resolved = false WHERE id = '${uuid(1)}'`,
  },
  {
    name: 'UPDATE of another column together with a boolean stamp',
    sql: `UPDATE gaps SET resolved = true, note = 'z' WHERE id = '${uuid(1)}'`,
  },
  { name: 'DELETE of a stamped row', sql: `DELETE FROM consents WHERE id = '${uuid(2)}'` },
];

const postgresOnly: readonly Attack[] = [
  { name: 'TRUNCATE', only: 'postgres', sql: 'TRUNCATE entries' },
  { name: 'TRUNCATE of a parent', only: 'postgres', sql: 'TRUNCATE jobs CASCADE' },
  { name: 'TRUNCATE of a partitioned table', only: 'postgres', sql: 'TRUNCATE monthly' },
  { name: 'TRUNCATE of a partition', only: 'postgres', sql: 'TRUNCATE monthly_default' },
  { name: 'DELETE from a partition', only: 'postgres', sql: 'DELETE FROM monthly_default' },
  { name: 'UPDATE of a partition', only: 'postgres', sql: `UPDATE monthly_default SET note = 'z'` },
  {
    name: 'MERGE that updates',
    only: 'postgres',
    sql: `MERGE INTO entries e USING jobs j ON e.id = j.id WHEN MATCHED THEN UPDATE SET code = 'z'`,
  },
  {
    name: 'MERGE that deletes',
    only: 'postgres',
    sql: 'MERGE INTO entries e USING jobs j ON e.id = j.id WHEN MATCHED THEN DELETE',
  },
  {
    name: 'DELETE within WITH',
    only: 'postgres',
    sql: `WITH gone AS (DELETE FROM entries RETURNING *) SELECT count(*) FROM gone`,
  },
  {
    name: 'UPDATE of JSON to an equal number of another scale',
    only: 'postgres',
    sql: `UPDATE consents SET details = '1.00', expired_at = '2026-02-01T00:00:00.000Z' WHERE id = '${uuid(1)}'`,
  },
  {
    name: 'DELETE while a temporary table shadows the parent',
    only: 'postgres',
    sql: ['CREATE TEMP TABLE jobs (id uuid) ON COMMIT DROP', `DELETE FROM logs WHERE id = '${uuid(11)}'`],
  },
  {
    name: 'DELETE while the search_path resolves the parent to another table',
    only: 'postgres',
    sql: [
      'CREATE SCHEMA elsewhere',
      'CREATE TABLE elsewhere.jobs (id uuid)',
      'SET LOCAL search_path = elsewhere, public',
      `DELETE FROM public.logs WHERE id = '${uuid(11)}'`,
    ],
  },
];

const replace = (columns: string, values: string): string =>
  `INSERT OR REPLACE INTO entries (${columns}) VALUES (${values})`;
const sqliteOnly: readonly Attack[] = [
  { name: 'OR REPLACE by the primary key', only: 'sqlite', sql: replace('id, code', `'${uuid(1)}', 'z'`) },
  {
    name: 'OR REPLACE by a unique key',
    only: 'sqlite',
    sql: replace('id, code, version', `'${uuid(9)}', 'a', 1`),
  },
  {
    name: 'OR REPLACE by a unique key with an omitted default',
    only: 'sqlite',
    sql: replace('id, code', `'${uuid(9)}', 'a'`),
  },
  {
    name: 'OR REPLACE by a unique key with a NULL that becomes the default',
    only: 'sqlite',
    sql: replace('id, code, version', `'${uuid(9)}', 'a', NULL`),
  },
  {
    name: 'OR REPLACE by a unique index',
    only: 'sqlite',
    sql: replace('id, code, "order"', `'${uuid(9)}', 'z', 'first'`),
  },
  {
    name: 'OR REPLACE by a partial unique index',
    only: 'sqlite',
    sql: replace('id, code, email', `'${uuid(9)}', 'z', 'a@example.org'`),
  },
  {
    name: 'OR REPLACE by the rowid',
    only: 'sqlite',
    sql: replace('rowid, id, code', `1, '${uuid(9)}', 'z'`),
  },
  {
    name: 'OR REPLACE by an alias of the rowid',
    only: 'sqlite',
    sql: replace('_rowid_, id, code', `2, '${uuid(9)}', 'z'`),
  },
  {
    name: 'a negative rowid',
    only: 'sqlite',
    sql: replace('rowid, id, code', `-1, '${uuid(9)}', 'z'`),
  },
  { name: 'REPLACE', only: 'sqlite', sql: `REPLACE INTO entries (id, code) VALUES ('${uuid(1)}', 'z')` },
  {
    name: 'REPLACE … SELECT',
    only: 'sqlite',
    sql: `REPLACE INTO entries (id, code) SELECT id, 'z' FROM entries`,
  },
  {
    name: 'OR REPLACE of a row with an autoincrement key',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO counted (id, note) VALUES (1, 'z')`,
  },
  {
    name: 'OR REPLACE of a row with an autoincrement key by its rowid',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO counted (rowid, note) VALUES (1, 'z')`,
  },
  {
    name: 'OR REPLACE of a row with an autoincrement key given as text',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO counted (id, note) VALUES ('1', 'z')`,
  },
  {
    name: 'OR REPLACE of a row of a partitioned table',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO monthly SELECT id, at, 'z' FROM monthly`,
  },
  { name: 'UPDATE OR REPLACE', only: 'sqlite', sql: `UPDATE OR REPLACE entries SET id = '${uuid(1)}'` },
  { name: 'UPDATE OR IGNORE', only: 'sqlite', sql: `UPDATE OR IGNORE entries SET code = 'z'` },
  { name: 'UPDATE of the rowid', only: 'sqlite', sql: 'UPDATE entries SET rowid = 7 WHERE rowid = 1' },
  {
    name: 'UPDATE of the rowid together with a stamp',
    only: 'sqlite',
    sql: `UPDATE consents SET rowid = 7, expired_at = '2026-02-01T00:00:00.000Z'`,
  },
  {
    name: 'UPDATE OR REPLACE whose stamp conflicts with another row',
    only: 'sqlite',
    sql: `UPDATE OR REPLACE consents SET withdrawn_at = '2026-02-01T00:00:00.000Z' WHERE id = '${uuid(1)}'`,
  },
  { name: 'REPLACE of a parent', only: 'sqlite', sql: `REPLACE INTO jobs VALUES ('${uuid(1)}', 'z')` },
  {
    name: 'UPDATE OR REPLACE of a parent',
    only: 'sqlite',
    sql: `UPDATE OR REPLACE jobs SET id = '${uuid(1)}' WHERE id = '${uuid(2)}'`,
  },
  {
    name: 'DELETE while a temporary table shadows the parent',
    only: 'sqlite',
    sql: ['CREATE TEMP TABLE jobs (id TEXT)', `DELETE FROM logs WHERE id = '${uuid(11)}'`],
  },
  {
    name: 'a temporary trigger that deletes rows before their parent',
    only: 'sqlite',
    sql: [
      'CREATE TEMP TRIGGER hush BEFORE DELETE ON main.jobs BEGIN DELETE FROM logs; END',
      `DELETE FROM jobs WHERE id = '${uuid(3)}'`,
    ],
  },
];

describe.each(engines)('append-only on $name', (engine) => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await openFixture(engine, [entries, counted, monthly, jobs, logs, consents, gaps] as Table[]);
    for (const sql of seed) await fixture.run(sql);
  });
  afterAll(() => fixture.close());

  describe('refuses', () => {
    refuses(
      engine,
      () => fixture,
      'append-only',
      ['entries', 'counted', 'monthly', 'jobs', 'logs', 'consents', 'gaps'],
      [...general, ...postgresOnly, ...sqliteOnly],
    );
  });

  it('accepts inserts', async () => {
    await fixture.run(
      `INSERT INTO entries (id, code, email, active) VALUES ('${uuid(21)}', 'c', 'a@example.org', false)`,
    );
    await fixture.run(
      `INSERT INTO entries (id, code, version) VALUES ('${uuid(22)}', 'c', 2), ('${uuid(23)}', 'c', 3)`,
    );
    await fixture.run(`INSERT INTO counted (note) VALUES ('three')`);
    await fixture.run(`INSERT INTO monthly (id, note) VALUES ('${uuid(21)}', 'now')`);
    expect(await fixture.rows('counted')).toHaveLength(3);
    expect(await fixture.rows('entries')).toHaveLength(5);
  });

  it('allows a stampOnce column to be set once', async () => {
    await fixture.run(`INSERT INTO consents VALUES ('${uuid(31)}', 't', '{}', NULL, NULL)`);
    await fixture.run(
      `UPDATE consents SET withdrawn_at = '2026-02-01T00:00:00.000Z' WHERE id = '${uuid(31)}'`,
    );
    await fixture.run(`UPDATE consents SET expired_at = '2026-03-01T00:00:00.000Z' WHERE id = '${uuid(31)}'`);
    await expect(
      fixture.run(`UPDATE consents SET expired_at = NULL WHERE id = '${uuid(31)}'`),
    ).rejects.toMatchObject({
      code: 'guarantee-violated',
      message: 'rows of consents are never changed, except that withdrawn_at or expired_at is set once',
    });
  });

  it('allows a boolean stampOnce column to become true once', async () => {
    await fixture.run(`INSERT INTO gaps (id, note) VALUES ('${uuid(31)}', 'open')`);
    await fixture.run(`UPDATE gaps SET resolved = true WHERE id = '${uuid(31)}'`);
    await expect(
      fixture.run(`UPDATE gaps SET resolved = false WHERE id = '${uuid(31)}'`),
    ).rejects.toMatchObject({
      code: 'guarantee-violated',
      message: 'rows of gaps are never changed, except that resolved is set once',
    });
  });

  it('deletes rows with their parents', async () => {
    await fixture.run(
      `INSERT INTO jobs VALUES ('${uuid(41)}', 'p'), ('${uuid(42)}', 'q'), ('${uuid(43)}', 'r')`,
    );
    const log = (n: number, job: number): string => `('${uuid(n)}', '${uuid(job)}', 'm')`;
    await fixture.run(
      `INSERT INTO logs VALUES ${[log(51, 41), log(52, 41), log(53, 42), log(54, 43)].join(', ')}`,
    );
    await fixture.run(`DELETE FROM jobs WHERE id = '${uuid(41)}'`);
    expect(await fixture.run(`SELECT id FROM logs WHERE id >= '${uuid(50)}'`)).toHaveLength(2);
    await fixture.run(`DELETE FROM jobs WHERE id >= '${uuid(41)}'`);
    expect(await fixture.run(`SELECT id FROM logs WHERE id >= '${uuid(50)}'`)).toHaveLength(0);
    await fixture.run(`INSERT INTO jobs VALUES ('${uuid(41)}', 'again')`);
    await fixture.run(`DELETE FROM jobs WHERE id = '${uuid(41)}'`);
  });
});

describe.each(engines.filter((each) => sqlOf(each) === 'sqlite'))('append-only on $name', (engine) => {
  it('holds for an attached database', async () => {
    const fixture = await openFixture(engine, [entries] as Table[]);
    try {
      for (const sql of seed.slice(0, 1)) await fixture.run(sql);
      const file = new Database(':memory:');
      file.pragma("cipher = 'sqlcipher'");
      file.pragma('legacy = 4');
      const key = fixture.place.key === undefined ? '' : ` KEY "x'${fixture.place.key}'"`;
      file.exec(`ATTACH '${fixture.place.url.replace(/^[a-z]+:/, '')}' AS victim${key}`);
      const replace = `REPLACE INTO victim.entries (id, code) VALUES ('${uuid(1)}', 'z')`;
      expect(() => file.exec(replace)).toThrow(/^ashlar\/append-only: /);
      file.close();
    } finally {
      await fixture.close();
    }
  });

  it('refuses to restore a parent whose rows were deleted without it', async () => {
    const fixture = await openFixture(engine, [jobs, logs] as Table[]);
    try {
      for (const sql of seed.slice(3, 5)) await fixture.run(sql);
      const file = foreignConnection(fixture, ['foreign_keys = OFF']);
      file.exec(`BEGIN; DELETE FROM jobs WHERE id = '${uuid(1)}'; DELETE FROM logs WHERE id = '${uuid(11)}'`);
      expect(() => file.exec(`INSERT INTO jobs VALUES ('${uuid(1)}', 'one')`)).toThrow(
        /^ashlar\/append-only: /,
      );
      file.close();
      expect(await fixture.rows('logs')).toHaveLength(3);
    } finally {
      await fixture.close();
    }
  });
});

describe.each(engines.filter((each) => sqlOf(each) === 'postgres'))('append-only on $name', (engine) => {
  it('refuses to delete rows after their parent was deleted without them', async () => {
    const fixture = await openFixture(engine, [jobs, logs] as Table[]);
    try {
      for (const sql of seed.slice(3, 5)) await fixture.run(sql);
      const deletion = fixture.engine.asOwner((owner) =>
        owner.atomically(async () => {
          await owner.run('SET LOCAL session_replication_role = replica');
          await owner.run(`DELETE FROM jobs WHERE id = '${uuid(1)}'`);
          await owner.run('SET LOCAL session_replication_role = origin');
          await owner.run(`DELETE FROM logs WHERE id = '${uuid(11)}'`);
        }),
      );
      expect(rootMessage(await deletion.catch((error: unknown) => error))).toMatch(/^ashlar\/append-only: /);
      expect(await fixture.rows('logs')).toHaveLength(3);
    } finally {
      await fixture.close();
    }
  });
});
