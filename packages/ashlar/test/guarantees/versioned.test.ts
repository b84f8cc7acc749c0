import { AshlarError, autoincrement, id, references, type Table, table, timestamps } from 'ashlar';
import { versioned } from 'ashlar/guarantees';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { type Attack, type Fixture, openFixture, refuses, rootMessage } from './setup.js';

const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const clauses = table(
  'clauses',
  {
    id: id(),
    code: z.string(),
    version: z.int().min(1).default(1),
    is_current: z.boolean().default(true),
    previous_version_id: z.uuid().nullable(),
    body: z.string().default(''),
    ...timestamps(),
  },
  (c) => [
    references(c.previous_version_id, c.id),
    versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous_version_id }),
  ],
);
const notes = table(
  'notes',
  {
    id: autoincrement(),
    tenant: z.string(),
    key: z.string(),
    version: z.int().min(1),
    current: z.boolean().default(true),
    before: z.int().min(1).nullable(),
  },
  (c) => [versioned({ key: [c.tenant, c.key], version: c.version, current: c.current, previous: c.before })],
);

const first = (n: number, code: string): string =>
  `INSERT INTO clauses (id, code) VALUES ('${uuid(n)}', '${code}')`;
const next = (n: number, code: string, version: number, previous: number): string =>
  `INSERT INTO clauses (id, code, version, previous_version_id) VALUES ('${uuid(n)}', '${code}', ${version}, '${uuid(previous)}')`;

// a: 1 ← 2 (current); b: 1 (current)
const seed = [first(1, 'a'), next(2, 'a', 2, 1), first(11, 'b')];

const attacks: readonly Attack[] = [
  { name: 'UPDATE of a body', sql: `UPDATE clauses SET body = 'z'` },
  { name: 'UPDATE of a superseded version', sql: `UPDATE clauses SET body = 'z' WHERE id = '${uuid(1)}'` },
  {
    name: 'UPDATE that leaves no version current',
    sql: `UPDATE clauses SET is_current = false WHERE id = '${uuid(2)}'`,
  },
  {
    name: 'UPDATE that makes an old version current',
    sql: `UPDATE clauses SET is_current = true WHERE id = '${uuid(1)}'`,
  },
  {
    name: 'UPDATE that swaps the current version',
    sql: `UPDATE clauses SET is_current = NOT is_current WHERE code = 'a'`,
  },
  { name: 'UPDATE of the version number', sql: `UPDATE clauses SET version = version + 1` },
  { name: 'UPDATE of the predecessor', sql: `UPDATE clauses SET previous_version_id = NULL` },
  { name: 'UPDATE of updated_at', sql: `UPDATE clauses SET updated_at = '2020-01-01T00:00:00.000Z'` },
  { name: 'DELETE of the current version', sql: `DELETE FROM clauses WHERE id = '${uuid(2)}'` },
  { name: 'DELETE of all versions', sql: 'DELETE FROM clauses' },
  { name: 'a gap in the version numbers', sql: next(3, 'a', 4, 2) },
  { name: 'a fork with a taken version number', sql: next(3, 'a', 2, 1) },
  { name: 'a fork with the next version number', sql: next(3, 'a', 3, 1) },
  {
    name: 'a later version without a predecessor',
    sql: `INSERT INTO clauses (id, code, version) VALUES ('${uuid(3)}', 'a', 3)`,
  },
  {
    name: 'a first version with the number 2',
    sql: `INSERT INTO clauses (id, code, version) VALUES ('${uuid(3)}', 'c', 2)`,
  },
  { name: 'a predecessor of another key', sql: next(3, 'c', 2, 11) },
  { name: 'a predecessor that does not exist', sql: next(3, 'a', 3, 99) },
  {
    name: 'a new version that is not current',
    sql: `INSERT INTO clauses (id, code, is_current) VALUES ('${uuid(3)}', 'c', false)`,
  },
  { name: 'a second first version', sql: first(3, 'a'), by: /ashlar\/versioned: |clauses_code_version_idx/ },
  {
    name: 'two successors in one statement',
    sql: `${next(3, 'a', 3, 2)}, ('${uuid(4)}', 'a', 3, '${uuid(2)}')`,
    by: /ashlar\/versioned: |clauses_code_version_idx/,
  },
  {
    name: 'upsert',
    sql: `${next(2, 'a', 3, 2)} ON CONFLICT (id) DO UPDATE SET body = 'z'`,
    by: /ashlar\/versioned: /,
  },
  { name: 'TRUNCATE', only: 'postgres', sql: 'TRUNCATE clauses' },
  {
    name: 'MERGE',
    only: 'postgres',
    sql: `MERGE INTO clauses c USING notes n ON false WHEN NOT MATCHED BY SOURCE THEN DELETE`,
    by: /ashlar\/versioned: |syntax error/,
  },
  {
    name: 'a trigger on a temporary table that unsets the current version',
    only: 'postgres',
    sql: [
      'CREATE TEMP TABLE lever (x int) ON COMMIT DROP',
      `CREATE FUNCTION pg_temp.pull() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE clauses SET is_current = false WHERE id = '${uuid(2)}'; RETURN NEW; END $$`,
      'CREATE TRIGGER pull BEFORE INSERT ON lever FOR EACH ROW EXECUTE FUNCTION pg_temp.pull()',
      'ALTER TABLE lever ENABLE ALWAYS TRIGGER pull',
      'INSERT INTO lever VALUES (1)',
    ],
  },
  {
    name: 'OR REPLACE by the primary key',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO clauses (id, code) VALUES ('${uuid(2)}', 'c')`,
  },
  {
    name: 'OR REPLACE of a first version',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO clauses (id, code) VALUES ('${uuid(3)}', 'b')`,
  },
  {
    name: 'OR REPLACE of a first version with a NULL that becomes the default',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO clauses (id, code, version) VALUES ('${uuid(3)}', 'b', NULL)`,
  },
  {
    name: 'OR REPLACE by the rowid',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO clauses (rowid, id, code) VALUES (1, '${uuid(3)}', 'c')`,
  },
  {
    name: 'a negative rowid',
    only: 'sqlite',
    sql: `INSERT INTO clauses (rowid, id, code) VALUES (-1, '${uuid(3)}', 'c')`,
  },
  {
    name: 'OR REPLACE with a valid successor',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO clauses (rowid, id, code, version, previous_version_id) VALUES (2, '${uuid(3)}', 'a', 3, '${uuid(2)}')`,
  },
  {
    name: 'OR REPLACE of a version with an autoincrement key',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO notes (id, tenant, key, version) VALUES (1, 't', 'other', 1)`,
  },
  {
    name: 'UPDATE OR REPLACE',
    only: 'sqlite',
    sql: `UPDATE OR REPLACE clauses SET id = '${uuid(1)}' WHERE id = '${uuid(11)}'`,
  },
  {
    name: 'UPDATE OR REPLACE with NULL',
    only: 'sqlite',
    sql: 'UPDATE OR REPLACE clauses SET version = NULL',
  },
  { name: 'UPDATE of the rowid', only: 'sqlite', sql: 'UPDATE clauses SET rowid = rowid + 10' },
];

