import { AshlarError, type Database, id, references, type Table, table, unique } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { acyclic, scoped } from 'ashlar/guarantees';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { type Attack, type Fixture, openFixture, refuses } from './setup.js';

const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const folders = table(
  'folders',
  { id: id(), owner: z.int(), parent_id: z.uuid().nullable(), name: z.string() },
  (c) => [
    unique(c.owner, c.id),
    unique(c.owner, c.parent_id, c.name, { nullsNotDistinct: true }),
    references([c.owner, c.parent_id], [c.owner, c.id]),
    acyclic(c.parent_id),
  ],
);
// no unique key contains the parent: its rows would lock each other
const nodes = table('nodes', { id: id(), parent_id: z.uuid().nullable() }, (c) => [
  references(c.parent_id, c.id),
  acyclic(c.parent_id),
]);
const tables = { nodes };

const row = (n: number, parent: number | null): string =>
  `INSERT INTO folders (id, owner, parent_id, name) VALUES ('${uuid(n)}', 1, ${parent === null ? 'NULL' : `'${uuid(parent)}'`}, 'f${n}')`;
const move = (n: number, parent: number): string =>
  `UPDATE folders SET parent_id = '${uuid(parent)}' WHERE id = '${uuid(n)}'`;
const cycle = /^ashlar\/acyclic: a row of folders cannot be its own ancestor$/;

const attacks: readonly Attack[] = [
  { name: 'an update to its own parent', sql: move(1, 1), by: cycle },
  { name: 'a move under its child', sql: move(1, 2), by: cycle },
  { name: 'a move under its grandchild', sql: move(1, 3), by: cycle },
  { name: 'an insert under itself', sql: row(9, 9), by: cycle },
  {
    name: 'an insert of two rows under each other',
    sql: `${row(8, 9)}, ('${uuid(9)}', 1, '${uuid(8)}', 'f9')`,
    by: /acyclic|FOREIGN KEY/,
  },
  {
    name: 'an update of several rows',
    sql: `UPDATE folders SET parent_id = '${uuid(3)}' WHERE owner = 1`,
    by: cycle,
  },
  {
    name: 'an upsert',
    sql: `${row(1, 3)} ON CONFLICT (id) DO UPDATE SET parent_id = excluded.parent_id`,
    by: cycle,
  },
  {
    name: 'OR REPLACE',
    only: 'sqlite',
    sql: `INSERT OR REPLACE INTO folders VALUES ('${uuid(1)}', 1, '${uuid(3)}', 'f1')`,
    by: /acyclic|FOREIGN KEY/,
  },
  {
    name: 'MERGE',
    only: 'postgres',
    sql: `MERGE INTO folders USING (SELECT 1) AS once ON id = '${uuid(1)}' WHEN MATCHED THEN UPDATE SET parent_id = '${uuid(2)}'`,
    by: cycle,
  },
];

describe.each(engines)('acyclic on $name', (engine) => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await openFixture(engine, [folders] as Table[]);
    for (const sql of [row(1, null), row(2, 1), row(3, 2), row(4, null)]) await fixture.run(sql);
  });
  afterAll(() => fixture.close());

  describe('refuses', () => {
    refuses(engine, () => fixture, 'acyclic', ['folders'], attacks);
  });

  it('allows a move that creates no cycle', async () => {
    for (const sql of [move(3, 4), move(1, 3), move(2, 1), `UPDATE folders SET parent_id = NULL`, move(2, 1)])
      await fixture.run(sql);
    await fixture.run(`UPDATE folders SET name = 'renamed' WHERE id = '${uuid(2)}'`);
    await fixture.run(move(3, 2));
  });
});

describe.each(engines)('concurrent moves on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { connections: 8 }));
    const rows = Array.from({ length: 4 }, (_, n) => ({ id: uuid(n), parent_id: null }));
    await db.session((s) => s.insertMany(nodes, rows));
  });
  afterAll(() => remove());

  it('never create a cycle', async () => {
    const node = fc.integer({ min: 0, max: 3 });
    const session = fc.array(fc.tuple(node, node), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(session, { minLength: 2, maxLength: 6 }), async (sessions) => {
        await db.session((s) => s.query.updateTable('nodes').set({ parent_id: null }).execute());
        const ended = await Promise.allSettled(
          sessions.map((moves) =>
            db.session(async (s) => {
              for (const [from, to] of moves) await s.update(nodes, uuid(from), { parent_id: uuid(to) });
            }),
          ),
        );
        for (const each of ended)
          if (each.status === 'rejected')
            expect((each.reason as AshlarError).code).toMatch(
              /^(guarantee-violated|session-retries-exhausted)$/,
            );
        const rows = await db.read((s) => s.query.selectFrom('nodes').select(['id', 'parent_id']).execute());
        const parents = new Map(rows.map((each) => [each.id, each.parent_id]));
        for (const start of parents.keys()) {
          let steps = 0;
          for (let at: string | null | undefined = start; at; at = parents.get(at))
            expect(++steps).toBeLessThan(10);
        }
      }),
      { numRuns: engine.name === 'postgres' ? 25 : 8 },
    );
  });
});

describe('acyclic in a REPEATABLE READ transaction', () => {
  it('fails when a concurrent transaction moved a row after the snapshot', async () => {
    const place = await engines.find(({ name }) => name === 'postgres')?.place();
    if (!place) throw new Error('no server');
    const engine = await openEngine({ url: place.url });
    const clients = [new pg.Client(place.url), new pg.Client(place.url)] as const;
    try {
      await engine.asOwner(async (owner) => {
        for (const sql of [...engine.dialect.createTable(folders as Table), row(1, null), row(2, null)])
          await owner.script(sql);
      });
      for (const client of clients) await client.connect();
      const [first, second] = clients;
      await first.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await first.query('SELECT count(*) FROM folders');
      await second.query(move(1, 2));
      await expect(first.query(move(2, 1))).rejects.toMatchObject({ code: '40001' });
    } finally {
      for (const client of clients) await client.end();
      await engine.close();
      await place.remove();
    }
  });
});

describe('a declaration of acyclic', () => {
  const declare = (shape: Record<string, z.ZodType>, items: Parameters<typeof table>[2]) => () =>
    table('things', { id: id(), ...shape }, items);

  it.each([
    [
      'a parent column without a foreign key',
      declare({ up: z.uuid().nullable() }, (c) => [acyclic(c.up as never)]),
    ],
    [
      'a parent column that is not nullable',
      declare({ up: z.uuid() }, (c) => [references(c.up as never, c.id as never), acyclic(c.up as never)]),
    ],
    [
      'a parent in another table',
      declare({ up: z.uuid().nullable() }, (c) => [
        references(c.up as never, folders.columns.id),
        acyclic(c.up as never),
      ]),
    ],
  ])('refuses %s', (_, work) => {
    expect(work).toThrow(AshlarError);
  });

  it('can be combined with scoped', () => {
    const scopedFolders = table(
      'folders',
      { id: id(), owner: z.int(), parent_id: z.uuid().nullable() },
      (c) => [references(c.parent_id, c.id), scoped(c.owner), acyclic(c.parent_id)],
    );
    expect(scopedFolders.guarantees.map(({ name }) => name)).toEqual(['scoped', 'acyclic']);
  });
});
