import { bytes, type Database, id, inet, json, type Session, table } from 'ashlar';
import type { QueryTables } from 'ashlar/query';
import { type ExpressionBuilder, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const values = table('values_of_kinds', {
  id: id(),
  nr: z.int(),
  text: z.string().nullable(),
  integer: z.int().nullable(),
  real: z.number().nullable(),
  boolean: z.boolean().nullable(),
  uuid: z.uuid().nullable(),
  date: z.iso.date().nullable(),
  time: z.iso.datetime({ precision: 3 }).nullable(),
  precise: z.iso.datetime({ precision: 6 }).nullable(),
  address: inet().nullable(),
  data: json(z.json()).nullable(),
  bytes: bytes().nullable(),
});
const tables = { values_of_kinds: values };
type S = Session<typeof tables>;
type Eb = ExpressionBuilder<QueryTables<typeof tables>, 'values_of_kinds'>;

const uuid = '00000000-0000-7000-8000-00000000000a';

/** Values of each kind, and their text on every engine. */
const kinds = {
  text: [
    ['Ä b', 'Ä b'],
    ['', ''],
  ],
  integer: [
    [0, '0'],
    [-7, '-7'],
    [2 ** 52, '4503599627370496'],
  ],
  real: [
    ...[
      [1, '1'],
      [-2.5, '-2.5'],
      [0.1, '0.1'],
      [0.0001, '0.0001'],
      [0.00001, '1e-05'],
      [1e14, '100000000000000'],
    ],
    ...[
      [1e15, '1e+15'],
      [1.5e21, '1.5e+21'],
      [5e-324, '5e-324'],
      [123456.789, '123456.789'],
      [0, '0'],
    ],
  ],
  boolean: [
    [true, 'true'],
    [false, 'false'],
  ],
  uuid: [[uuid, uuid]],
  date: [['2026-01-31', '2026-01-31']],
  time: [['2026-01-31T04:05:06.070Z', '2026-01-31T04:05:06.070Z']],
  precise: [['2026-01-31T04:05:06.000070Z', '2026-01-31T04:05:06.000070Z']],
  address: [
    ['10.0.0.1', '10.0.0.1'],
    ['2001:db8::1', '2001:db8::1'],
  ],
  data: [
    ...[
      ['a"b', '"a\\"b"'],
      [5, '5'],
      [1e21, '1000000000000000000000'],
      [true, 'true'],
    ],
    ...[
      [{ bb: 1, a: [1, null] }, '{"a": [1, null], "bb": 1}'],
      [{}, '{}'],
      [[], '[]'],
    ],
  ],
  bytes: [
    [new Uint8Array([0, 255]), '\\x00ff'],
    [new Uint8Array(), '\\x'],
  ],
} as const satisfies Record<string, readonly (readonly unknown[])[]>;
type Name = keyof typeof kinds;
const names = Object.keys(kinds) as Name[];

/** Expressions that make text of a value, and what they make of its text; NULL stays NULL unless it says otherwise. */
const uses: readonly (readonly [
  what: string,
  expression: (eb: Eb, name: Name) => { as(name: 'x'): unknown },
  made: (text: string | null) => unknown,
  except: readonly Name[],
])[] = [
  ['a cast', (eb, name) => eb.cast(name, 'text'), (text) => text, []],
  [
    '||',
    (eb, name) => eb(name, '||', '!' as never),
    (text) => (text === null ? null : `${text}!`),
    ['data', 'bytes'],
  ],
  [
    '|| on the right',
    (eb, name) => eb(eb.val('!'), '||', eb.ref(name) as never),
    (text) => (text === null ? null : `!${text}`),
    ['data', 'bytes'],
  ],
  [
    '|| with an integer',
    (eb, name) => eb(name, '||', eb.ref('nr') as never),
    (text) => (text === null ? null : `${text}1`),
    ['data', 'bytes'],
  ],
  ['concat', (eb, name) => eb.fn('concat', [name, 'text']), (text) => text ?? '', ['text']],
  [
    'lower',
    (eb, name) => eb.fn('lower', [name]),
    (text) => text?.replace(/[A-Z]/g, (char) => char.toLowerCase()) ?? text,
    ['bytes'],
  ],
  [
    'length',
    (eb, name) => eb.fn('length', [name]),
    (text) => (text === null ? null : [...text].length),
    ['bytes'],
  ],
  [
    'substr',
    (eb, name) => eb.fn('substr', [name, sql.lit(2), sql.lit(3)]),
    (text) => text?.slice(1, 4) ?? text,
    ['bytes'],
  ],
  [
    'replace',
    (eb, name) => eb.fn('replace', [name, sql.lit('0'), sql.lit('o')]),
    (text) => text?.replaceAll('0', 'o') ?? text,
    ['bytes'],
  ],
];

const cases = uses.flatMap(([what, expression, made, except]) =>
  names.filter((name) => !except.includes(name)).map((name) => [what, name, expression, made] as const),
);

describe.each(engines)('values as text on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
    await db.session(async (s) => {
      for (const name of names)
        for (const [value] of kinds[name]) await s.insert(values, { nr: 1, [name]: value } as never);
      await s.insert(values, { nr: 0 } as never);
    });
  });
  afterAll(() => remove());

  const rows = (s: S, name: Name) =>
    s.query
      .selectFrom('values_of_kinds')
      .where((eb) => eb.or([eb(name, 'is not', null), eb('nr', '=', 0)]))
      .orderBy('id');

  it.each(cases)('%s of %s', async (_, name, expression, made) => {
    const found = await db.read((s) =>
      rows(s as S, name)
        .select((eb) => expression(eb, name).as('x') as never)
        .execute(),
    );
    const texts: readonly (string | null)[] = [...kinds[name].map(([, text]) => text), null];
    expect(found.map((row) => (row as { x: unknown }).x)).toStrictEqual(
      texts.map((text) => made(text || text === '' ? text : null)),
    );
  });

  it.each(names)('%s assigned to a column of text', async (name) => {
    const rollback = new Error('rolled back');
    let found: readonly unknown[] = [];
    await db
      .session(async (s) => {
        await s.query
          .updateTable('values_of_kinds')
          .set((eb) => ({ text: eb.case().when('nr', '>', 0).then(eb.ref(name)).end() as never }))
          .execute();
        found = await rows(s as S, name)
          .select('text')
          .execute();
        throw rollback;
      })
      .catch((error: unknown) => expect(error).toBe(rollback));
    expect(found).toStrictEqual([...kinds[name].map(([, text]) => ({ text })), { text: null }]);
  });

  it('a real that becomes an integer is rounded, of two to the even one', async () => {
    const halves = [0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6, 2 ** 52 + 0.5];
    const rounded = [0, 2, 2, 0, -2, 2, -3, 2 ** 52];
    const rollback = new Error('rolled back');
    const found: unknown[] = [];
    await db
      .session(async (s) => {
        for (const real of halves) {
          await s.insert(values, { nr: 2, real } as never);
          const [row] = await s.query
            .updateTable('values_of_kinds')
            .set((eb) => ({ integer: eb('real', '*', 1) as never }))
            .where('nr', '=', 2)
            .returning((eb) => ['integer', eb.cast<number>('real', 'bigint').as('cast')])
            .execute();
          found.push(row);
          await s.query.deleteFrom('values_of_kinds').where('nr', '=', 2).execute();
        }
        throw rollback;
      })
      .catch((error: unknown) => expect(error).toBe(rollback));
    expect(found).toStrictEqual(rounded.map((integer) => ({ integer, cast: integer })));
  });
});