describe.each(engines)('versioned on $name', (engine) => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await openFixture(engine, [clauses, notes] as Table[]);
    for (const sql of seed) await fixture.run(sql);
    await fixture.run(`INSERT INTO notes (tenant, key, version) VALUES ('t', 'k', 1)`);
  });
  afterAll(() => fixture.close());

  const chain = async (code: string) =>
    (
      await fixture.run(`SELECT version, is_current FROM clauses WHERE code = '${code}' ORDER BY version`)
    ).map((row) => `${row.version}${row.is_current === true || row.is_current === 1 ? ' current' : ''}`);

  describe('refuses', () => {
    refuses(engine, () => fixture, 'versioned', ['clauses', 'notes'], attacks);
  });

  it('an insert supersedes the predecessor and returns the new version as current', async () => {
    await fixture.run(first(21, 'c'));
    const [created] = await fixture.run(`${next(22, 'c', 2, 21)} RETURNING is_current, updated_at`);
    expect([true, 1]).toContain(created?.is_current);
    expect(await chain('c')).toEqual(['1', '2 current']);
    const [superseded] = await fixture.run(`SELECT updated_at FROM clauses WHERE id = '${uuid(21)}'`);
    expect(superseded?.updated_at).toEqual(created?.updated_at);
  });

  it('accepts several versions in one statement', async () => {
    await fixture.run(`INSERT INTO clauses (id, code, version, previous_version_id) VALUES
      ('${uuid(31)}', 'd', 1, NULL), ('${uuid(32)}', 'd', 2, '${uuid(31)}'), ('${uuid(33)}', 'd', 3, '${uuid(32)}')`);
    expect(await chain('d')).toEqual(['1', '2', '3 current']);
  });

  it('keeps the current version when ON CONFLICT DO NOTHING skips a successor', async () => {
    await fixture.run(first(41, 'e'));
    await fixture.run(`${next(1, 'e', 2, 41)} ON CONFLICT DO NOTHING`).catch(() => undefined);
    expect(await chain('e')).toEqual(['1 current']);
  });

  it('separates composite keys', async () => {
    await fixture.run(`INSERT INTO notes (tenant, key, version) VALUES ('u', 'k', 1)`);
    await fixture.run(`INSERT INTO notes (tenant, key, version, before) VALUES ('t', 'k', 2, 1)`);
    const current = await fixture.run('SELECT tenant, version FROM notes WHERE current ORDER BY tenant');
    expect(current.map((row) => `${row.tenant}${row.version}`)).toEqual(['t2', 'u1']);
    await expect(
      fixture.run(`INSERT INTO notes (tenant, key, version, before) VALUES ('u', 'k', 3, 3)`),
    ).rejects.toMatchObject({ code: 'guarantee-violated' });
  });
});

