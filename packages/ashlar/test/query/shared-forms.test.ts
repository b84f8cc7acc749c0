import { AshlarError, bigint, bytes, type Database, id, inet, json, type Session, table } from 'ashlar';
import { type ExpressionBuilder, sql } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const uuid = '00000000-0000-7000-8000-00000000000a';
const values = table('values_of_kinds', {
  id: id(),
  text: z.string(),
  integer: z.int(),
  large: bigint(),
  real: z.number(),
  boolean: z.boolean(),
  uuid: z.uuid(),
  date: z.iso.date(),
  time: z.iso.datetime({ precision: 3 }),
  precise: z.iso.datetime({ precision: 6 }),
  address: inet(),
  data: json(z.json()),
  list: json(z.json()),
  bytes: bytes(),
});
const row = {
  text: '7',
  integer: 3,
  large: 5n,
  real: 2.5,
  boolean: true,
  uuid,
  date: '2026-01-31',
  time: '2026-01-31T04:05:06.070Z',
  precise: '2026-01-31T04:05:06.000070Z',
  address: '10.0.0.1',
  data: { bb: 1, a: 2 },
  list: [1],
  bytes: new Uint8Array([0, 255]),
};
type Name = keyof typeof row;
const names = Object.keys(row) as Name[];
const tables = { values_of_kinds: values };
type S = Session<typeof tables>;
type Eb = ExpressionBuilder<Record<string, Record<string, unknown>>, string>;

/** The results of each cast that all engines share; every other one is refused. A column keeps its value in a cast to its type. */
const casts: Readonly<Record<string, Partial<Record<Name, unknown>>>> = {
  text: {
    ...{ text: '7', integer: '3', large: '5', real: '2.5', boolean: 'true', uuid, date: row.date },
    ...{ time: row.time, precise: row.precise, address: '10.0.0.1', data: '{"a": 2, "bb": 1}' },
    ...{ list: '[1]', bytes: '\\x00ff' },
  },
  integer: { text: 7, integer: 3, large: 5, real: 2 },
  int8: { text: 7n, integer: 3n, large: 5n, real: 2n },
  'double precision': { text: 7, integer: 3, large: 5, real: 2.5 },
  boolean: { boolean: true },
  uuid: { uuid },
  date: { date: row.date, time: row.date, precise: row.date },
  timestamptz: {
    date: '2026-01-31T00:00:00.000000Z',
    time: '2026-01-31T04:05:06.070000Z',
    precise: row.precise,
  },
  'timestamptz(3)': { date: '2026-01-31T00:00:00.000Z', time: row.time },
  jsonb: { data: row.data, list: row.list },
  bytea: { bytes: row.bytes },
};
const sameAs = {
  varchar: 'text',
  bigint: 'integer',
  real: 'double precision',
  float8: 'double precision',
  'timestamptz(6)': 'timestamptz',
  json: 'jsonb',
};
const refusedTypes = [
  ...[
    'varchar(3)',
    'char',
    'char(3)',
    'int2',
    'int4',
    'smallint',
    'float4',
    'decimal',
    'numeric',
    'numeric(5, 2)',
  ],
  ...[
    'binary',
    'blob',
    'datetime',
    'time',
    'timestamp',
    'timestamp(3)',
    'timestamptz(2)',
    'serial',
    'daterange',
  ],
];
const castCases: readonly (readonly [string, Partial<Record<Name, unknown>>])[] = [
  ...Object.entries(casts),
  ...Object.entries(sameAs).map(([type, as]) => [type, casts[as] ?? {}] as const),
  ...refusedTypes.map((type) => [type, {}] as const),
];

/** Literals that a cast gives a type, and what they are; undefined is refused. */
const literals: readonly (readonly [string, unknown, unknown])[] = [
  ['uuid', uuid, uuid],
  ['uuid', 'nope', undefined],
  ['date', '2026-01-31', '2026-01-31'],
  ['date', '2026-02-31', undefined],
  ['timestamptz(3)', '2026-01-31T04:05:06Z', '2026-01-31T04:05:06.000Z'],
  ['timestamptz(6)', '2026-01-31', '2026-01-31T00:00:00.000000Z'],
  ['timestamptz(3)', 'nope', undefined],
  ['boolean', true, true],
  ['boolean', 'yes', undefined],
  ['jsonb', { a: [1] }, { a: [1] }],
  ['jsonb', 'a', 'a'],
  ['bytea', new Uint8Array([1]), new Uint8Array([1])],
];

