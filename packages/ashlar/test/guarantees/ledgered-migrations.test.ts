import { bigint, connect, createdAt, id, primaryKey, system, type Tables, table } from 'ashlar';
import { appendOnly, ledgered, partitioned } from 'ashlar/guarantees';
import { drift, maintain, newStep, up } from 'ashlar/migrations';
import { sql } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { verifyTable } from '../../src/ledger/database/ledgers.js';
import { down } from '../../src/migrations/index.js';
import { type Folder, makeFolder } from '../migrations/folder.js';

const { engines } = oneOfEach(import.meta.url);

const shape = () => ({ id: id(), body: z.string(), score: z.number(), created_at: createdAt() });
const before = table('notes', shape(), () => [appendOnly()]);
const after = table('notes', shape(), () => [appendOnly(), ledgered()]);
const widened = table(
  'notes',
  { ...shape(), extra: z.string().nullable(), kind: z.string().default('note') },
  () => [appendOnly(), ledgered()],
);
const monthly = table('monthly', { id: id(), at: createdAt() }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month' }),
  appendOnly(),
  ledgered({ log: 'months' }),
]);

describe('migrations of a ledger', () => {
  let folder: Folder;
  const systemWith = (tables: Tables) => system('testing', { tables, migrations: folder.url });
  const first = () => systemWith({ before });
  const second = () => systemWith({ after, monthly });
  const third = () => systemWith({ widened, monthly });

  beforeAll(async () => {
    folder = await makeFolder();
    await newStep(first(), folder.url, 'first');
    await newStep(second(), folder.url, 'second');
    await newStep(third(), folder.url, 'third');
  });
  afterAll(() => folder.remove());

  it.each(engines)(
    'a migration adds ledgered to a table with rows, and columns to a ledger, on $name',
    async (engine) => {
      const place = await engine.place();
      const options = { url: place.url, key: place.key };
      try {
        const db = await connect(third(), options);
        await up(db.engine, first(), { to: '0001_first' });
        await db.engine.asOwner((owner) =>
          owner.run(
            `INSERT INTO notes (id, body, score) VALUES ('00000000-0000-7000-8000-000000000001', 'from before', 0.1)`,
          ),
        );
        await up(db.engine, third());
        await maintain(db.engine, Object.values(third().tables), new Date());
        expect(await drift(db.engine, third())).toEqual([]);
        await db.session(async (s) => {
          await s.insert(widened, { body: 'with more', score: 1e-7, extra: 'x' });
          await s.insert(monthly, {});
        });
        expect(await verifyTable(db.engine, widened)).toMatchObject({ size: 2, problems: [] });
        expect(await verifyTable(db.engine, monthly)).toMatchObject({ size: 1, problems: [] });
        await down(db.engine, third(), { steps: 2, destroy: true });
        await up(db.engine, third());
        await db.close();
      } finally {
        await place.remove();
      }
    },
  );

  it.each(engines)('its integers become bigints, and old entries stay valid, on $name', async (engine) => {
    const numbers = (type: () => z.ZodType, keyed: () => z.ZodType) => [
      table('numbers', { id: type(), n: type() } as { id: z.ZodInt; n: z.ZodInt }, (c) => [
        primaryKey(c.id),
        appendOnly(),
        ledgered(),
      ]),
      table('pairs', { a: z.string(), b: keyed() } as { a: z.ZodString; b: z.ZodInt }, (c) => [
        primaryKey(c.a, c.b),
        appendOnly(),
        ledgered(),
      ]),
    ];
    const own = await makeFolder();
    const withTypes = (...types: Parameters<typeof numbers>) =>
      system('testing', {
        tables: Object.fromEntries(numbers(...types).map((one) => [one.name, one])),
        migrations: own.url,
      });
    const whole = () => z.int();
    const place = await engine.place();
    try {
      const options = { url: place.url, key: place.key };
      const before = withTypes(whole, whole);
      await newStep(before, own.url, 'first');
      const db = await connect(before, options);
      await up(db.engine, before);
      const largest = Number.MAX_SAFE_INTEGER;
      await db.session((s) =>
        s.insert(before.tables.numbers as never, { id: largest, n: -largest } as never),
      );
      const after = withTypes(bigint, whole);
      await newStep(after, own.url, 'second');
      await up(db.engine, after);
      db.engine.register(Object.values(after.tables));
      await db.session((s) =>
        sql`INSERT INTO numbers (id, n) VALUES (${2n ** 53n + 1n}, ${-(2n ** 63n)})`.execute(s.query),
      );
      expect(await verifyTable(db.engine, after.tables.numbers as never)).toMatchObject({
        size: 2,
        problems: [],
      });
      const { rows } = await db.engine.read('SELECT id, n FROM numbers ORDER BY id', []);
      expect(rows).toEqual([
        { id: BigInt(largest), n: -BigInt(largest) },
        { id: 2n ** 53n + 1n, n: -(2n ** 63n) },
      ]);
      await db.close();
      // in a key of several columns a bigint has quotes
      await expect(newStep(withTypes(bigint, bigint), own.url, 'third')).rejects.toMatchObject({
        code: 'conversion-sealed',
        facts: { table: 'pairs', columns: ['b'] },
      });
    } finally {
      await place.remove();
      await own.remove();
    }
  });
});
