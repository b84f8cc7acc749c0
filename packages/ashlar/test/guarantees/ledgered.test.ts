import {
  array,
  autoincrement,
  bigint,
  bytes,
  createdAt,
  type Database,
  decimal,
  id,
  inet,
  primaryKey,
  type Table,
  table,
  timestamp,
} from 'ashlar';
import type { Attack, RunSql } from 'ashlar/extend';
import { appendOnly, ledgered, partitioned } from 'ashlar/guarantees';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { verifyTable, withLedger } from '../../src/ledger/database/ledgers.js';
import { readEntry } from '../../src/ledger/entry.js';

const every = table(
  'every_kind',
  {
    id: id(),
    text: z.string(),
    choice: z.enum(['a', 'b']).nullable(),
    integer: z.int(),
    narrow: z.int32().nullable(),
    big: bigint(),
    money: decimal(18, 3),
    rest: decimal(18, 18).nullable(),
    bigger: bigint().nullable(),
    real: z.number(),
    flag: z.boolean(),
    maybe: z.boolean().nullable(),
    at: timestamp(),
    precise: z.iso.datetime({ precision: 6 }).nullable(),
    day: z.iso.date(),
    address: inet(),
    anything: z.json(),
    object: z.record(z.string(), z.json()).nullable(),
    binary: bytes(),
    order: z.string().nullable(),
    tags: array(z.string()),
    moments: array(z.iso.datetime({ precision: 6 })).nullable(),
    created_at: createdAt(),
  },
  () => [appendOnly(), ledgered({ log: 'log of "every" kind' })],
);
const monthly = table('monthly', { id: id(), at: createdAt(), note: z.string() }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month' }),
  appendOnly(),
  ledgered(),
]);
const named = table('named', { first: z.string(), day: z.iso.date(), n: z.int() }, (c) => [
  primaryKey(c.first, c.day, c.n),
  appendOnly(),
  ledgered(),
]);
const serial = table('serial', { id: bigint(), note: z.string() }, (c) => [
  primaryKey(c.id),
  appendOnly(),
  ledgered(),
]);
const wide = table('wide_keys', { id: bigint(), of: z.string(), n: z.int() }, (c) => [
  primaryKey(c.id, c.of, c.n),
  appendOnly(),
  ledgered(),
]);
const counted = table('counted', { id: autoincrement(), note: z.string() }, () => [appendOnly(), ledgered()]);
const tables = { every, monthly, named, counted, serial, wide };

const storable = fc
  .string({ unit: 'grapheme' })
  .filter((text) => !text.includes('\0') && text.isWellFormed());
const day = fc
  .date({ min: new Date('0002-01-01'), max: new Date('9998-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString());
const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value)))
  .filter((value) => {
    const text = JSON.stringify(value);
    return !/\\u(0000|d[89a-f])/i.test(text) && !/__proto__|-0\b/.test(text);
  });
const real = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .map((value) => (Object.is(value, -0) ? 0 : value));
const row = fc.record({
  text: storable,
  choice: fc.constantFrom('a' as const, 'b' as const, null),
  integer: fc.maxSafeInteger(),
  narrow: fc.option(fc.integer()),
  money: fc.constantFrom(
    '0.000',
    '-0.001',
    '999999999999999.999',
    '-999999999999999.999',
    '9007199254740.993',
    '5.010',
  ),
  rest: fc.option(fc.constantFrom('0.000000000000000001', '-0.999999999999999999', '0.100000000000000000')),
  big: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  bigger: fc.option(fc.constantFrom(0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n))),
  real,
  flag: fc.boolean(),
  maybe: fc.option(fc.boolean()),
  at: day,
  precise: fc.option(day.map((at) => at.replace('Z', '789Z'))),
  day: day.map((at) => at.slice(0, 10)),
  address: fc.constantFrom('192.0.2.7', '2001:db8::1', '::1', '::102:304', '::ffff:1.2.3.4'),
  anything: json,
  object: fc.option(fc.dictionary(fc.constantFrom('a', 'b', 'ü'), json)),
  binary: fc.uint8Array(),
  order: fc.option(storable),
  tags: fc.array(
    storable.filter((text) => !/[\p{Cc}]/u.test(text)),
    { maxLength: 3 },
  ),
  moments: fc.option(
    fc.array(
      day.map((at) => at.replace('Z', '789Z')),
      { maxLength: 3 },
    ),
  ),
});

