import type { Database, Session } from 'ashlar';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { ada, bob, people, pets, rows, tables } from './setup.js';

type S = Session<typeof tables>;
const q = (s: S) => s.query.selectFrom('people');
const names = (found: readonly { name: string }[]): string => found.map(({ name }) => name).join();

/** A condition on people: the names that it finds, on every engine. */
const finds =
  (build: (query: ReturnType<typeof q>) => { execute(): Promise<{ name: string }[]> }) => async (s: S) =>
    names(await build(q(s)).execute());

type Case = readonly [what: string, run: (s: S) => Promise<unknown>, answer: unknown];

const where = (...args: readonly unknown[]) =>
  finds((query) =>
    (query.select('name').orderBy('name') as never as { where(...a: unknown[]): never }).where(...args),
  );

const conditions: readonly Case[] = [
  ['in []', where('score', 'in', []), ''],
  ['not in []', where('score', 'not in', []), 'Ada,Cleo,bob'],
  ['in [null]', where('score', 'in', [null]), ''],
  ['in with impossible values', where('code', 'in', ['nope', rows[0].code]), 'Ada'],
  ['in impossible', where('code', 'in', ['nope']), ''],
  ['not in impossible', where('code', 'not in', ['nope']), 'Ada,bob'],
  ['a boolean', where('active', '=', true), 'Ada,Cleo'],
  ['is true', where('checked', 'is', true), 'Ada'],
  ['is not true', where('checked', 'is not', true), 'Cleo,bob'],
  ['an impossible boolean', where('active', '=', 'yes'), ''],
  ['an impossible UUID', where('id', '=', 'nope'), ''],
  ['<> an impossible UUID', where('code', '<>', 'nope'), 'Ada,bob'],
  ['a UUID in upper case', where('code', '=', 'ABCDEF00-0000-7000-8000-000000000000'), ''],
  ['1.5 for an integer', where('score', '=', 1.5), ''],
  ['<> 1.5', where('score', '<>', 1.5), 'Ada,bob'],
  ['< 1.5', where('score', '<', 1.5), 'Ada'],
  ['>= 1.5', where('score', '>=', 1.5), 'bob'],
  ['< 3,000,000,000 of a 32-bit column', where('age', '<', 3_000_000_000), 'Ada,Cleo,bob'],
  ['= 3,000,000,000 of a 32-bit column', where('age', '=', 3_000_000_000), ''],
  ['< 1e300', where('score', '<', 1e300), 'Ada,bob'],
  ['> -Infinity', where('score', '>', Number.NEGATIVE_INFINITY), 'Ada,bob'],
  ['= NaN', where('score', '=', Number.NaN), ''],
  ['a real', where('weight', '=', 1.5), 'Ada'],
  ['an integer for a real', where('weight', '<', 0), 'bob'],
  ['text for an integer', where('age', '=', '20'), ''],
  ['a number for text', where('name', '=', 5), ''],
  ['text with NUL', where('name', '=', 'A\0'), ''],
  ['a time without milliseconds', where('seen', '=', '2026-01-01T00:00:00Z'), 'Ada'],
  ['a time with an offset', where('seen', '=', '2026-01-01T01:00:00.001+01:00'), 'bob'],
  ['a day for a time', where('seen', '>=', '2026-01-01'), 'Ada,bob'],
  ['a Date', where('seen', '=', new Date('2026-01-01T00:00:00.001Z')), 'bob'],
  ['a time between two milliseconds', where('seen', '>', '2026-01-01T00:00:00.0005Z'), 'bob'],
  ['< a time between two milliseconds', where('seen', '<', '2026-01-01T00:00:00.0005Z'), 'Ada'],
  ['= a time between two milliseconds', where('seen', '=', '2026-01-01T00:00:00.0005Z'), ''],
  ['microseconds', where('precise', '<', '2026-01-01T00:00:00.0002Z'), 'Ada'],
  ['a time that is none', where('seen', '<', 'tomorrow'), ''],
  ['a day that is none', where('born', '=', '2026-02-30'), ''],
  ['days', where('born', '>', '1999-12-31'), 'bob'],
  ['an address written differently', where('address', '=', '2001:DB8:0::1'), 'bob'],
  ['an address that is none', where('address', '=', 'example.org'), ''],
  ['bytes', where('photo', '=', new Uint8Array([0, 255])), 'Ada'],
  ['empty bytes', where('photo', '=', new Uint8Array()), 'bob'],
  ['text for bytes', where('photo', '=', 'x'), ''],
  ['= null', where('score', '=', null), ''],
  ['is null', where('score', 'is', null), 'Cleo'],
  ['is distinct from', where('score', 'is distinct from', 1), 'Cleo,bob'],
  ['is distinct from an impossible value', where('code', 'is distinct from', 'nope'), 'Ada,Cleo,bob'],
  ['is not distinct from an impossible value', where('code', 'is not distinct from', 'nope'), ''],
  ['JSON: equal with keys in another order', where('meta', '=', { b: [true, null], a: 1 }), 'Ada'],
  ['JSON: text', where('meta', '=', '5'), 'bob'],
  ['JSON: a number is not text', where('meta', '=', 5), ''],
  ['JSON: <>', where('meta', '<>', '5'), 'Ada,Cleo'],
  ['JSON: in', where('meta', 'in', ['5', { a: 1, b: [true, null] }]), 'Ada,bob'],
  ['JSON: an object', where('extra', '=', {}), 'bob'],
  ['like: case matters', where('name', 'like', 'a%'), ''],
  ['like', where('name', 'like', 'A%'), 'Ada'],
  ['like _', where('name', 'like', '_o_'), 'bob'],
  ['like with escapes', where('nick', 'like', 'a\\%b\\_c'), 'Ada'],
  ['like with wildcards of GLOB', where('nick', 'like', '%*[x]?'), 'bob'],
  ['like with a backslash', where('nick', 'like', 'Äb\\\\%'), 'bob'],
  ['not like', where('nick', 'not like', 'a%'), 'bob'],
  ['ilike', where('name', 'ilike', 'a%'), 'Ada'],
  ['ilike with escapes', where('nick', 'ilike', 'A\\%B\\_C'), 'Ada'],
  ['ilike beyond A–Z', where('nick', 'ilike', 'äb%'), ''],
  ['not ilike', where('name', 'not ilike', '%O%'), 'Ada'],
  ['like an impossible pattern', where('name', 'like', 'A\0%'), ''],
  [
    'like an expression',
    finds((query) =>
      query
        .select('name')
        .where((eb) => eb('name', 'like', eb.fn<string>('substr', ['name', sql.lit(1), sql.lit(1)])))
        .orderBy('name'),
    ),
    '',
  ],
  [
    'like a column',
    finds((query) => query.select('name').whereRef('name', 'like', 'name').orderBy('name')),
    'Ada,Cleo,bob',
  ],
  ['between', finds((query) => query.select('name').where((eb) => eb.between('score', 1, 1.5))), 'Ada'],
  [
    'between with NULL',
    finds((query) => query.select('name').where((eb) => eb.between('score', null as never, 5))),
    '',
  ],
  [
    'not between',
    finds((query) => query.select('name').where((eb) => eb.not(eb.between('score', 1, 1)))),
    'bob',
  ],
  [
    'between times',
    finds((query) =>
      query.select('name').where((eb) => eb.between('seen', '2026-01-01', '2026-01-01T00:00:00Z')),
    ),
    'Ada',
  ],
  [
    'not (x = impossible)',
    finds((query) =>
      query
        .select('name')
        .where((eb) => eb.not(eb('code', '=', 'nope')))
        .orderBy('name'),
    ),
    'Ada,bob',
  ],
  [
    'a literal on the left',
    finds((query) => query.select('name').where((eb) => eb(eb.val(1.5), '<', eb.ref('score') as never))),
    'bob',
  ],
  [
    'a tuple',
    finds((query) =>
      query.select('name').where((eb) => eb(eb.refTuple('age', 'active'), '=', eb.tuple(20, true))),
    ),
    'Cleo',
  ],
  [
    'tuples',
    finds((query) =>
      query
        .select('name')
        .where((eb) => eb(eb.refTuple('age', 'active'), 'in', [eb.tuple(20, false), eb.tuple(1, true)])),
    ),
    'bob',
  ],
  ['a literal condition', finds((query) => query.select('name').where((eb) => eb.lit(false))), ''],
  [
    'no condition',
    finds((query) =>
      query
        .select('name')
        .where((eb) => eb.and([]))
        .orderBy('name'),
    ),
    'Ada,Cleo,bob',
  ],
  [
    'a boolean column as condition',
    finds((query) => query.select('name').where((eb) => eb.ref('checked') as never)),
    'Ada',
  ],
  [
    'through an alias',
    async (s) =>
      names(await s.query.selectFrom('people as p').select('p.name').where('p.code', '=', 'nope').execute()),
    '',
  ],
  [
    'in a join',
    async (s) =>
      names(
        await s.query
          .selectFrom('pets')
          .innerJoin('people', (join) => join.onRef('people.id', '=', 'owner_id').on('active', '=', true))
          .select('pets.name')
          .where('score', '<', 1.5)
          .execute(),
      ),
    'Tom',
  ],
  [
    'in a subquery and a CTE',
    async (s) =>
      names(
        await s.query
          .with('adults', (db) =>
            db.selectFrom('people').select(['id', 'name', 'meta']).where('code', '<>', 'nope'),
          )
          .selectFrom('adults')
          .select('name')
          .where('meta', '=', { b: [true, null], a: 1 })
          .where('id', 'in', (eb) => eb.selectFrom('pets').select('owner_id').where('vaccinated', '=', true))
          .execute(),
      ),
    'Ada',
  ],
  [
    'in an embedded query of the session',
    async (s) =>
      names(
        await s.query
          .selectFrom(q(s).select('name').where('meta', '=', '5').as('x'))
          .selectAll()
          .execute(),
      ),
    'bob',
  ],
];