/** Expressions of one row, with the same result on every engine. */
const expressions: Readonly<Record<string, readonly [build: (eb: Eb) => unknown, result: unknown]>> = {
  'text || JSON': [(eb) => eb('text', '||', eb.ref('data')), '7{"a": 2, "bb": 1}'],
  'JSON || text': [(eb) => eb('list', '||', eb.ref('text')), '[1]7'],
  'JSON || JSON': [(eb) => eb('data', '||', eb.ref('list')), [row.data, 1]],
  'JSON || an array': [(eb) => eb('list', '||', eb.val([2, { a: 1 }])), [1, 2, { a: 1 }]],
  'JSON || an object': [(eb) => eb('data', '||', eb.val({ a: 3, c: null })), { a: 3, bb: 1, c: null }],
  'JSON || text as JSON': [(eb) => eb('list', '||', 'x'), [1, 'x']],
  'bytes || bytes': [(eb) => eb('bytes', '||', new Uint8Array([7])), new Uint8Array([0, 255, 7])],
  'bytes on the right': [
    (eb) => eb(eb.val(new Uint8Array([7])), '||', eb.ref('bytes') as never),
    new Uint8Array([7, 0, 255]),
  ],
  'bytes || text': [(eb) => eb('bytes', '||', 'x'), '\\x00ffx'],
  'JSON = an array': [(eb) => eb('list', '=', [1]), true],
  'JSON = an array of two': [(eb) => eb('list', '=', [1, 2]), false],
  'JSON = eb.lit': [(eb) => eb('data', '=', eb.lit(1)), false],
  'a real = eb.lit': [(eb) => eb('real', '>', eb.lit(2)), true],
  'a bigint = eb.lit': [(eb) => eb('large', '=', eb.lit(5)), true],
  'the quotient of a CASE of numbers': [
    (eb) => eb(eb.case().when('boolean', '=', true).then(1).else(eb.ref('real')).end(), '/', 2),
    0.5,
  ],
  'coalesce of an integer and a fraction': [(eb) => eb.fn.coalesce('integer', eb.val(1.5)), 3],
  'lower and upper of what is no column': [
    (eb) =>
      eb.fn('concat', [
        eb.fn('lower', [eb.val('ÄB')]),
        eb.fn('upper', [eb.fn('concat', ['text', eb.val('äb'), eb.val(true)])]),
      ]),
    'Äb7äBTRUE',
  ],
  'ilike of what is no column': [(eb) => eb(eb.fn('concat', ['text', eb.val('Ä')]), 'ilike', '7ä'), false],
  'substr by a column': [
    (eb) => eb.fn('substr', [sql.lit('abcdef'), 'integer', eb('integer', '-', 1)]),
    'cd',
  ],
  'a day of text': [(eb) => eb(eb.cast('time', 'date'), '=', eb.ref('date')), true],
  'LAG with a default': [
    (eb) => eb.fn.agg('lag', ['time', sql.lit(1), eb.val('2026-01-01')]).over((over) => over.orderBy('id')),
    '2026-01-01T00:00:00.000Z',
  ],
  'a simple CASE with literals': [
    (eb) => eb.case('time').when(eb.val('2026-01-31T04:05:06.07Z')).then(1).else(2).end(),
    1,
  ],
  'a simple CASE of JSON': [
    (eb) =>
      eb
        .case('data')
        .when(eb.val({ a: 2, bb: 1 }))
        .then('same')
        .else('other')
        .end(),
    'same',
  ],
};

