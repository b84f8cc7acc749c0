import {
  bigint,
  ciphertext,
  type Database,
  id,
  primaryKey,
  type Row,
  references,
  type Session,
  table,
} from 'ashlar';
import { audited, auditTrail, encrypted } from 'ashlar/guarantees';
import { nested, sql } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { columnKeys, dataKeys } from '../encryption/support.js';

const most = 2n ** 63n - 1n;
const least = -(2n ** 63n);
const odd = 2n ** 53n + 1n;

class Wei {
  readonly amount: bigint;
  constructor(amount: bigint) {
    this.amount = amount;
  }
}
const wei = z.codec(bigint().min(0n), z.instanceof(Wei), {
  decode: (amount) => new Wei(amount),
  encode: ({ amount }) => amount,
});

const changes = auditTrail('changes');
const transfers = table(
  'transfers',
  { serial: bigint(), of: z.string(), amount: bigint().nullable(), small: z.int32(), whole: z.int() },
  (c) => [primaryKey(c.serial), audited({ into: changes })],
);
const parts = table(
  'parts',
  { serial: z.int(), at: bigint(), fee: wei.default(new Wei(0n)), of: bigint().nullable() },
  (c) => [primaryKey(c.serial, c.at), references(c.of, transfers.columns.serial)],
);
const accounts = table('accounts', { id: z.int() }, (c) => [primaryKey(c.id)]);
const entries = table('entries', { id: id(), account: bigint(), back: z.int().nullable() }, (c) => [
  references(c.account, accounts.columns.id),
  references(c.back, transfers.columns.serial),
]);
const sealed = table(
  'sealed',
  { id: bigint(), whom: z.string(), secret: ciphertext(bigint()).nullable() },
  (c) => [primaryKey(c.id), encrypted({ scope: c.whom, keys: dataKeys })],
);
const tables = { changes, transfers, parts, accounts, entries, sealed, dataKeys };
type S = Session<typeof tables>;