const one = (build: (query: ReturnType<typeof q>) => { execute(): Promise<unknown[]> }) => async (s: S) =>
  build(q(s)).execute();

const { photo } = rows[0];

const selections: readonly Case[] = [
  [
    'comparisons are booleans',
    one((query) =>
      query
        .select((eb) => [
          eb('score', '>', 1).as('more'),
          eb.not(eb('score', '>', 1)).as('not_more'),
          eb.and([eb('active', '=', true), eb('age', '>', 1)]).as('both'),
          eb.or([eb('active', '=', true), eb('age', '>', 99)]).as('either'),
          eb('name', 'like', 'A%').as('like_a'),
          eb('name', 'ilike', 'a%').as('ilike_a'),
          eb('score', 'in', []).as('never'),
          eb('score', 'is', null).as('empty'),
          eb.between('score', 1, 1).as('one'),
          eb
            .exists(eb.selectFrom('pets').select('pets.id').whereRef('owner_id', '=', 'people.id'))
            .as('has_pet'),
        ])
        .orderBy('name'),
    ),
    [
      {
        more: false,
        not_more: true,
        both: true,
        either: true,
        like_a: true,
        ilike_a: true,
        never: false,
        empty: false,
        one: true,
        has_pet: true,
      },
      {
        more: null,
        not_more: null,
        both: true,
        either: true,
        like_a: false,
        ilike_a: false,
        never: false,
        empty: true,
        one: null,
        has_pet: false,
      },
      {
        more: true,
        not_more: false,
        both: false,
        either: false,
        like_a: false,
        ilike_a: false,
        never: false,
        empty: false,
        one: false,
        has_pet: true,
      },
    ],
  ],
  [
    'aggregates',
    one((query) =>
      query.select(({ fn }) => [
        fn.countAll().as('all'),
        fn.count('score').as('scores'),
        fn.count('age').distinct().as('ages'),
        fn.avg('age').as('avg_age'),
        fn.avg('weight').as('avg_weight'),
        fn.sum('age').as('sum_age'),
        fn.sum('weight').as('sum_weight'),
        fn.min('active').as('min_active'),
        fn.max('checked').as('max_checked'),
        fn.min('code').as('min_code'),
        fn.max('precise').as('max_precise'),
        fn.min('seen').as('min_seen'),
        fn.max('born').as('max_born'),
        fn.max('name').as('max_name'),
        fn.max('photo').as('max_photo'),
        fn.sum('score').filterWhere('active', '=', false).as('filtered'),
      ]),
    ),
    [
      {
        all: 3,
        scores: 2,
        ages: 2,
        avg_age: 76 / 3,
        avg_weight: -0.5,
        sum_age: 76,
        sum_weight: -1,
        min_active: false,
        max_checked: true,
        min_code: bob.replace('2', '3'),
        max_precise: '2026-01-01T00:00:00.000200Z',
        min_seen: '2026-01-01T00:00:00.000Z',
        max_born: '2000-02-29',
        max_name: 'bob',
        max_photo: new Uint8Array([0, 255]),
        filtered: 2,
      },
    ],
  ],
  [
    'aggregates of no row',
    one((query) =>
      query
        .select(({ fn }) => [
          fn.countAll().as('all'),
          fn.avg('age').as('avg'),
          fn.sum('age').as('sum'),
          fn.max('active').as('max'),
        ])
        .where('id', '=', 'nope'),
    ),
    [{ all: 0, avg: null, sum: null, max: null }],
  ],
  [
    'coalesce, nullif and case have the kind of their column',
    one((query) =>
      query
        .select(({ fn, eb, case: when }) => [
          fn.coalesce('checked', 'active').as('flag'),
          fn.coalesce('extra', 'meta').as('json'),
          fn.coalesce('photo', 'photo').as('bytes'),
          fn.coalesce('score', eb.lit(0)).as('number'),
          eb.fn('nullif', ['active', 'checked']).as('nulled'),
          when().when('active', '=', true).then(eb.ref('checked')).else(eb.lit(false)).end().as('cased'),
        ])
        .orderBy('name'),
    ),
    [
      { flag: true, json: { k: 'v' }, bytes: new Uint8Array([0, 255]), number: 1, nulled: null, cased: true },
      { flag: true, json: null, bytes: null, number: 0, nulled: true, cased: null },
      { flag: false, json: {}, bytes: new Uint8Array(), number: 2, nulled: null, cased: false },
    ],
  ],
  [
    'literals',
    one((query) =>
      query
        .select((eb) => [
          eb.val(true).as('flag'),
          eb.lit(false).as('off'),
          eb.val(5).as('five'),
          eb.val(1.5).as('real'),
          eb.val('x').as('text'),
          eb.val(null).as('nothing'),
        ])
        .limit(1),
    ),
    [{ flag: true, off: false, five: 5, real: 1.5, text: 'x', nothing: null }],
  ],
  [
    'text',
    one((query) =>
      query
        .select(({ fn, eb, val }) => [
          fn('lower', ['nick']).as('lower'),
          fn('upper', ['name']).as('upper'),
          fn('length', ['nick']).as('length'),
          fn('substr', ['name', sql.lit(2), sql.lit(2)]).as('part'),
          fn('replace', ['name', val('A'), val('B')]).as('replaced'),
          fn('trim', [val(' x ')]).as('trimmed'),
          eb('name', '||', eb.ref('nick')).as('joined'),
          fn('concat', ['name', 'nick']).as('concatenated'),
        ])
        .where('name', '<>', 'Ada')
        .orderBy('name'),
    ),
    [
      {
        lower: null,
        upper: 'CLEO',
        length: null,
        part: 'le',
        replaced: 'Cleo',
        trimmed: 'x',
        joined: null,
        concatenated: 'Cleo',
      },
      {
        lower: 'Äb\\*[x]?',
        upper: 'BOB',
        length: 8,
        part: 'ob',
        replaced: 'bob',
        trimmed: 'x',
        joined: 'bobÄb\\*[x]?',
        concatenated: 'bobÄb\\*[x]?',
      },
    ],
  ],
  [
    'arithmetic',
    one((query) =>
      query
        .select((eb) => [
          eb('age', '/', 7).as('quotient'),
          eb(eb.neg('age'), '/', 7).as('negative'),
          eb(eb.neg('age'), '%', 7).as('remainder'),
          eb('age', '+', 1.5 as number).as('with_half'),
          eb('age', '*', 3_000_000_000).as('large'),
          eb('weight', '/', 2).as('half'),
          eb.fn('abs', ['weight']).as('abs'),
          eb.neg('score').as('negated'),
          eb('score', '+', null as never).as('null_sum'),
        ])
        .where('name', '=', 'bob'),
    ),
    [
      {
        quotient: 2,
        negative: -2,
        remainder: -6,
        with_half: 21.5,
        large: 60_000_000_000,
        half: -1.25,
        abs: 2.5,
        negated: -2,
        null_sum: null,
      },
    ],
  ],
  [
    'casts',
    one((query) =>
      query
        .select((eb) => [
          eb.cast<string>('age', 'text').as('text'),
          eb.cast<number>('age', 'double precision').as('real'),
          eb.cast<number>(eb.val('12'), 'integer').as('integer'),
        ])
        .where('name', '=', 'bob'),
    ),
    [{ text: '20', real: 20, integer: 12 }],
  ],
  [
    'parts of JSON',
    one((query) =>
      query
        .select((eb) => [
          eb
            .ref('meta', '->')
            .key('b' as never)
            .as('list'),
          eb.ref('extra', '->>').key('k').as('text'),
        ])
        .where('name', '=', 'Ada'),
    ),
    [{ list: [true, null], text: 'v' }],
  ],
  [
    'bytes that no column of the result tells of',
    async (s) => {
      const raw = await sql<object>`
        SELECT photo AS a, coalesce(photo, photo) AS b, (SELECT photo) AS c, substr(photo, 2, 1) AS d,
          CASE WHEN active THEN photo ELSE NULL END AS e
        FROM people WHERE name = 'Ada'`.execute(s.query);
      const built = await q(s)
        .select(({ fn, eb, lit, case: when }) => [
          sql`coalesce(photo, photo)`.as('a'),
          fn('substr', ['photo', lit(2)]).as('b'),
          fn.coalesce(sql`photo`, 'photo').as('c'),
          when().when('active', '=', true).then(eb.ref('photo')).end().as('d'),
          eb.selectFrom('people as p').select('p.photo').where('p.name', '=', 'Ada').as('e'),
          eb.val(new Uint8Array([7])).as('f'),
          fn('nullif', ['photo', eb.val(new Uint8Array([7]))]).as('g'),
          eb('photo', '||', eb.ref('photo') as never).as('h'),
        ])
        .where('name', '=', 'Ada')
        .execute();
      const returned = await sql<object>`
        UPDATE people SET photo = photo WHERE name = 'Ada' RETURNING photo, coalesce(photo, photo) AS a`.execute(
        s.query,
      );
      return [...raw.rows, ...built, ...returned.rows];
    },
    [
      { a: photo, b: photo, c: photo, d: new Uint8Array([255]), e: photo },
      {
        ...{
          a: photo,
          b: new Uint8Array([255]),
          c: photo,
          d: photo,
          e: photo,
          f: new Uint8Array([7]),
          g: photo,
        },
        h: new Uint8Array([0, 255, 0, 255]),
      },
      { photo, a: photo },
    ],
  ],
  [
    'group by NULL',
    one((query) =>
      query
        .select(({ fn }) => ['checked', fn.countAll().as('n')])
        .groupBy('checked')
        .orderBy('checked'),
    ),
    [
      { checked: false, n: 1 },
      { checked: true, n: 1 },
      { checked: null, n: 1 },
    ],
  ],
  [
    'having',
    one((query) =>
      query
        .select('age')
        .groupBy('age')
        .having(({ fn, eb }) => eb(fn.avg('score'), '=', 2)),
    ),
    [{ age: 20 }],
  ],
  ['distinct', one((query) => query.select('age').distinct().orderBy('age')), [{ age: 20 }, { age: 36 }]],
  [
    'a union of booleans',
    one((query) =>
      query
        .select('active as flag')
        .union((eb) => eb.selectFrom('people').select('checked as flag') as never)
        .orderBy('flag'),
    ),
    [{ flag: false }, { flag: true }, { flag: null }],
  ],
  ['offset without limit', one((query) => query.select('name').orderBy('name').offset(2)), [{ name: 'bob' }]],
  ['limit', one((query) => query.select('name').orderBy('name').limit(1)), [{ name: 'Ada' }]],
  [
    'a scalar subquery',
    one((query) =>
      query
        .select((eb) => [
          eb
            .selectFrom('pets')
            .select('vaccinated')
            .whereRef('owner_id', '=', 'people.id')
            .limit(1)
            .as('vaccinated'),
          eb.selectFrom('pets').select('tags').whereRef('owner_id', '=', 'people.id').limit(1).as('tags'),
        ])
        .orderBy('name'),
    ),
    [
      { vaccinated: true, tags: ['x'] },
      { vaccinated: null, tags: null },
      { vaccinated: false, tags: [] },
    ],
  ],
  [
    'a derived table',
    async (s) =>
      s.query
        .selectFrom((eb) =>
          eb
            .selectFrom('people')
            .select(({ eb }) => ['name', eb('age', '>', 30).as('old'), 'meta'])
            .as('p'),
        )
        .selectAll()
        .orderBy('name')
        .execute(),
    [
      { name: 'Ada', old: true, meta: { a: 1, b: [true, null] } },
      { name: 'Cleo', old: false, meta: null },
      { name: 'bob', old: false, meta: '5' },
    ],
  ],
  [
    'a window',
    one((query) =>
      query
        .select(({ fn }) => [
          'name',
          fn
            .agg<number>('row_number')
            .over((over) => over.orderBy('score'))
            .as('place'),
          fn
            .agg<boolean>('lag', ['active'])
            .over((over) => over.orderBy('name'))
            .as('before'),
        ])
        .orderBy('name'),
    ),
    [
      { name: 'Ada', place: 1, before: null },
      { name: 'Cleo', place: 3, before: true },
      { name: 'bob', place: 2, before: true },
    ],
  ],
];

