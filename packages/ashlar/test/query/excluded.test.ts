import { bigint, type Database, decimal, primaryKey, type Session, table } from 'ashlar';
import type { ExpressionBuilder } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const columns = {
  whole: z.int(),
  big: bigint(),
  money: decimal(12, 2),
  real: z.number(),
  rate: decimal(12, 4),
};
const accounts = table('accounts', { id: z.int(), ...columns, seen: z.int() }, (c) => [primaryKey(c.id)]);
const tables = { accounts };
type S = Session<typeof tables>;
type Kind = 'whole' | 'big' | 'money' | 'real';
type Eb = ExpressionBuilder<Record<string, Record<string, unknown>>, string>;

/** What is there, what an upsert gives, a literal, and each result. */
const values = {
  whole: { there: 7, given: 3, literal: 1, sum: 10, rest: 4, more: 4, twice: 6 },
  big: {
    there: 2n ** 62n,
    given: 3n,
    literal: 1n,
    sum: 2n ** 62n + 3n,
    rest: 2n ** 62n - 3n,
    more: 4n,
    twice: 6n,
  },
  money: {
    there: '9999999999.10',
    given: '0.89',
    literal: '1',
    sum: '9999999999.99',
    rest: '9999999998.21',
    more: '1.89',
    twice: '1.78',
  },
  real: { there: 7.5, given: 0.25, literal: 1, sum: 7.75, rest: 7.25, more: 1.25, twice: 0.5 },
} as const;

type Values = (typeof values)[Kind];
/** Expressions of the row that is there and of the one that was given, and their value. */
const expressions: Readonly<
  Record<string, readonly [(eb: Eb, there: string, given: string, each: Values) => unknown, keyof Values]>
> = {
  given: [(eb, _, given) => eb.ref(given), 'given'],
  '+': [(eb, there, given) => eb(there, '+', eb.ref(given)), 'sum'],
  'given +': [(eb, there, given) => eb(given, '+', eb.ref(there)), 'sum'],
  '-': [(eb, there, given) => eb(there, '-', eb.ref(given)), 'rest'],
  '+ a literal': [(eb, _, given, { literal }) => eb(given, '+', literal), 'more'],
  '* a literal': [(eb, _, given) => eb(given, '*', 2), 'twice'],
  coalesce: [(eb, there, given) => eb.fn.coalesce(given as never, there as never), 'given'],
  'coalesce with a literal': [
    (eb, _, given, { there }) => eb.fn.coalesce(given as never, eb.val(there)),
    'given',
  ],
  CASE: [
    (eb, there, given) =>
      eb.case().when(given, '>', eb.ref(there)).then(eb.ref(given)).else(eb.ref(there)).end(),
    'there',
  ],
  'CASE with a literal': [
    (eb, there, _, { given }) => eb.case().when(there, '=', given).then(eb.ref(there)).else(given).end(),
    'given',
  ],
  greatest: [(eb, there, given) => eb.fn('greatest', [there, given]), 'there'],
  least: [(eb, there, given) => eb.fn('least', [there, given]), 'given'],
};

describe.each(engines.map((engine) => [engine.name, engine] as const))('excluded on %s', (_, engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
  });
  afterAll(() => remove());

  const row = (side: 'there' | 'given') => ({
    id: 1,
    whole: values.whole[side],
    big: values.big[side],
    money: values.money[side],
    real: values.real[side],
    rate: '1.0000',
    seen: 0,
  });
  /** Upserts the row with an assignment, perhaps on a condition, and returns what the table has then. */
  const upsert = async (column: string, value: (eb: Eb) => unknown, where?: (eb: Eb) => unknown) =>
    db.session(async (s: S) => {
      await s.query.deleteFrom('accounts').execute();
      await s.insert(accounts, row('there'));
      await s.query
        .insertInto('accounts')
        .values(row('given'))
        .onConflict((oc) => {
          const set = oc.column('id').doUpdateSet((eb) => ({ [column]: value(eb as never) as never }));
          return where ? set.where((eb) => where(eb as never) as never) : set;
        })
        .execute();
      return s.get(accounts, 1);
    });

  const cases = (Object.keys(values) as Kind[]).flatMap((kind) =>
    Object.keys(expressions).map((name) => [kind, name] as const),
  );
  it.each(cases)('%s: %s', async (kind, name) => {
    const [build, result] = expressions[name] ?? [];
    const each = values[kind];
    const found = await upsert(kind, (eb) => build?.(eb, `accounts.${kind}`, `excluded.${kind}`, each));
    expect(found).toMatchObject({ [kind]: each[result as keyof Values] });
  });

  it.each(Object.keys(values) as Kind[])('%s: in the condition of the update', async (kind) => {
    const set = (eb: Eb): unknown => eb.val(1);
    const { there, given } = values[kind];
    const [mine, other] = [`accounts.${kind}`, `excluded.${kind}`];
    expect(await upsert('seen', set, (eb) => eb(mine, '>', eb.ref(other)))).toMatchObject({ seen: 1 });
    expect(await upsert('seen', set, (eb) => eb(mine, '<', eb.ref(other)))).toMatchObject({ seen: 0 });
    expect(await upsert('seen', set, (eb) => eb(other, '=', given))).toMatchObject({ seen: 1 });
    expect(await upsert('seen', set, (eb) => eb(other, '=', there))).toMatchObject({ seen: 0 });
  });

  it.each<[string, string, (eb: Eb) => unknown]>([
    ['a decimal of another scale', 'money', (eb) => eb.ref('excluded.rate')],
    ['a sum of two scales', 'money', (eb) => eb('accounts.money', '+', eb.ref('excluded.rate'))],
    ['a decimal for an integer', 'whole', (eb) => eb.ref('excluded.money')],
    ['a product of decimals', 'money', (eb) => eb('accounts.money', '*', eb.ref('excluded.money'))],
  ])('refuses %s', async (_, column, value) => {
    await expect(upsert(column, value)).rejects.toMatchObject({ code: 'usage' });
  });
});