describe.each(engines.filter(({ name }) => name === 'postgres'))(
  'versioned with concurrent sessions on $name',
  (engine) => {
    let fixture: Fixture;
    beforeAll(async () => {
      fixture = await openFixture(engine, [clauses] as Table[]);
    });
    afterAll(() => fixture.close());

    const connections = async (count: number): Promise<pg.Client[]> => {
      const clients = Array.from({ length: count }, () => new pg.Client(fixture.place.url));
      await Promise.all(clients.map((client) => client.connect()));
      return clients;
    };

    it('fifty sessions that lock the first version create fifty successive versions', async () => {
      await fixture.run(first(1, 'busy'));
      const clients = await connections(50);
      try {
        await Promise.all(
          clients.map(async (client, at) => {
            await client.query('BEGIN');
            await client.query(`SELECT id FROM clauses WHERE code = 'busy' AND version = 1 FOR UPDATE`);
            const { rows } = await client.query(
              `SELECT id, version FROM clauses WHERE code = 'busy' AND is_current`,
            );
            expect(rows).toHaveLength(1);
            await client.query(
              'INSERT INTO clauses (id, code, version, previous_version_id) VALUES ($1, $2, $3, $4)',
              [uuid(100 + at), 'busy', Number(rows[0].version) + 1, rows[0].id],
            );
            await client.query('COMMIT');
          }),
        );
      } finally {
        await Promise.all(clients.map((client) => client.end()));
      }
      const rows = await fixture.run(
        `SELECT version, is_current FROM clauses WHERE code = 'busy' ORDER BY version`,
      );
      expect(rows.map((row) => Number(row.version))).toEqual(Array.from({ length: 51 }, (_, at) => at + 1));
      expect(rows.filter((row) => row.is_current)).toEqual([rows.at(-1)]);
    });

    it('without a lock one of two successors is inserted and the other is refused', async () => {
      await fixture.run(first(2, 'race'));
      const [one, two] = await connections(2);
      if (!one || !two) throw new AshlarError('usage', { message: 'two connections' });
      try {
        await one.query('BEGIN');
        await one.query(next(3, 'race', 2, 2));
        const other = two.query(next(4, 'race', 2, 2)).then(
          () => 'nothing',
          (error: unknown) => rootMessage(error),
        );
        await new Promise((resolve) => setTimeout(resolve, 100));
        await one.query('COMMIT');
        expect(await other).toBe(
          'ashlar/versioned: a new version of clauses must follow the current one of its key',
        );
      } finally {
        await Promise.all([one.end(), two.end()]);
      }
    });

    it('a new version needs no UPDATE privilege', async () => {
      await fixture.run(first(5, 'granted'));
      await fixture.run('CREATE ROLE writer NOLOGIN').catch(() => undefined);
      await fixture.run('GRANT SELECT, INSERT ON clauses TO writer');
      await fixture.engine.asOwner((owner) =>
        owner.atomically(async () => {
          await owner.run('SET LOCAL ROLE writer');
          await owner.run(next(6, 'granted', 2, 5));
        }),
      );
      expect(await fixture.run(`SELECT version FROM clauses WHERE code = 'granted' AND is_current`)).toEqual([
        { version: 2 },
      ]);
      await fixture.run('DROP OWNED BY writer');
      await fixture.run('DROP ROLE writer');
    });
  },
);
