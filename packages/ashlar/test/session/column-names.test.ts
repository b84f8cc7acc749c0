import {
  ciphertext,
  column,
  createdAt,
  type Database,
  id,
  index,
  json,
  naming,
  primaryKey,
  type Row,
  references,
  table,
  unique,
  updatedAt,
} from 'ashlar';
import { audited, auditTrail, encrypted } from 'ashlar/guarantees';
import { nested, nestedOne, sql } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { columnKeys, dataKeys } from '../encryption/support.js';

const changes = auditTrail('changes');
const { table: snake } = naming('snake_case');

const artists = snake(
  'artists',
  {
    artistId: id(),
    fullName: column(z.string().max(100), { name: 'Full Name' }),
    order: column(z.int(), { name: 'select' }).default(7),
    bornOn: z.date().nullable(),
    userID: z.string().nullable(),
    tags: json(z.array(z.string())).default([]),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (c) => [unique(c.fullName), index(c.bornOn, c.order), audited({ into: changes })],
);
// its columns have names that the other table has as properties, and the other way round
const albums = table(
  'albums',
  {
    album_id: column(z.int(), { name: 'albumId' }),
    artist: column(z.uuid(), { name: 'ArtistId' }),
    created_at: z.string(),
    title: z.string().min(2),
    fullName: z.string().nullable(),
  },
  (c) => [primaryKey(c.album_id, c.artist), references(c.artist, artists.columns.artistId)],
);
const sealed = snake(
  'sealed',
  { sealedId: id(), ofWhom: z.string(), theSecret: ciphertext(z.string().max(9)).nullable() },
  (c) => [encrypted({ scope: c.ofWhom, keys: dataKeys })],
);
const tables = { changes, artists, albums, sealed, dataKeys };

describe('names of columns in the database', () => {
  it('follow a rule, unless they are declared', () => {
    expect(Object.keys(artists.columns)).toEqual([
      'artist_id',
      'Full Name',
      'select',
      'born_on',
      'user_id',
      'tags',
      'created_at',
      'updated_at',
    ]);
    expect(artists.columns.fullName).toMatchObject({ name: 'Full Name', property: 'fullName' });
    expect(artists.key).toEqual(['artistId']);
    const { table: camel } = naming('camelCase');
    const { columns } = camel('things', { id: id(), created_at: createdAt(), html_body_2: z.string() });
    expect(Object.keys(columns)).toEqual(['id', 'createdAt', 'htmlBody2']);
    const { columns: words } = snake('words', { id: id(), HTMLBody: z.string(), line2Text: z.string() });
    expect(Object.keys(words)).toEqual(['id', 'html_body', 'line2_text']);
  });

  it('have types by property', () => {
    expectTypeOf<Row<typeof artists>['fullName']>().toEqualTypeOf<string>();
    expectTypeOf<Row<typeof albums>>().toHaveProperty('album_id');
    // @ts-expect-error the name of the database is no property
    expectTypeOf<Row<typeof artists>>().toHaveProperty('full_name');
  });

  it.each([
    ['a"b', 'a quote'],
    ['', 'nothing'],
    ['a.b', 'a point'],
    ['a\0b', 'NUL'],
    [' a', 'a space at its begin'],
    ['a ', 'a space at its end'],
    ['a\tb', 'a tab'],
    ['é', 'another letter'],
    ['1a', 'a digit at its begin'],
    ["a'b", 'an apostrophe'],
    ['a,b', 'a comma'],
    ['ROWID', 'a name of SQLite'],
    ['Xmin', 'a name of PostgreSQL'],
    ['__proto__', 'a name of JavaScript'],
    ['Ashlar_x', 'a reserved prefix'],
    ['x'.repeat(64), 'more than 63 characters'],
  ])('%s is refused: %s', (name) => {
    expect(() => table('things', { id: id(), value: column(z.string(), { name }) })).toThrow(
      expect.objectContaining({ code: 'table-invalid' }),
    );
  });

  it.each([
    [{ a: column(z.string(), { name: 'b' }), b: z.string() }],
    [{ a: column(z.string(), { name: 'b' }), b: column(z.string(), { name: 'a' }) }],
    [{ a: column(z.string(), { name: 'B' }), b: column(z.string(), { name: 'c' }) }],
    [{ a: z.string(), A: z.string() }],
  ])('two columns never share one: %j', (shape) => {
    expect(() => table('things', { id: id(), ...shape } as Record<string, z.ZodType>)).toThrow(
      /have one name/,
    );
  });

  it.each(['a b', 'a as b', 'a.b', 'a->b', 'a"b', '1a', '', 'a-b'])('"%s" is no property', (name) => {
    expect(() => table('things', { id: id(), [name]: z.string() })).toThrow(
      expect.objectContaining({ code: 'table-invalid' }),
    );
  });
});

describe.each(engines)('columns with other names in the database on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  const ada = '00000000-0000-7000-8000-00000000000a';
  const bob = '00000000-0000-7000-8000-00000000000b';
  const born = new Date('1990-01-31T00:00:00.000Z');
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, {
      columnKeys: columnKeys(),
      context: { actor: 'me' },
    }));
    await db.insertMany(artists, [
      { artistId: ada, fullName: 'Ada', bornOn: born, userID: 'a', tags: ['x'] },
      { artistId: bob, fullName: 'Bob', order: 3 },
    ]);
    await db.insertMany(albums, [
      { album_id: 1, artist: ada, created_at: 'then', title: 'One', fullName: 'Full' },
      { album_id: 2, artist: ada, created_at: 'now', title: 'Two' },
      { album_id: 1, artist: bob, created_at: 'never', title: 'Uno' },
    ]);
  });
  afterAll(() => remove());

  it('the methods of a session have properties', async () => {
    const row = await db.get(artists, ada);
    expect(row).toEqual({
      artistId: ada,
      fullName: 'Ada',
      order: 7,
      bornOn: born,
      userID: 'a',
      tags: ['x'],
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: expect.stringMatching(/Z$/),
    });
    await db.session(async (s) => {
      const made = await s.insert(artists, { fullName: 'Cleo', bornOn: born });
      expect(Object.keys(made)).toEqual(Object.keys(row ?? {}));
      expect(made.bornOn).toEqual(born);
      expect(await s.update(artists, made.artistId, { userID: 'c' })).toMatchObject({
        userID: 'c',
        bornOn: born,
      });
      expect(await s.upsert(artists, { fullName: 'Cleo', order: 9 }, { by: 'fullName' })).toMatchObject({
        artistId: made.artistId,
        order: 9,
        userID: 'c',
      });
      expect(await s.upsert(artists, { fullName: 'Dan' }, { by: 'fullName' })).toMatchObject({ order: 7 });
      const [returned] = await s.insertMany(artists, [{ fullName: 'Eve', bornOn: born }], {
        returning: true,
      });
      expect(returned).toMatchObject({ fullName: 'Eve', bornOn: born, order: 7 });
      expect(await s.updateMany(artists, { fullName: 'Eve' }, { order: 1, bornOn: null })).toBe(1);
      expect(await s.updateMany(artists, (eb) => eb('bornOn', 'is', null), { userID: 'x' })).toBe(3);
      expect(await s.deleteMany(artists, (eb) => eb('fullName', 'in', ['Eve', 'Dan']))).toBe(2);
      await s.delete(artists, made.artistId);
      await s.updateMany(artists, { artistId: bob }, { userID: null });
    });
    expect(await db.get(albums, { album_id: 2, artist: ada })).toEqual({
      album_id: 2,
      artist: ada,
      created_at: 'now',
      title: 'Two',
      fullName: null,
    });
  });

  it('names of the database are no inputs', async () => {
    for (const work of [
      () => db.insert(artists, { 'Full Name': 'x' } as never),
      () => db.update(artists, ada, { born_on: null } as never),
    ])
      await expect(work()).rejects.toMatchObject({ code: 'value-invalid' });
    for (const work of [
      () => db.updateMany(artists, { born_on: null } as never, { order: 1 }),
      () => db.get(albums, { albumId: 1, ArtistId: ada } as never),
      () => db.upsert(artists, { fullName: 'x' }, { by: 'Full Name' as never }),
    ])
      await expect(work()).rejects.toMatchObject({ code: 'usage' });
  });

  it('facts of errors have properties', async () => {
    const refused = (work: Promise<unknown>) => work.catch(({ code, facts }) => ({ code, facts }));
    expect(await refused(db.insert(artists, { fullName: 'Ada' }))).toEqual({
      code: 'unique-violation',
      facts: { table: 'artists', columns: ['fullName'], constraint: 'artists_Full Name_key' },
    });
    expect(await refused(db.insert(artists, { fullName: 5 as never }))).toMatchObject({
      code: 'value-invalid',
      facts: { columns: ['fullName'], issues: [{ path: ['fullName'] }] },
    });
    const album = { album_id: 1, artist: ada, created_at: '', title: 'One' };
    expect(await refused(db.insert(albums, album))).toMatchObject({
      code: 'unique-violation',
      facts: { table: 'albums', columns: ['album_id', 'artist'], constraint: 'albums_pkey' },
    });
    const other = '00000000-0000-7000-8000-00000000000f';
    expect(await refused(db.insert(albums, { ...album, artist: other }))).toEqual({
      code: 'foreign-key-violation',
      facts: { table: 'albums', columns: ['artist'], constraint: 'albums_ArtistId_fkey' },
    });
    expect(await refused(db.delete(artists, ada))).toMatchObject({
      code: 'foreign-key-violation',
      facts: { table: 'albums', columns: ['artist'] },
    });
    const raw = (text: string) => refused(db.session((s) => sql.raw(text).execute(s.query)));
    expect(await raw(`INSERT INTO albums ("albumId", created_at, title) VALUES (1, '', 'xx')`)).toMatchObject(
      {
        code: 'not-null-violation',
        facts: { table: 'albums', columns: ['artist'] },
      },
    );
    expect(
      await raw(`UPDATE artists SET "Full Name" = '${'x'.repeat(101)}' WHERE artist_id = '${ada}'`),
    ).toMatchObject({
      code: 'check-violation',
      facts: { table: 'artists', columns: ['fullName'], constraint: 'artists_Full Name_check' },
    });
  });

  it('the builder has properties: select lists, conditions, order, groups, joins', async () => {
    await db.read(async (s) => {
      const { query } = s;
      const all = await query.selectFrom('artists').selectAll().orderBy('bornOn').execute();
      expect(all.map(({ fullName, bornOn, order }) => [fullName, bornOn, order])).toEqual([
        ['Ada', born, 7],
        ['Bob', null, 3],
      ]);
      expect(
        await query.selectFrom('artists').select(['fullName', 'bornOn']).where('bornOn', '=', born).execute(),
      ).toEqual([{ fullName: 'Ada', bornOn: born }]);
      expect(
        await query
          .selectFrom('artists as a')
          .innerJoin('albums as b', 'b.artist', 'a.artistId')
          .select(['a.fullName as who', 'b.fullName', 'created_at', 'a.createdAt', 'artistId'])
          .where('b.album_id', '=', 1)
          .where('title', 'like', 'O%')
          .orderBy('a.order')
          .orderBy('created_at')
          .execute(),
      ).toEqual([
        { who: 'Ada', fullName: 'Full', created_at: 'then', createdAt: all[0]?.createdAt, artistId: ada },
      ]);
      expect(
        await query
          .selectFrom('artists')
          .leftJoin('albums', 'artist', 'artistId')
          .groupBy('artists.fullName')
          .select((eb) => [
            'artists.fullName',
            eb.fn.count('album_id').as('n'),
            eb.fn.max('bornOn').as('last'),
          ])
          .having((eb) => eb.fn.count('album_id'), '>', 1)
          .execute(),
      ).toEqual([{ fullName: 'Ada', n: 2, last: born }]);
      expect(
        await query
          .selectFrom(['artists', 'albums'])
          .selectAll()
          .whereRef('artist', '=', 'artistId')
          .where('album_id', '=', 2)
          .execute(),
      ).toEqual([{ ...all[0], album_id: 2, artist: ada, created_at: 'now', title: 'Two', fullName: null }]);
      expect(
        await query
          .selectFrom('artists')
          .select(({ eb, ref }) => [
            sql<string>`lower(${ref('fullName')})`.as('lower'),
            eb.case().when('order', '>', 5).then(eb.ref('fullName')).else('few').end().as('many'),
            eb
              .ref('tags', '->')
              .key(0 as never)
              .as('tag'),
          ])
          .orderBy(({ fn }) => fn('lower', ['fullName']), 'desc')
          .execute(),
      ).toEqual([
        { lower: 'bob', many: 'few', tag: null },
        { lower: 'ada', many: 'Ada', tag: 'x' },
      ]);
    });
  });

  it('the builder has properties: subqueries, common table expressions, unions, nested rows', async () => {
    await db.read(async ({ query }) => {
      expect(
        await query
          .selectFrom((eb) => eb.selectFrom('artists').selectAll().as('a'))
          .select(['a.fullName', 'bornOn'])
          .where('a.order', '=', 7)
          .orderBy('a.fullName')
          .execute(),
      ).toEqual([{ fullName: 'Ada', bornOn: born }]);
      expect(
        await query
          .with('old', (q) => q.selectFrom('artists').select(['fullName', 'bornOn as since']))
          .selectFrom('old')
          .selectAll()
          .where('since', 'is not', null)
          .execute(),
      ).toEqual([{ fullName: 'Ada', since: born }]);
      expect(
        await query
          .with('many(a, b)' as 'many', (q) => q.selectFrom('artists').select(['fullName', 'order']) as never)
          .selectFrom('many' as never)
          .selectAll()
          .orderBy(sql.ref('a'))
          .execute(),
      ).toEqual([
        { a: 'Ada', b: 7 },
        { a: 'Bob', b: 3 },
      ]);
      expect(
        await query
          .selectFrom('artists')
          .select('fullName')
          .union(query.selectFrom('albums').select('title as fullName').where('album_id', '=', 2))
          .orderBy('fullName', 'desc')
          .execute(),
      ).toEqual([{ fullName: 'Two' }, { fullName: 'Bob' }, { fullName: 'Ada' }]);
      expect(
        await query
          .selectFrom('artists')
          .where((eb) =>
            eb.exists(
              eb
                .selectFrom('albums')
                .select('album_id')
                .whereRef('artist', '=', 'artists.artistId')
                .where('album_id', '=', 2),
            ),
          )
          .select((eb) => [
            'fullName',
            nested(
              eb
                .selectFrom('albums')
                .select(['album_id', 'created_at', 'fullName'])
                .whereRef('albums.artist', '=', 'artists.artistId')
                .orderBy('album_id'),
            ).as('albums'),
            nestedOne(
              eb.selectFrom('artists as me').selectAll().whereRef('me.artistId', '=', 'artists.artistId'),
            ).as('me'),
          ])
          .execute(),
      ).toMatchObject([
        {
          fullName: 'Ada',
          albums: [
            { album_id: 1, created_at: 'then', fullName: 'Full' },
            { album_id: 2, created_at: 'now', fullName: null },
          ],
          me: { artistId: ada, bornOn: born, tags: ['x'] },
        },
      ]);
    });
  });

  it('a builder inside another one is renamed once, and its nested rows are read', async () => {
    await db.read(async ({ query }) => {
      const inner = query
        .selectFrom('artists')
        .select((eb) => [
          'fullName',
          nested(
            eb.selectFrom('artists as me').select('bornOn').whereRef('me.artistId', '=', 'artists.artistId'),
          ).as('same'),
        ]);
      const expected = { fullName: 'Ada', same: [{ bornOn: born }] };
      expect(
        await query.selectFrom(inner.as('i')).selectAll().where('i.fullName', '=', 'Ada').execute(),
      ).toEqual([expected]);
      expect(
        await query
          .with('i', () => inner)
          .selectFrom('i')
          .select(['fullName', 'same'])
          .orderBy('fullName')
          .limit(1)
          .execute(),
      ).toEqual([expected]);
    });
  });

  it('the builder writes by properties', async () => {
    await db.session(async ({ query }) => {
      const [made] = await query
        .insertInto('artists')
        .values({ fullName: 'Fay', bornOn: born } as never)
        .returningAll()
        .execute();
      expect(made).toMatchObject({ fullName: 'Fay', bornOn: born, order: 7, tags: [] });
      expect(
        await query
          .updateTable('artists')
          .set((eb) => ({ order: eb('order', '+', 1), userID: eb.ref('fullName') }))
          .where('fullName', '=', 'Fay')
          .returning(['order', 'userID', 'artistId as key', 'bornOn'])
          .execute(),
      ).toEqual([{ order: 8, userID: 'Fay', key: made?.artistId, bornOn: born }]);
      expect(
        await query
          .insertInto('artists')
          .values([
            { fullName: 'Fay', order: 20 },
            { fullName: 'Gus', order: 30 },
          ] as never)
          .onConflict((c) =>
            c
              .column('fullName')
              .doUpdateSet({ order: (eb) => eb.ref('excluded.order') })
              .where('artists.order', '<', 10),
          )
          .returning(['fullName', 'order'])
          .execute(),
      ).toEqual([
        { fullName: 'Fay', order: 20 },
        { fullName: 'Gus', order: 30 },
      ]);
      expect(
        await query
          .insertInto('albums')
          .columns(['album_id', 'artist', 'created_at', 'title'])
          .expression((eb) =>
            eb
              .selectFrom('albums')
              .select((q) => [q('album_id', '+', 10).as('n'), 'artist', 'created_at', 'title'])
              .where('title', '=', 'Uno'),
          )
          .returningAll()
          .execute(),
      ).toEqual([{ album_id: 11, artist: bob, created_at: 'never', title: 'Uno', fullName: null }]);
      expect(
        await query.deleteFrom('albums').where('album_id', '=', 11).returning('album_id').execute(),
      ).toEqual([{ album_id: 11 }]);
    });
    await db.deleteMany(artists, (eb) => eb('fullName', 'in', ['Fay', 'Gus', 'Hal']));
  });

  it('pages go by properties', async () => {
    await db.read(async (s) => {
      const query = s.query.selectFrom('albums').select(['artist', 'album_id', 'created_at']);
      const first = await s.page(query, {
        by: ['artist', { column: 'album_id', direction: 'desc' }],
        limit: 2,
      });
      expect(first.rows.map(({ created_at }) => created_at)).toEqual(['now', 'then']);
      const second = await s.page(query, {
        by: ['artist', { column: 'album_id', direction: 'desc' }],
        limit: 2,
        after: first.next,
      });
      expect(second.rows).toEqual([{ artist: bob, album_id: 1, created_at: 'never' }]);
      const all = await s.page(s.query.selectFrom('artists').selectAll(), {
        by: ['bornOn', 'artistId'],
        limit: 1,
      });
      expect(all.rows).toMatchObject([{ fullName: 'Ada' }]);
      const rest = await s.page(s.query.selectFrom('artists').selectAll(), {
        by: ['bornOn', 'artistId'],
        limit: 5,
        after: all.next,
      });
      expect(rest.rows).toMatchObject([{ fullName: 'Bob' }]);
      await expect(s.page(query, { by: ['created_at'], limit: 2 })).rejects.toMatchObject({
        suggestion: expect.stringContaining('album_id, artist'),
      });
    });
  });

  it('encrypted columns have properties', async () => {
    await db.session(async (s) => {
      const row = await s.insert(sealed, { ofWhom: 'a', theSecret: 'one' });
      expect(row).toMatchObject({ ofWhom: 'a', theSecret: 'one' });
      expect(await s.update(sealed, row.sealedId, { theSecret: 'two' })).toEqual({
        ...row,
        theSecret: 'two',
      });
      const rows = await s.query.selectFrom('sealed').selectAll().execute();
      expect(await s.decrypt(sealed, rows)).toEqual([{ ...row, theSecret: 'two' }]);
      await expect(s.insert(sealed, { ofWhom: 'a', theSecret: '0123456789' })).rejects.toMatchObject({
        facts: { columns: ['theSecret'], issues: [{ path: ['theSecret'] }] },
      });
    });
  });

  it('the audit trail and raw SQL have the names of the database', async () => {
    const [line] = await db.read((s) =>
      s.query
        .selectFrom('changes')
        .select(['row_key', 'after'])
        .where('operation', '=', 'insert')
        .orderBy('id')
        .limit(1)
        .execute(),
    );
    expect(line).toMatchObject({
      row_key: { artist_id: ada },
      after: { 'Full Name': 'Ada', select: 7, user_id: 'a', born_on: born.toISOString() },
    });
    const { rows } = await db.read((s) =>
      sql`SELECT "Full Name", born_on FROM artists WHERE artist_id = ${ada}`.execute(s.query),
    );
    expect(rows).toEqual([{ 'Full Name': 'Ada', born_on: born }]);
  });
});
