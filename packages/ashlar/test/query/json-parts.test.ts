import { type Database, id, json, table } from 'ashlar';
import type { QueryTables } from 'ashlar/query';
import type { AliasedExpression, Expression, ExpressionBuilder, SqlBool } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const documents = table('documents', { id: id(), name: z.string(), body: json(z.json()) });
const tables = { documents };
type Step = string | number;
type Eb = ExpressionBuilder<QueryTables<typeof tables>, 'documents'>;

/** Values of each kind of JSON, and what `->>` returns for them. */
const values: readonly (readonly [value: unknown, text: string | null])[] = [
  ['text', 'text'],
  ['', ''],
  ['"quoted\\\n"', '"quoted\\\n"'],
  ['5', '5'],
  ['null', 'null'],
  ['Ä€😀', 'Ä€😀'],
  [5, '5'],
  [1.0, '1'],
  [-0.5, '-0.5'],
  [0, '0'],
  [1e21, '1000000000000000000000'],
  [-1.5e22, '-15000000000000000000000'],
  [1e-7, '0.0000001'],
  [-1.25e-9, '-0.00000000125'],
  [2 ** 53, '9007199254740992'],
  [true, 'true'],
  [false, 'false'],
  [null, null],
  [{}, '{}'],
  [[], '[]'],
  [{ bb: 1, a: { c: [] }, Z: 'x"\n\u0001' }, '{"Z": "x\\"\\n\\u0001", "a": {"c": []}, "bb": 1}'],
  [[1, 'a', null, true, { a: 1e21 }], '[1, "a", null, true, {"a": 1000000000000000000000}]'],
];

/** Keys that SQLite could take for a path or a position, and others that need escaping. */
const keys = [
  'k',
  '',
  '0',
  '1',
  '$',
  '$k',
  '$."k"',
  '[0]',
  '#-1',
  'a.b',
  'a b',
  '"',
  "'",
  '\\',
  'a"b',
  'ä',
  'a\nb',
  '?',
];

/** A part of JSON whose type does not matter here. */
interface Part {
  key(name: string): Part;
  at(position: number): Part;
  as(alias: 'x'): AliasedExpression<unknown, 'x'>;
}

const followed = (part: unknown, path: readonly Step[]): AliasedExpression<unknown, 'x'> =>
  path.reduce((of, step) => (typeof step === 'string' ? of.key(step) : of.at(step)), part as Part).as('x');

/** The ways to write a part of JSON. */
const ways: Readonly<
  Record<string, (eb: Eb, operator: '->' | '->>', path: readonly Step[]) => AliasedExpression<unknown, 'x'>>
> = {
  'a chain': (eb, operator, path) => followed(eb.ref('body', operator), path),
  'a path': (eb, operator, path) => followed(eb.ref('body', `${operator}$` as '->$'), path),
  operators: (eb, operator, path) =>
    path
      .reduce<Part>(
        (of, step, at) =>
          eb(of as never, (at < path.length - 1 ? '->' : operator) as never, step as never) as never,
        eb.ref('body') as never,
      )
      .as('x'),
};

const missing: readonly (readonly Step[])[] = [
  ...[['none'], [9], [-9], ['none', 'k'], ['none', 0], ['k', 'k'], ['k', 9], [2, 1], [0, 'k']],
];

/** The rows `k …`: the values of `k` in their bodies. */
const parts = [9, '9', 10, 'B', 'a', 'ä', true, 'true', null];

const text = (eb: Eb, key: string) => eb.ref('body', '->>').key(key as never);

const k = (...at: readonly number[]) => at.map((each) => `k ${each}`);