/** Expressions that are refused on every engine. */
const refused: Readonly<Record<string, (eb: Eb) => unknown>> = {
  'coalesce of text and a number': (eb) => eb.fn.coalesce('text', eb.val(1)),
  'CASE of text and a number': (eb) =>
    eb.case().when('boolean', '=', true).then(eb.ref('text')).else(1).end(),
  'CASE of literals of two kinds': (eb) => eb.case().when('boolean', '=', true).then('a').else(1).end(),
  'coalesce with a literal that is no UUID': (eb) => eb.fn.coalesce('uuid', eb.val('nope')),
  '= with a list': (eb) => eb('integer', '=', [1]),
  '< with a list': (eb) => eb('integer', '<', [1, 2]),
  'IS with a column': (eb) => eb('integer', 'is', eb.ref('integer')),
  'IS with a number': (eb) => eb('integer', 'is', 5),
  'IS TRUE of a number': (eb) => eb('integer', 'is', true),
  'greatest of JSON': (eb) => eb.fn('greatest', ['data', 'list']),
  'max of two': (eb) => eb.fn('max', ['integer', 'real']),
  'LAG with a default of another kind': (eb) =>
    eb.fn.agg('lag', ['integer', sql.lit(1), eb.val('x')]).over((over) => over.orderBy('id')),
  'abs of text': (eb) => eb.fn('abs', ['text']),
  'substr from the end': (eb) => eb.fn('substr', ['text', sql.lit(1), eb.val(-1)]),
  'a tuple with a literal that a column never has': (eb) =>
    eb(eb.refTuple('uuid', 'integer'), '<', eb.tuple('nope', 1) as never),
};

describe.each(engines)('expressions that all engines share, on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
    await db.insert(values, row as never);
  });
  afterAll(() => remove());

  const result = (build: (eb: Eb) => unknown): Promise<unknown> =>
    db
      .read(async (s) => {
        const [found] = await (s as S).query
          .selectFrom('values_of_kinds')
          .select((eb) => [(build(eb as never) as { as(name: string): never }).as('x')])
          .execute();
        return (found as unknown as { x: unknown }).x;
      })
      .catch((error: unknown) => (error instanceof AshlarError ? error.code : Promise.reject(error)));

  it.each(castCases)('casts to %s', async (type, made) => {
    const found = await Promise.all(names.map((name) => result((eb) => eb.cast(name, type as 'text'))));
    expect(found).toStrictEqual(names.map((name) => (name in made ? made[name] : 'usage')));
  });

  it.each(literals)('a literal cast to %s: %j', async (type, value, made) => {
    expect(await result((eb) => eb.cast(eb.val(value), type as 'text'))).toStrictEqual(
      made === undefined ? 'value-invalid' : made,
    );
  });

  it.each(Object.entries(expressions))('%s', async (_, [build, expected]) => {
    expect(await result(build)).toStrictEqual(expected);
  });

  it.each(Object.entries(refused))('%s is refused', async (_, build) => {
    expect(await result(build)).toBe('usage');
  });

  it('functions that another engine lacks are refused by one code', async () => {
    // a session on SQLite does not read the catalogue of functions
    const rows = await db.engine.asOwner((owner) =>
      owner.run(
        sqlOf(engine) === 'sqlite'
          ? 'SELECT DISTINCT name FROM pragma_function_list'
          : "SELECT DISTINCT proname AS name FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace",
      ),
    );
    const found = rows.map(({ name }) => String(name));
    const unshared = found.filter((name) => /^[a-z_0-9]+$/.test(name) && !name.startsWith('ashlar_'));
    const codeOf = (name: string): Promise<string> =>
      db.read(async (s) => {
        const query = (s as S).query.selectFrom('values_of_kinds');
        try {
          query.select((eb) => eb.fn(name, [sql.lit('x')]).as('x')).compile();
          return 'allowed';
        } catch (error) {
          return error instanceof AshlarError ? error.code : String(error);
        }
      });
    const codes = new Map<string, string>();
    for (const name of [...unshared, 'date_trunc', 'strftime', 'to_char', 'iif', 'ifnull', 'now', 'nowhere'])
      codes.set(name, await codeOf(name));
    const allowed = [...codes].filter(([, code]) => code !== 'usage').map(([name]) => name);
    expect(allowed.filter((name) => !sharedFunctions.includes(name))).toEqual([]);
  });
});

const sharedFunctions = [
  ...['coalesce', 'nullif', 'greatest', 'least', 'lower', 'upper', 'trim', 'ltrim', 'rtrim', 'replace'],
  ...['substr', 'substring', 'length', 'concat', 'abs', 'round', 'ceil', 'ceiling', 'floor', 'sign'],
  ...[
    'count',
    'sum',
    'avg',
    'min',
    'max',
    'row_number',
    'rank',
    'dense_rank',
    'percent_rank',
    'cume_dist',
    'ntile',
  ],
  ...['lag', 'lead', 'first_value', 'last_value', 'nth_value'],
];