describe.each(engines)('bigint columns on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { columnKeys: columnKeys() }));
    await db.session(async (s) => {
      const amounts = [least, -odd, 0n, odd, most, null];
      await s.insertMany(
        transfers,
        amounts.map((amount, at) => ({
          serial: odd + BigInt(at),
          of: at % 2 ? 'a' : 'b',
          amount,
          small: at,
          whole: Number.MAX_SAFE_INTEGER - at,
        })),
      );
    });
  });
  afterAll(() => remove());

  const amounts = (where: (s: S) => { execute(): Promise<{ amount: bigint | null }[]> }) =>
    db.read(async (s) => (await where(s as S).execute()).map(({ amount }) => amount));
  const ordered = (s: S) => s.query.selectFrom('transfers').select('amount').orderBy('serial');

  it('are keys, and rows have bigints', async () => {
    expectTypeOf<Row<typeof transfers>['amount']>().toEqualTypeOf<bigint | null>();
    const row = await db.get(transfers, odd);
    expect(row).toStrictEqual({
      serial: odd,
      of: 'b',
      amount: least,
      small: 0,
      whole: Number.MAX_SAFE_INTEGER,
    });
    expect(await db.get(transfers, odd + 99n)).toBeUndefined();
    expect(await db.get(transfers, 2n ** 63n)).toBeUndefined();
    await expect(db.get(transfers, 5 as never)).rejects.toMatchObject({ code: 'value-invalid' });
    await db.session(async (s) => {
      const made = await s.insert(transfers, { serial: -5n, of: 'x', amount: 1n, small: 0, whole: 0 });
      expect(await s.update(transfers, -5n, { amount: most })).toStrictEqual({ ...made, amount: most });
      expect(await s.updateMany(transfers, { amount: most, of: 'x' }, { amount: least })).toBe(1);
      expect(
        await s.upsert(
          transfers,
          { serial: -5n, of: 'y', amount: null, small: 1, whole: 1 },
          { by: 'serial' },
        ),
      ).toMatchObject({ serial: -5n, of: 'y', amount: null });
      expect(await s.deleteMany(transfers, { serial: -5n })).toBe(1);
    });
  });

  it.each<[string, unknown, (bigint | null)[]]>([
    ['=', odd, [odd]],
    ['=', odd - 1n, []],
    ['=', 0, [0n]],
    ['=', '0', []],
    ['=', 2n ** 63n, []],
    ['!=', 2n ** 63n, [least, -odd, 0n, odd, most]],
    ['<', 2n ** 63n, [least, -odd, 0n, odd, most]],
    ['<=', 2n ** 70n, [least, -odd, 0n, odd, most]],
    ['>', 2n ** 63n, []],
    ['>=', Number.POSITIVE_INFINITY, []],
    ['>', least - 1n, [least, -odd, 0n, odd, most]],
    ['<', least - 1n, []],
    ['<', Number.NEGATIVE_INFINITY, []],
    ['>', 0.5, [odd, most]],
    ['<', -0.5, [least, -odd]],
    ['>=', 2 ** 63, []],
    ['<', -(2 ** 63), []],
    ['<=', -(2 ** 63), [least]],
    ['in', [odd, 2n ** 63n, most], [odd, most]],
    ['not in', [odd, 0n], [least, -odd, most]],
    ['is distinct from', odd, [least, -odd, 0n, most, null]],
  ])('are compared: %s %s', async (operator, value, expected) => {
    const found = await amounts((s) => ordered(s).where('amount', operator as '=', value as never));
    expect(found).toEqual(expected);
    const computed = await amounts((s) =>
      ordered(s).where((eb) => eb(eb.fn.coalesce('amount', 'amount'), operator as '=', value as never)),
    );
    if (!(typeof value === 'bigint' && (value > most || value < least))) expect(computed).toEqual(expected);
  });

  it('are computed with', async () => {
    await db.read(async (s) => {
      const row = await s.query
        .selectFrom('transfers')
        .where('amount', 'in', [0n, odd])
        .select((eb) => [
          eb.fn.sum('amount').as('sum'),
          eb.fn.max('amount').as('max'),
          eb.fn.min('amount').as('min'),
          eb.fn.countAll().as('count'),
          eb.fn.max(eb('amount', '+', 1n)).as('more'),
          eb.fn.max(eb('amount', '*', 2n)).as('twice'),
          eb.fn.max(eb('small', '+', 5_000_000_000n as never)).as('wide'),
          eb.val(odd).as('literal'),
        ])
        .executeTakeFirst();
      expect(row).toEqual({
        sum: odd,
        max: odd,
        min: 0n,
        count: 2,
        more: odd + 1n,
        twice: odd * 2n,
        wide: 5_000_000_003n,
        literal: odd,
      });
      const rows = await s.query
        .selectFrom('transfers')
        .orderBy('serial')
        .select((eb) => [
          eb.fn.coalesce('amount', eb.val(7n)).as('some'),
          eb.case().when('amount', '>', 0n).then(eb.ref('amount')).else(-1n).end().as('positive'),
          eb('amount', '>', odd - 1n).as('greater'),
        ])
        .execute();
      expect(rows.map(({ some }) => some)).toEqual([least, -odd, 0n, odd, most, 7n]);
      expect(rows.map(({ positive }) => positive)).toEqual([-1n, -1n, -1n, odd, most, -1n]);
      expect(rows.map(({ greater }) => greater)).toEqual([false, false, false, true, true, null]);
    });
  });

  it('are within 64 bits, also sums of them, and have no average', async () => {
    const total = (of: 'sum' | 'avg', column: 'amount' | 'whole') =>
      db
        .read((s) =>
          s.query
            .selectFrom('transfers')
            .where('amount', '>', 0n)
            .select((eb) => (of === 'sum' ? eb.fn.sum(column) : eb.fn.avg(column)).as('total'))
            .execute(),
        )
        .then(
          ([row]) => typeof row?.total,
          (error: { code: string }) => error.code,
        );
    expect(await total('sum', 'amount')).toBe('value-corrupt');
    expect(await total('avg', 'amount')).toBe('usage');
    // an integer of a column that is none of bigints stays a number
    expect(await total('sum', 'whole')).toBe('value-corrupt');
    expect(await total('avg', 'whole')).toBe('number');
  });

  it('are in computed columns, subqueries, unions, groups, streams and nested rows', async () => {
    await db.read(async (s) => {
      const cte = await s.query
        .with('large', (q) => q.selectFrom('transfers').select(['amount', 'serial']).where('amount', '>', 0n))
        .selectFrom('large')
        .selectAll()
        .orderBy('amount')
        .execute();
      expect(cte).toEqual([
        { amount: odd, serial: odd + 3n },
        { amount: most, serial: odd + 4n },
      ]);
      const one = s.query.selectFrom('transfers').select('amount').where('amount', '=', odd);
      expect(await one.unionAll(one).execute()).toEqual([{ amount: odd }, { amount: odd }]);
      const groups = await s.query
        .selectFrom('transfers')
        .where('amount', '<', most)
        .where('amount', '>', least)
        .groupBy('of')
        .select((eb) => ['of', eb.fn.sum('amount').as('sum')])
        .having((eb) => eb(eb.fn.sum('amount'), '>', -2n))
        .orderBy('of')
        .execute();
      expect(groups).toEqual([
        { of: 'a', sum: 0n },
        { of: 'b', sum: 0n },
      ]);
      const streamed: unknown[] = [];
      for await (const { amount } of ordered(s as S).stream()) streamed.push(amount);
      expect(streamed).toEqual([least, -odd, 0n, odd, most, null]);
      const rows = await s.query
        .selectNoFrom(() => [
          nested(ordered(s as S).select((eb) => eb('amount', '-', 0n).as('same'))).as('all'),
        ])
        .executeTakeFirstOrThrow();
      expect(rows.all).toEqual(
        [least, -odd, 0n, odd, most, null].map((amount) => ({ amount, same: amount })),
      );
    });
  });

  it('are the order of pages, also computed ones', async () => {
    await db.read(async (s) => {
      const all: unknown[] = [];
      let after: string | undefined;
      do {
        const page = await s.page(s.query.selectFrom('transfers').select(['amount', 'serial']), {
          by: ['amount', { column: 'serial', direction: 'desc' }],
          limit: 2,
          after,
        });
        all.push(...page.rows.map(({ amount }) => amount));
        after = page.next;
      } while (after);
      expect(all).toEqual([least, -odd, 0n, odd, most, null]);
      const sums = s.query
        .selectFrom('transfers')
        .groupBy('serial')
        .select((eb) => ['serial', eb.fn.coalesce(eb.fn.sum('amount'), eb.val(3n)).as('total')]);
      const first = await s.page(sums, { by: ['total', 'serial'], limit: 3 });
      const second = await s.page(sums, { by: ['total', 'serial'], limit: 3, after: first.next });
      expect([...first.rows, ...second.rows].map(({ total }) => total)).toEqual([
        least,
        -odd,
        0n,
        3n,
        odd,
        most,
      ]);
    });
  });

  it('are read by raw SQL, and integers of other columns stay numbers', async () => {
    await db.read(async (s) => {
      const { rows } = await sql<Record<string, unknown>>`
        select amount, whole, small, 5 as five from transfers where amount = ${odd}`.execute(s.query);
      expect(rows).toEqual([{ amount: odd, whole: Number.MAX_SAFE_INTEGER - 3, small: 3, five: 5 }]);
    });
    await expect(
      db.read((s) => sql`select max(amount) as top from transfers`.execute(s.query)),
    ).rejects.toMatchObject({ code: 'value-corrupt' });
    // the owner has no columns, only values
    await expect(
      db.engine.asOwner((owner) => owner.run('SELECT amount FROM transfers')),
    ).rejects.toMatchObject({
      code: 'value-corrupt',
    });
    expect(
      await db.engine.asOwner((owner) =>
        owner.run(`SELECT CAST(amount AS text) AS amount FROM transfers WHERE amount = ${odd}`),
      ),
    ).toEqual([{ amount: String(odd) }]);
  });

  it('have their bounds and defaults in the database', async () => {
    await db.session(async (s) => {
      const insert = (fee: string) =>
        s
          .session((inner) =>
            sql`insert into parts (serial, at, fee) values (1, ${odd}, ${sql.raw(fee)})`.execute(inner.query),
          )
          .then(
            () => 'stored',
            (error: { code: string }) => error.code,
          );
      expect(await insert('-1')).toBe('check-violation');
      expect(await s.insert(parts, { serial: 2, at: most })).toStrictEqual({
        serial: 2,
        at: most,
        fee: new Wei(0n),
        of: null,
      });
      await sql`insert into parts (serial, at) values (3, 4)`.execute(s.query);
      expect(await s.get(parts, { serial: 3, at: 4n })).toMatchObject({ fee: new Wei(0n) });
      const paid = await s.insert(parts, { serial: 3, at: 5n, fee: new Wei(most), of: odd });
      expect(paid.fee).toEqual(new Wei(most));
      const found = await s.query
        .selectFrom('parts')
        .innerJoin('transfers', 'transfers.serial', 'parts.of')
        .select(['fee', 'amount'])
        .where('fee', '=', new Wei(most))
        .execute();
      expect(found).toEqual([{ fee: new Wei(most), amount: least }]);
      await expect(
        s.session((inner) => inner.insert(parts, { serial: 9, at: 9n, of: 8n })),
      ).rejects.toMatchObject({
        code: 'foreign-key-violation',
      });
    });
  });

  it('refer to integers, and integers to them', async () => {
    await db.session(async (s) => {
      await s.insert(accounts, { id: Number.MAX_SAFE_INTEGER });
      await s.insert(transfers, { serial: 12n, of: 'c', amount: null, small: 0, whole: 0 });
      const made = await s.insert(entries, { account: 2n ** 53n - 1n, back: 12 });
      const joined = await s.query
        .selectFrom('entries')
        .innerJoin('accounts', 'accounts.id', 'entries.account')
        .select(['accounts.id', 'account'])
        .where('entries.id', '=', made.id)
        .execute();
      expect(joined).toEqual([{ id: Number.MAX_SAFE_INTEGER, account: 2n ** 53n - 1n }]);
      await expect(s.session((inner) => inner.insert(entries, { account: odd }))).rejects.toMatchObject({
        code: 'foreign-key-violation',
      });
      await s.delete(entries, made.id);
      await s.delete(transfers, 12n);
    });
  });

  it('are text in the trail', async () => {
    await db.session(async (s) => {
      await s.update(transfers, odd, { of: 'z' });
      const [line] = await s.query
        .selectFrom('changes')
        .select(['row_key', 'before', 'after'])
        .where('operation', '=', 'update')
        .orderBy('id', 'desc')
        .limit(1)
        .execute();
      expect(line).toMatchObject({
        row_key: { serial: String(odd) },
        before: { amount: String(least), of: 'b' },
        after: { amount: String(least), of: 'z' },
      });
      await s.update(transfers, odd, { of: 'b' });
    });
  });

  it('are encrypted, and bind ciphertexts as a key', async () => {
    const row = { id: least, whom: 'ann', secret: most };
    await db.session((s) => s.insert(sealed, row));
    expect(await db.get(sealed, least)).toStrictEqual(row);
  });
});
