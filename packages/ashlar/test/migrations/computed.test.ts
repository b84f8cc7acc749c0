import { column, computed, decimal, id, index, table } from 'ashlar';
import { appendOnly, audited, auditTrail, ledgered, retained } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { runWalk, type Walk, writeWalk } from './walk.js';

const { engines } = oneOfEach(import.meta.url);

const changes = auditTrail('changes');
const shape = { id: id(), name: z.string().max(20), cents: z.int(), at: z.date() };
const big = (limit: number) => column(computed(z.boolean(), `cents > ${limit}`), { name: 'Is Big' });
const kept = (c: { at: never }) => [retained(c.at, { for: { years: 1 }, reason: 'law' })] as const;

// without, added, another expression and type, dropped
const models = [
  { ...shape, fee: decimal(6, 2).default('1.00') },
  {
    ...shape,
    fee: decimal(6, 2).default('1.00'),
    lower: computed(z.string().max(20), 'lower(name)'),
    isBig: big(10),
  },
  {
    ...shape,
    fee: decimal(6, 2).default('1.00'),
    lower: computed(z.string().max(30), "lower(name) || '!'"),
    isBig: big(100),
    twice: computed(decimal(7, 2), { sqlite: '2 * fee', postgres: 'fee * 2' }),
  },
  { ...shape, fee: decimal(6, 2).default('1.00'), isBig: computed(z.int(), 'cents + 1') },
].map((columns) => ({
  changes,
  orders: table('orders', columns as typeof shape & { lower?: z.ZodString }, (c) => [
    audited({ into: changes }),
    ...('lower' in columns
      ? [index(c.lower as never), index(c.cents, (c as never as { isBig: never }).isBig)]
      : []),
    ...kept(c as never),
  ]),
  letters: table(
    'letters',
    { ...columns, more: z.string().default('') } as never as typeof shape & { lower?: z.ZodString },
    (c) => [ledgered(), appendOnly(), ...kept(c as never)],
  ),
}));

const expected = [
  {},
  { lower: 'ada', isBig: true },
  { lower: 'ada!', isBig: false, twice: '2.00' },
  { isBig: 51 },
] as const;

describe('steps for computed columns', () => {
  let walk: Walk;
  beforeAll(async () => {
    walk = await writeWalk(...models);
  });
  afterAll(() => walk.remove());

  test.each(engines)('add, change and drop them on $name, with rows, up and down', async (engine) => {
    await runWalk(engine, walk, async (db, step, way) => {
      const { orders, letters } = db.system.tables as (typeof models)[number];
      const row = { name: 'Ada', cents: 50, at: new Date() };
      if (way === 'up' && step === 0) {
        await db.insert(orders as never, row as never, { actor: 'me' });
        await db.insert(letters as never, row as never, { actor: 'me' });
      }
      for (const name of ['orders', 'letters']) {
        const found = await db.read((s) =>
          s.query
            .selectFrom(name as never)
            .selectAll()
            .execute(),
        );
        expect(found).toMatchObject([{ name: 'Ada', ...expected[step] }]);
        expect('lower' in (found[0] ?? {})).toBe('lower' in (expected[step] ?? {}));
      }
    });
  });
});