describe.each(engines)('ledgered on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;

  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
  });
  afterAll(() => remove());

  const expectVerified = async (one: Table): Promise<number> => {
    const { problems, size } = await verifyTable(db.engine, one);
    expect(problems).toEqual([]);
    return size;
  };

  it('an entry contains the row as the session returns it, for every kind of column', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
        const stored = await db.session(async (s) => {
          const all = [];
          for (const each of rows) all.push(await s.insert(every, each));
          return all;
        });
        await expectVerified(every);
        await withLedger(db.engine, every, async (reader) => {
          for (const each of stored) {
            const entry = readEntry((await reader.leafOf(each.id))?.entry ?? new Uint8Array());
            expect(entry?.log).toBe('log of "every" kind');
            const { binary, address, big, bigger, ...plain } = each;
            expect(entry?.row).toMatchObject({
              ...Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== null)),
              ...(plain.anything === null ? { anything: null } : {}),
              big: String(big),
              ...(bigger === null ? {} : { bigger: String(bigger) }),
              binary: Buffer.from(binary).toString('hex'),
            });
            expect(Object.keys(entry?.row ?? {})).toEqual(
              Object.keys(every.columns).filter(
                (name) => each[name as 'text'] !== null || name === 'anything',
              ),
            );
          }
        });
      }),
      { numRuns: 8 },
    );
  });

  it('rows with composite keys, partitions and autoincrement keys verify', async () => {
    await db.session(async (s) => {
      for (let n = 0; n < 5; n++) {
        await s.insert(monthly, { note: `note "${n}"` });
        await s.insert(named, { first: `a"\n,${n}`, day: '2026-02-28', n });
        await s.insert(counted, { note: `${n}` });
      }
    });
    for (const one of [monthly, named, counted]) expect(await expectVerified(one)).toBe(5);
  });

  it('rows with keys beyond 2^53 verify, each as text in its entry', async () => {
    const ids = [0n, -1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
    await db.session(async (s) => {
      for (const id of ids) {
        await s.insert(serial, { id, note: 'x' });
        await s.insert(wide, { id, of: 'a"', n: 2 });
      }
    });
    for (const one of [serial, wide]) expect(await expectVerified(one)).toBe(ids.length);
    await withLedger(db.engine, serial, async (reader) => {
      const entry = readEntry((await reader.leafOf('9007199254740993'))?.entry ?? new Uint8Array());
      expect(entry?.row).toEqual({ id: '9007199254740993', note: 'x' });
    });
    await withLedger(db.engine, wide, async (reader) => {
      const entry = readEntry(
        (await reader.leafOf('["9007199254740993","a\\"",2]'))?.entry ?? new Uint8Array(),
      );
      expect(entry?.row).toEqual({ id: '9007199254740993', of: 'a"', n: 2 });
    });
  });

  it('every read returns the declared columns only', async () => {
    const rows = await db.session(async (s) => [
      await s.insert(counted, { note: 'shown' }),
      await s.query.insertInto('counted').values({ note: 'shown' }).returningAll().executeTakeFirstOrThrow(),
      await s.query.selectFrom('counted').selectAll().executeTakeFirstOrThrow(),
      ...(await sql<object>`select * from counted limit 1`.execute(s.query)).rows,
      ...(await s.query.selectFrom(['counted as a', 'counted as b']).selectAll('b').limit(1).execute()),
    ]);
    for (const shown of [...rows, ...(await db.engine.read('SELECT * FROM counted LIMIT 1', [])).rows])
      expect(Object.keys(shown)).toEqual(['id', 'note']);
    expect(rows).toHaveLength(5);
  });

  it('a commit of a single writer leaves no row unsealed', async () => {
    if (engine.name === 'postgres') await db.engine.seal();
    const before = await withLedger(db.engine, counted, (reader) => reader.unsealed());
    expect(before).toBe(0);
    await db.session(async (s) => {
      await s.insert(counted, { note: 'outer' });
      await s.session((inner) => inner.insert(counted, { note: 'inner' }));
      await s
        .session(async (inner) => {
          await inner.insert(counted, { note: 'undone' });
          throw new Error('on purpose');
        })
        .catch(() => undefined);
      await s.insertMany(
        counted,
        Array.from({ length: 600 }, (_, n) => ({ note: `many ${n}` })),
      );
    });
    if (db.engine.sync) db.sync.session({}, (s) => s.insert(counted, { note: 'sync' }));
    if (engine.name === 'postgres') await db.engine.seal();
    expect(await withLedger(db.engine, counted, (reader) => reader.unsealed())).toBe(0);
    expect(await expectVerified(counted)).toBe(await count('counted'));
  });

  const count = async (name: string): Promise<number> => {
    const { rows } = await db.engine.read(`SELECT count(*) AS n FROM ${name}`, []);
    return Number(rows[0]?.n);
  };

  it('sealing seals each row of concurrent sessions exactly once', async () => {
    const writer = (writerId: number) => async () => {
      for (let n = 0; n < 12; n++) {
        await db
          .session(async (s) => {
            await s.insert(counted, { note: `${writerId} ${n}` });
            await s
              .session(async (inner) => {
                await inner.insert(counted, { note: `${writerId} ${n} inner` });
                if (n % 3 === 0) throw new Error('undone');
              })
              .catch(() => undefined);
            if (n % 5 === 0) throw new Error('undone');
          })
          .catch(() => undefined);
        if (n % 4 === writerId % 4) await db.engine.seal();
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, writerId) => writer(writerId)()));
    expect(await expectVerified(counted)).toBe(await count('counted'));
  });

  it('every attack is refused or detected', async () => {
    for (const one of [every, counted, monthly]) {
      const isSqlite = engine.name.startsWith('sql');
      const uuid = 'aaaaaaaa-0000-7000-8000-000000000001';
      const [key] = (
        await db.engine.read(`SELECT ${isSqlite ? 'id' : 'id::text'} AS id FROM ${one.name} LIMIT 1`, [])
      ).rows;
      const literalOf = (value: unknown) => (typeof value === 'number' ? String(value) : `'${value}'`);
      const [at] =
        one === monthly
          ? (await db.engine.read(`SELECT at FROM monthly WHERE id = ${literalOf(key?.id)}`, [])).rows
          : [];
      const extra = at ? { at: literalOf(at.at) } : {};
      const columns = {
        every_kind: {
          text: `'t'`,
          integer: '1',
          big: '9007199254740993',
          money: '1000',
          real: '1.5',
          flag: isSqlite ? '1' : 'true',
          at: `'2026-01-01T00:00:00.000Z'`,
          day: `'2026-01-01'`,
          address: `'::1'`,
          anything: `'{}'`,
          tags: isSqlite ? `'[]'` : `'{}'`,
          binary: `'${isSqlite ? '' : '\\x00'}'`.replace(/^''$/, `x'00'`),
        },
        counted: { note: `'n'` },
        monthly: { note: `'n'` },
      }[one.name as 'counted'];
      const probe = {
        dialect: isSqlite ? ('sqlite' as const) : ('postgres' as const),
        row: { id: literalOf(key?.id), ...extra },
        other: undefined,
        fresh: { ...(one === counted ? {} : { id: literalOf(uuid) }), ...columns },
        values: one === every ? { text: `'another'` } : { note: `'another'` },
        partitions: [],
        scope: undefined,
        otherScope: undefined,
      };
      const ledger = one.guarantees.find(({ name }) => name === 'ledgered');
      for (const attack of ledger?.attacks?.(one as Table, probe) ?? []) {
        // on PostgreSQL only a role keeps the application from these inserts, and this test has none
        if (!isSqlite && attack.as === 'app' && /INSERT|head/.test(attack.name)) continue;
        expect(await outcomeOf(attack), `${one.name}: ${attack.name}`).toBe(attack.expect);
      }
      await expectVerified(one as Table);
    }
  });

  class Undone extends Error {}

  const outcomeOf = async (attack: Attack): Promise<string> => {
    let outcome = 'nothing';
    await db.engine
      .asOwner((owner) =>
        owner.atomically(async () => {
          const run: RunSql = (sql, parameters) => owner.run(sql, parameters);
          const prepared = attack.preparation?.map(([first = '']) => first) ?? [];
          const statements = [...prepared, ...attack.statements];
          const last = statements.pop() ?? '';
          for (const sql of statements) await run(sql);
          try {
            await run(last);
          } catch (error) {
            outcome = 'refused';
            throw error;
          }
          if ((await attack.detect?.(run)) !== undefined) outcome = 'detected';
          throw new Undone();
        }),
      )
      .catch((error: unknown) => {
        if (!(error instanceof Undone) && outcome !== 'refused') throw error;
      });
    return outcome;
  };
});