/** Conditions over text of JSON: a number or boolean is compared as its text. */
const conditions: readonly (readonly [
  what: string,
  condition: (eb: Eb) => Expression<SqlBool>,
  names: readonly string[],
])[] = [
  ['= a number', (eb) => eb(text(eb, 'k'), '=', 9 as never), k(0, 1)],
  ['= text', (eb) => eb(text(eb, 'k'), '=', '9' as never), k(0, 1)],
  ['= a boolean', (eb) => eb(text(eb, 'k'), '=', true as never), k(6, 7)],
  ['a literal on the left', (eb) => eb(eb.val<unknown>(9), '=', text(eb, 'k') as never), k(0, 1)],
  ['<> a number', (eb) => eb(text(eb, 'k'), '<>', 9 as never), k(2, 3, 4, 5, 6, 7)],
  ['in', (eb) => eb(text(eb, 'k'), 'in', [10, true, 'a'] as never), k(2, 4, 6, 7)],
  ['is null', (eb) => eb.and([eb('name', 'like', 'k %'), eb(text(eb, 'k'), 'is', null)]), k(8)],
  ['< as text', (eb) => eb(text(eb, 'k'), '<', 9 as never), k(2)],
  ['between as text', (eb) => eb.between(text(eb, 'k'), 1 as never, 9 as never), k(0, 1, 2)],
  ['like', (eb) => eb(text(eb, 'k'), 'like', '_' as never), k(0, 1, 3, 4, 5)],
  [
    'through coalesce',
    (eb) => eb(eb.fn.coalesce(text(eb, 'k'), eb.val('x') as never), '=', 'x' as never),
    [...k(8), 'values'],
  ],
  ['1e21', (eb) => eb(text(eb, 'v10'), '=', 1e21 as never), ['values']],
  ['two parts', (eb) => eb(text(eb, 'v3'), '=', text(eb, 'v6') as never), ['values']],
];

describe.each(engines)('parts of JSON on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
    await db.session(async (s) => {
      await s.insert(documents, {
        name: 'values',
        body: {
          list: values.map(([value]) => value),
          ...Object.fromEntries(values.map(([value], at) => [`v${at}`, value])),
        } as never,
      });
      await s.insert(documents, { name: 'keys', body: Object.fromEntries(keys.map((key, at) => [key, at])) });
      for (const [at, part] of parts.entries())
        await s.insert(documents, { name: `k ${at}`, body: { k: part } });
      await s.insert(documents, { name: 'array', body: ['a', 'b', ['c']] });
      for (const [name, body] of [
        ['number', 5],
        ['text', 'a'],
        ['null', null],
        ['boolean', true],
      ] as const)
        await s.insert(documents, { name, body });
    });
  });
  afterAll(() => remove());

  describe.each(Object.entries(ways))('with %s', (_, way) => {
    const of = async (name: string, operator: '->' | '->>', path: readonly Step[]): Promise<unknown> =>
      db.read(async (s) => {
        const [row] = await s.query
          .selectFrom('documents')
          .select((eb) => way(eb, operator, path))
          .where('name', '=', name)
          .execute();
        return row?.x;
      });

    it('a value of each kind, by key and by position', async () => {
      for (const [at, [value, text]] of values.entries()) {
        for (const path of [[`v${at}`], ['list', at], ['list', at - values.length]]) {
          expect([path, await of('values', '->', path)]).toStrictEqual([path, value]);
          expect([path, await of('values', '->>', path)]).toStrictEqual([path, text]);
        }
      }
    });
    it('every key', async () => {
      for (const [at, key] of keys.entries()) {
        expect([key, await of('keys', '->', [key])]).toStrictEqual([key, at]);
        expect([key, await of('keys', '->>', [key])]).toStrictEqual([key, String(at)]);
      }
    });
    it('a part that is not there', async () => {
      for (const name of ['keys', 'array', 'number', 'text', 'null', 'boolean'])
        for (const path of missing)
          for (const operator of ['->', '->>'] as const)
            expect([name, path, await of(name, operator, path)]).toStrictEqual([name, path, null]);
    });
  });

  it.each(conditions)('%s', async (_, condition, names) => {
    const found = await db.read((s) =>
      s.query.selectFrom('documents').select('name').where(condition).orderBy('name').execute(),
    );
    expect(found.map(({ name }) => name).filter((name) => /^k |^values/.test(name))).toStrictEqual(names);
  });

  it('text is sorted and grouped as text, whatever the value was', async () => {
    const part = (eb: Eb) => text(eb, 'k');
    const sorted = await db.read((s) =>
      s.query
        .selectFrom('documents')
        .select((eb) => [part(eb).as('k'), eb.fn.countAll().as('n')])
        .where('name', 'like', 'k %')
        .groupBy(part)
        .orderBy(part)
        .execute(),
    );
    expect(sorted).toStrictEqual([
      { k: '10', n: 1 },
      { k: '9', n: 2 },
      { k: 'B', n: 1 },
      { k: 'a', n: 1 },
      { k: 'true', n: 2 },
      { k: 'ä', n: 1 },
      { k: null, n: 1 },
    ]);
  });
});
