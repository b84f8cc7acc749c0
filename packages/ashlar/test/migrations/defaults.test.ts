import { mkdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, type Place } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import type { Engine } from '../../src/contract/engine.js';
import { openEngine } from '../../src/engines/open.js';
import { checkMigrations, down, drift, newStep, up } from '../../src/migrations/index.js';
import { bigint, bytes, decimal, id, inet, json, type Table, table } from '../../src/model/index.js';
import { type System, system } from '../../src/system/system.js';
import { type Folder, makeFolder } from './folder.js';

const { engines } = oneOfEach(import.meta.url);

/** Values of each kind that a default may have. */
const kinds: Readonly<Record<string, readonly [z.ZodType, readonly unknown[]]>> = {
  text: [
    z.string(),
    ['', "it's", 'two\n  lines\r\n', '\\x41', "'; --", 'NULL', '1', 'ﬀ😀', '/* x */', 'now()'],
  ],
  choice: [z.enum(['a', "b'"]), ['a', "b'"]],
  integer: [z.int(), [0, -5, 2 ** 53 - 1, -(2 ** 53) + 1]],
  narrow: [z.int().min(-10).max(10), [0, -10, 10]],
  bigint: [bigint(), [0n, -5n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]],
  decimal: [decimal(18, 2), ['0.00', '-0.01', '12.30', '9999999999999999.99', '-9999999999999999.99']],
  whole: [decimal(3, 0, { min: '-5' }), ['-5']],
  bounded: [
    z
      .bigint()
      .min(-(2n ** 62n))
      .max(5n),
    [-(2n ** 62n)],
  ],
  real: [z.number(), [0, 1, -2.5, 1e21, 5e-324, 0.1, 1.7976931348623157e308]],
  boolean: [z.boolean(), [true, false]],
  uuid: [z.uuid(), ['018f0000-0000-7000-8000-000000000001']],
  timestamp: [z.iso.datetime(), ['2026-01-31T23:59:59.999Z']],
  precise: [z.iso.datetime({ precision: 6 }), ['2026-01-31T23:59:59.999999Z']],
  date: [z.iso.date(), ['0001-01-01', '9999-12-31']],
  inet: [inet(), ['10.0.0.1', '2001:db8::1', '::ffff:10.0.0.1']],
  json: [json(z.json()), [{ "it's": [1, null, 'x\ny'] }, [], {}, 'text', 5, false, 1e21]],
  list: [z.array(z.string()), [[], ['a', "b'", '\\']]],
  object: [z.object({ a: z.int() }), [{ a: 1 }]],
  bytes: [bytes(), [new Uint8Array(), new Uint8Array([0, 1, 39, 92, 255]), Buffer.from("it's")]],
};

const cases = Object.entries(kinds).flatMap(([kind, [type, values]]) =>
  values.flatMap((value, at) => [
    { name: `${kind}_${at}`, type: type.default(value as never), value },
    // one is enough: a nullable column differs in NOT NULL alone
    ...(at > 0 ? [] : [{ name: `${kind}_or_null`, type: type.nullable().default(value as never), value }]),
  ]),
);
const nothing = Object.entries(kinds).map(([kind, [type]]) => ({
  name: `${kind}_null`,
  type: type.nullable().default(null as never),
  value: null,
}));
const all = [...cases, ...nothing];

const shape = Object.fromEntries(all.map(({ name, type }) => [name, type]));
const wide = table('wide', { id: id(), ...shape }) as Table;
const bare = table('wide', { id: id() }) as Table;
const expected = Object.fromEntries(
  all.map(({ name, value }) => [name, value instanceof Uint8Array ? new Uint8Array(value) : value]),
);
const ids = [1, 2, 3, 4, 5].map((n) => `018f0000-0000-7000-8000-00000000000${n}`);

const plain = (row: Readonly<Record<string, unknown>> | undefined) =>
  Object.fromEntries(
    Object.entries(row ?? {}).flatMap(([name, value]) =>
      name === 'id' ? [] : [[name, value instanceof Uint8Array ? new Uint8Array(value) : value]],
    ),
  );