const order = (column: string, direction?: 'asc' | 'desc') =>
  finds((query) =>
    query
      .select('name')
      .orderBy(column as 'score', direction)
      .orderBy('name'),
  );

const orders: readonly Case[] = [
  ['NULLs last', order('score'), 'Ada,bob,Cleo'],
  ['NULLs first, descending', order('score', 'desc'), 'Cleo,bob,Ada'],
  ['booleans', order('checked'), 'bob,Ada,Cleo'],
  ['times', order('seen', 'desc'), 'Cleo,bob,Ada'],
  [
    'nulls first, as the query says',
    finds((query) => query.select('name').orderBy('score', (o) => o.asc().nullsFirst())),
    'Cleo,Ada,bob',
  ],
  [
    'an alias',
    finds((query) => query.select(['name', 'score as points']).orderBy('points', 'desc')),
    'Cleo,bob,Ada',
  ],
  [
    'an expression',
    finds((query) => query.select('name').orderBy((eb) => eb('score', '+', 1))),
    'Ada,bob,Cleo',
  ],
  [
    'the nullable side of an outer join',
    async (s) =>
      names(
        await s.query
          .selectFrom('people')
          .leftJoin('pets', 'pets.owner_id', 'people.id')
          .select('people.name')
          .orderBy('pets.name')
          .execute(),
      ),
    'bob,Ada,Cleo',
  ],
  [
    'a union',
    async (s) =>
      s.query
        .selectFrom('people')
        .select('score as n')
        .unionAll((eb) => eb.selectFrom('people').select('age as n'))
        .orderBy('n', 'desc')
        .limit(2)
        .execute(),
    [{ n: null }, { n: 36 }],
  ],
];

