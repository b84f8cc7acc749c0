import { everyScope, id, index, primaryKey, references, type Session, table, timestamp } from 'ashlar';
import { appendOnly, partitioned, scoped } from 'ashlar/guarantees';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { openScopedFixture, type ScopedFixture } from './scoped-setup.js';

const uuid = (n: number): string => `019a0000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [ann, bob] = [uuid(1), uuid(2)] as const;

const folders = table('folders', { id: id(), name: z.string() });
const notes = table(
  'notes',
  {
    id: id(),
    client_id: z.uuid(),
    folder_id: z.uuid().nullable(),
    title: z.string(),
    tags: z.array(z.string()).default([]),
    done: z.boolean().default(false),
  },
  (c) => [references(c.folder_id, folders.columns.id, { onDelete: 'cascade' }), scoped(c.client_id)],
);
const words = table('words', { id: id(), owner: z.string().max(40), word: z.string() }, (c) => [
  scoped(c.owner),
]);
const numbers = table('numbers', { id: id(), tenant: z.int(), n: z.int() }, (c) => [
  index(c.tenant),
  scoped(c.tenant),
]);
const events = table('events', { id: id(), client_id: z.uuid(), at: timestamp() }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month' }),
  scoped(c.client_id),
]);
const notices = table('notices', { id: id(), whose: z.string().nullable(), text: z.string() }, (c) => [
  scoped(c.whose),
]);
const letters = table('letters', { id: id(), whose: z.uuid().nullable(), text: z.string() }, (c) => [
  scoped(c.whose),
]);
const dossiers = table('dossiers', { id: id(), client_id: z.uuid() }, (c) => [scoped(c.client_id)]);
const entries = table('entries', { id: id(), client_id: z.uuid(), dossier_id: z.uuid() }, (c) => [
  index(c.dossier_id),
  references(c.dossier_id, dossiers.columns.id, { onDelete: 'cascade' }),
  appendOnly({ cascade: c.dossier_id }),
  scoped(c.client_id),
]);
const tables = { folders, notes, words, numbers, events, notices, letters, dossiers, entries };

const seed = [
  `INSERT INTO folders (id, name) VALUES ('${uuid(5)}', 'shared')`,
  ...[ann, bob].map(
    (client, i) => `INSERT INTO notes (id, client_id, folder_id, title, tags, done)
      VALUES ('${uuid(10 + i)}', '${client}', '${uuid(5)}', 'of ${i}', '["t${i}"]', '1')`,
  ),
  ...[ann, bob].map((client, i) => `INSERT INTO words VALUES ('${uuid(20 + i)}', '${client}', 'w${i}')`),
  ...[1, 10].map((tenant, i) => `INSERT INTO numbers VALUES ('${uuid(30 + i)}', ${tenant}, ${i})`),
  ...[ann, bob].map(
    (client, i) =>
      `INSERT INTO events VALUES ('${uuid(40 + i)}', '${client}', '2026-01-0${i + 1}T00:00:00.000Z')`,
  ),
];

describe.each(engines)('scoped on $name', (engine) => {
  let fixture: ScopedFixture<typeof tables>;
  beforeAll(async () => {
    fixture = await openScopedFixture(engine, tables);
    for (const statement of seed) await fixture.run(statement);
  });
  afterAll(() => fixture.close());

  const titles = async (scope: string | null) => {
    const rows = await fixture.db.read({ scope }, (s) =>
      s.query.selectFrom('notes').select('title').orderBy('title').execute(),
    );
    return rows.map(({ title }) => title);
  };
  const all = () => fixture.run('SELECT * FROM notes ORDER BY id');

  /** The error code of a session, or 'nothing' when it commits. */
  const refusal = (scope: string | null, work: Parameters<typeof fixture.db.session>[1]) =>
    fixture.db.session({ scope }, work as never).then(
      () => 'nothing',
      (error: { code?: string; message: string }) => error.code,
    );

  it('a session sees the rows of its scope; a session without a scope sees none; everyScope sees all', async () => {
    expect(await titles(ann)).toEqual(['of 0']);
    expect(await titles(bob)).toEqual(['of 1']);
    expect(await titles(null)).toEqual([]);
    expect(await titles('')).toEqual([]);
    expect(await titles(uuid(3))).toEqual([]);
    expect(await titles(everyScope)).toEqual(['of 0', 'of 1']);
  });

  it('separates text and integer scopes as well as uuids', async () => {
    const counted = (scope: string) =>
      fixture.db.read({ scope }, async (s) => [
        (await s.query.selectFrom('words').selectAll().execute()).length,
        (await s.query.selectFrom('numbers').select('n').execute()).map(({ n }) => n),
      ]);
    expect(await counted(ann)).toEqual([1, []]);
    expect(await counted('1')).toEqual([0, [0]]);
    expect(await counted('10')).toEqual([0, [1]]);
    expect(await counted('a text')).toEqual([0, []]);
    expect(await counted(everyScope)).toEqual([2, expect.arrayContaining([0, 1])]);
  });

  it.each([notices, letters])(
    'only everyScope reads and writes rows without a scope: $name',
    async (each) => {
      const kept = each as typeof notices;
      const name = kept.name;
      const texts = (scope: string | null) =>
        fixture.db.read({ scope }, async (s) => {
          const rows = await s.query.selectFrom(name).select('text').orderBy('text').execute();
          return rows.map(({ text }) => text);
        });
      const unscopedRow = { id: uuid(60), whose: null, text: 'without scope' };
      for (const scope of [null, ann]) {
        expect(
          await refusal(scope, ((s: Session<typeof tables>) => s.insert(kept, unscopedRow)) as never),
        ).toBe('guarantee-violated');
      }
      await fixture.db.session({ scope: ann }, (s) => s.insert(kept, { whose: ann, text: 'of ann' }));
      await fixture.db.session({ scope: everyScope }, (s) => s.insert(kept, unscopedRow));
      expect(await texts(everyScope)).toEqual(['of ann', 'without scope']);
      expect(await texts(ann)).toEqual(['of ann']);
      expect(await texts(null)).toEqual([]);
      const left = (scope: string | null) =>
        fixture.db.session({ scope }, async (s) => {
          const [changed] = await s.query
            .updateTable(name)
            .set({ text: 'taken' })
            .where('id', '=', uuid(60))
            .execute();
          const [gone] = await s.query.deleteFrom(name).where('id', '=', uuid(60)).execute();
          return [changed?.numUpdatedRows, gone?.numDeletedRows].map(Number);
        });
      expect(await left(ann)).toEqual([0, 0]);
      expect(await left(null)).toEqual([0, 0]);
      // a session cannot set the scope of its own row to NULL
      expect(
        await refusal(ann, ((s: Session<typeof tables>) =>
          s.query.updateTable(name).set({ whose: null }).execute()) as never),
      ).toBe('guarantee-violated');
      expect(await left(everyScope)).toEqual([1, 1]);
    },
  );

  it('refuses a scope that no row of the system can have', async () => {
    const only = await openScopedFixture(engine, { folders, notes });
    try {
      for (const scope of ['1', 'ann', ann.replace('a', 'A'), "' OR true --"]) {
        await expect(only.db.read({ scope }, async () => undefined)).rejects.toMatchObject({
          code: 'value-invalid',
        });
      }
      await expect(only.db.get(notes, uuid(10), { scope: 'ann' })).rejects.toMatchObject({
        code: 'value-invalid',
      });
    } finally {
      await only.close();
    }
  });

  it('each session on a connection uses its own scope, also for prepared statements', async () => {
    for (const scope of [ann, bob, ann, everyScope, bob]) {
      const found = await fixture.db.session({ scope }, (s) =>
        s.query.selectFrom('notes').select('client_id').where('title', 'like', 'of %').execute(),
      );
      expect(found.map((row) => row.client_id).sort()).toEqual(scope === everyScope ? [ann, bob] : [scope]);
      expect(await fixture.db.get(notes, uuid(10), { scope })).toEqual(
        scope === bob ? undefined : expect.objectContaining({ tags: ['t0'], done: true }),
      );
    }
    expect(await fixture.db.get(notes, uuid(10))).toBeUndefined();
    const inside = await fixture.db.read({ scope: ann }, () => fixture.db.get(notes, uuid(10)));
    expect(inside?.title).toBe('of 0');
  });

  it('writes return, count and decode rows as on an unscoped table', async () => {
    await expect(
      fixture.db.session({ scope: ann }, async (s) => {
        const made = await s.insert(notes, { client_id: ann, title: 'new', tags: ['a', 'b'] });
        expect(made).toMatchObject({ title: 'new', tags: ['a', 'b'], done: false, folder_id: null });
        expect(await s.update(notes, made.id, { done: true })).toEqual({ ...made, done: true });
        expect(await s.get(notes, made.id)).toEqual({ ...made, done: true });
        expect(
          await s.insertMany(notes, [
            { client_id: ann, title: 'm1' },
            { client_id: ann, title: 'm2', tags: ['x'] },
          ]),
        ).toBe(2);
        const changed = await s.query.updateTable('notes').set({ done: true }).executeTakeFirst();
        expect(changed.numUpdatedRows).toBe(4n);
        const returned = await s.query
          .updateTable('notes as n')
          .set({ title: 'x' })
          .where((eb) => eb.or([eb('n.title', '=', 'm2'), eb('n.title', '=', 'of 1')]))
          .returning(['tags', 'done'])
          .execute();
        expect(returned).toEqual([{ tags: ['x'], done: true }]);
        const removed = await s.query.deleteFrom('notes').where('title', '=', 'm1').executeTakeFirst();
        expect(removed.numDeletedRows).toBe(1n);
        const upserted = await s.query
          .insertInto('notes')
          .values({ id: made.id, client_id: ann, title: 'again', tags: sql`'[]'`, done: false } as never)
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ title: 'upserted' }))
          .returning(['title', 'tags'])
          .execute();
        expect(upserted).toEqual([{ title: 'upserted', tags: ['a', 'b'] }]);
        await s.delete(notes, made.id);
        expect(await s.get(notes, made.id)).toBeUndefined();
        throw new RangeError('undone');
      }),
    ).rejects.toThrow('undone');
  });

  it('raw SQL of a session reads and writes within its scope', async () => {
    await expect(
      fixture.db.session({ scope: ann }, async (s) => {
        const run = async (text: string) => (await sql.raw<{ title: string }>(text).execute(s.query)).rows;
        expect(await run('SELECT title FROM notes')).toEqual([{ title: 'of 0' }]);
        expect(
          await run('SELECT n.title FROM folders f LEFT JOIN notes n ON n.folder_id = f.id'),
        ).toHaveLength(1);
        expect(
          await run("UPDATE notes SET title = 'raw' WHERE true OR title = 'of 1' RETURNING title"),
        ).toEqual([{ title: 'raw' }]);
        expect(
          await run("WITH notes_too AS (SELECT 1) UPDATE notes AS n SET title = 'x' RETURNING title"),
        ).toHaveLength(1);
        expect(
          await run(
            `INSERT INTO notes (id, client_id, title) VALUES ('${uuid(60)}', '${ann}', 'raw too') RETURNING title`,
          ),
        ).toEqual([{ title: 'raw too' }]);
        expect(await run('DELETE FROM notes -- all of them')).toEqual([]);
        expect(await run('SELECT title FROM notes')).toEqual([]);
        throw new RangeError('undone');
      }),
    ).rejects.toThrow('undone');
    expect(await all()).toHaveLength(2);
  });

  it('refuses writes to another scope and moves into it', async () => {
    const before = await all();
    const other = { client_id: bob, title: 'not mine' };
    for (const scope of [ann, null]) {
      expect(await refusal(scope, (s) => s.insert(notes, other))).toBe('guarantee-violated');
      expect(await refusal(scope, (s) => s.insertMany(notes, [other]))).toBe('guarantee-violated');
    }
    const moving: Parameters<typeof refusal>[1] = (s) => s.update(notes, uuid(10), { client_id: bob });
    expect(await refusal(ann, moving)).toBe('guarantee-violated');
    expect(await refusal(bob, moving)).toBe('row-not-found');
    expect(await refusal(null, moving)).toBe('row-not-found');
    expect(await refusal(bob, (s) => s.delete(notes, uuid(10)))).toBe('row-not-found');
    const upsert: Parameters<typeof refusal>[1] = (s) =>
      sql`INSERT INTO notes (id, client_id, title) VALUES (${uuid(10)}, ${bob}, 'x')
        ON CONFLICT (id) DO UPDATE SET title = excluded.title`.execute(s.query);
    expect(await refusal(bob, upsert)).toBe('guarantee-violated');
    const duplicate: Parameters<typeof refusal>[1] = (s) =>
      s.insert(notes, { id: uuid(10), client_id: bob, title: 'x' });
    expect(await refusal(bob, duplicate)).toBe('unique-violation');
    expect(await all()).toEqual(before);
  });

  it('everyScope writes rows of every scope', async () => {
    await expect(
      fixture.db.session({ scope: everyScope }, async (s) => {
        await s.insert(notes, { client_id: uuid(3), title: 'third' });
        const moved = await s.query.updateTable('notes').set({ client_id: ann }).executeTakeFirst();
        expect(moved.numUpdatedRows).toBe(3n);
        throw new RangeError('undone');
      }),
    ).rejects.toThrow('undone');
  });

  it('refuses a cascade that would delete rows of another scope', async () => {
    const before = await all();
    const cascade: Parameters<typeof refusal>[1] = (s) => s.delete(folders, uuid(5));
    expect(await refusal(ann, cascade)).toBe('guarantee-violated');
    expect(await all()).toEqual(before);
    await expect(
      fixture.db.session({ scope: everyScope }, async (s) => {
        await s.delete(folders, uuid(5));
        expect(await s.query.selectFrom('notes').selectAll().execute()).toEqual([]);
        throw new RangeError('undone');
      }),
    ).rejects.toThrow('undone');
  });

  it('combines with append-only rows that cascade with their parent', async () => {
    await expect(
      fixture.db.session({ scope: ann }, async (s) => {
        const { id: dossier_id } = await s.insert(dossiers, { client_id: ann });
        const { id: entry } = await s.insert(entries, { client_id: ann, dossier_id });
        const remove = s.session((inner) => inner.delete(entries, entry));
        await expect(remove).rejects.toMatchObject({ code: 'guarantee-violated' });
        await s.delete(dossiers, dossier_id);
        expect(await s.get(entries, entry)).toBeUndefined();
        throw new RangeError('undone');
      }),
    ).rejects.toThrow('undone');
  });

  it('queries use the index of the scope', async () => {
    const explain = sqlOf(engine) === 'sqlite' ? 'EXPLAIN QUERY PLAN ' : 'EXPLAIN ';
    const plans = await fixture.db.session({ scope: ann }, async (s) => {
      if (sqlOf(engine) === 'postgres')
        await sql`SELECT set_config('enable_seqscan', 'off', true)`.execute(s.query);
      const plan = async (text: string) =>
        JSON.stringify((await sql.raw(explain + text).execute(s.query)).rows);
      return [
        await plan('SELECT * FROM notes'),
        await plan('SELECT * FROM words'),
        await plan('SELECT * FROM numbers'),
        await plan('DELETE FROM notes'),
      ];
    });
    const indexes = [
      'notes_client_id_scope_idx',
      'words_owner_scope_idx',
      'numbers_tenant_idx',
      'notes_client_id_scope_idx',
    ];
    plans.forEach((plan, i) => {
      expect(plan).toContain(indexes[i]);
    });
  });

  it('the owner reads every scope; a later read on the same engine has no scope', async () => {
    expect(await fixture.run('SELECT title FROM notes')).toHaveLength(2);
    const read = await fixture.db.engine.read('SELECT title FROM notes', []);
    expect(read.rows).toEqual([]);
  });
});

describe('scoped', () => {
  it('refuses a column that cannot be a scope', () => {
    const shape = { id: id(), at: timestamp(), maybe: z.int().nullable(), who: z.uuid() };
    const declare = (name: keyof typeof shape) => () => table('things', shape, (c) => [scoped(c[name])]);
    expect(declare('at')).toThrow(/cannot be a scope/);
    expect(declare('maybe')).toThrow(/nullable/);
    expect(() => table('things', shape, (c) => [scoped(c.who), scoped(c.id)])).toThrow(
      /declares scoped twice/,
    );
    expect(declare('who')).not.toThrow();
  });
});