describe.each(engines)('defaults of every kind on $name', ({ place: newPlace }) => {
  let place: Place;
  let folder: Folder;
  let engine: Engine;
  beforeEach(async () => {
    place = await newPlace();
    folder = await makeFolder();
    await mkdir(new URL('migrations/', folder.url));
    engine = await openEngine({ url: place.url, key: place.key });
  });
  afterEach(async () => {
    await engine.close();
    await place.remove();
    await folder.remove();
  });

  const shop = (model: Table): System =>
    system('shop', { tables: { wide: model }, migrations: new URL('migrations/', folder.url) });

  const step = async (model: Table, name: string) => newStep(shop(model), shop(model).migrations, name);

  const stored = async (key: string | undefined) => {
    engine.register([wide]);
    const { rows } = await engine.read(`SELECT * FROM wide WHERE id = '${key}'`, []);
    return plain(rows[0]);
  };

  test('a created table has them, and every way to insert gives them', async () => {
    await step(wide, 'initial');
    await up(engine, shop(wide));
    for (const dialect of ['sqlite', 'postgres'] as const) await checkMigrations(shop(wide), dialect);
    expect(await drift(engine, shop(wide))).toEqual([]);
    await engine.asOwner((owner) => owner.run(`INSERT INTO wide (id) VALUES ('${ids[0]}')`));
    expect(await stored(ids[0])).toEqual(expected);
  });

  test('added columns have them, in old rows too, and a changed default is found', async () => {
    await step(bare, 'initial');
    await step(wide, 'columns');
    await up(engine, shop(wide), { to: '1' });
    await engine.asOwner((owner) => owner.run(`INSERT INTO wide (id) VALUES ('${ids[0]}')`));
    await up(engine, shop(wide));
    for (const dialect of ['sqlite', 'postgres'] as const) await checkMigrations(shop(wide), dialect);
    expect(await drift(engine, shop(wide))).toEqual([]);
    await engine.asOwner((owner) => owner.run(`INSERT INTO wide (id) VALUES ('${ids[1]}')`));
    for (const key of ids.slice(0, 2)) expect(await stored(key)).toEqual(expected);

    const other = table('wide', {
      id: id(),
      ...shape,
      bytes_1: bytes().default(new Uint8Array([1])),
      text_2: z.string().default('one\n line'),
    }) as Table;
    const changed = await step(other, 'other');
    for (const dialect of ['sqlite', 'postgres'] as const)
      expect(changed?.changes[dialect]?.map(({ summary }) => summary).join()).toMatch(
        /bytes_1.*text_2|text_2.*bytes_1/,
      );
    await up(engine, shop(other));
    await engine.asOwner((owner) => owner.run(`INSERT INTO wide (id) VALUES ('${ids[2]}')`));
    expect(await stored(ids[2])).toEqual({ ...expected, bytes_1: new Uint8Array([1]), text_2: 'one\n line' });
    expect(await drift(engine, shop(other))).toEqual([]);
    await down(engine, shop(other), { to: '1', destroy: true });
    expect(await drift(engine, shop(other))).toEqual([]);
  });
});

describe.each(engines)('a session on $name', (place) => {
  test('inserts the defaults of every kind by every call', async () => {
    const { db, remove } = await withTables(place, { wide });
    try {
      await db.session(async (s) => {
        expect(plain(await s.insert(wide, { id: ids[0] }))).toEqual(expected);
        await s.insertMany(wide, [{ id: ids[1] }, { id: ids[2] }]);
        await s.upsert(wide, { id: ids[3] } as never, { by: ['id'] });
        await s.query
          .insertInto('wide')
          .values({ id: ids[4] } as never)
          .execute();
        const rows = await s.query.selectFrom('wide').selectAll().execute();
        expect(rows.map((row) => plain(row as never))).toEqual(ids.map(() => expected));
      });
    } finally {
      await remove();
    }
  });
});