const refusals: readonly Case[] = [
  ...['name', 'active', 'code', 'born', 'seen', 'address', 'meta', 'photo'].flatMap((column) =>
    ['+', '-', '*', '/', '%'].map(
      (operator): Case => [
        `${column} ${operator} 1`,
        one((query) => query.select((eb) => eb(column as 'age', operator as '+', 1).as('x'))),
        'usage',
      ],
    ),
  ),
  ['min of JSON', one((query) => query.select(({ fn }) => fn.min('meta' as 'age').as('x'))), 'usage'],
  ['a sum of booleans', one((query) => query.select(({ fn }) => fn.sum('active' as 'age').as('x'))), 'usage'],
  ['an order over JSON', where('meta', '<', 5), 'usage'],
  ['like over a number', where('age', 'like', '2%'), 'usage'],
  ['like over a UUID', where('id', 'like', '0%'), 'usage'],
  ['a pattern that ends with a backslash', where('name', 'like', 'a\\'), 'usage'],
  [
    'a sum beyond 2^53',
    one((query) => query.select(({ fn, eb }) => fn.sum(eb('score', '*', Number.MAX_SAFE_INTEGER)).as('x'))),
    'value-corrupt',
  ],
  [
    'a sum beyond 2^63',
    one((query) =>
      query.select(({ fn, eb }) => fn.sum(eb(eb('score', '*', Number.MAX_SAFE_INTEGER), '*', 500)).as('x')),
    ),
    'value-corrupt',
  ],
  [
    'more than 32,766 parameters',
    where(
      'age',
      'in',
      Array.from({ length: 32_767 }, (_, i) => i),
    ),
    'statement-too-large',
  ],
];

describe.each(engines)('the same answer on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
    await db.session(async (s) => {
      for (const row of rows) await s.insert(people, row as never);
      await s.insert(pets, { owner_id: ada, name: 'Tom', tags: ['x'], vaccinated: true });
      await s.insert(pets, { owner_id: bob, name: 'Rex', kind: 'dog' });
    });
  });
  afterAll(() => remove());

  const check = (cases: readonly Case[]) => {
    it.each(cases)('%s', async (_, run, answer) => {
      expect(await db.session((s) => run(s as S))).toStrictEqual(answer);
    });
  };
  describe('of conditions', () => check(conditions));
  describe('of selected expressions', () => check(selections));
  describe('in order', () => check(orders));
  it.each(refusals)('refuses %s', async (_, run, answer) => {
    await expect(db.read((s) => run(s as S))).rejects.toMatchObject({ code: answer });
  });
});
