import { bytes, type Database, id, json, table, timestamps, unique } from 'ashlar';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const things = table(
  'things',
  {
    id: id(),
    name: z.string(),
    size: z.int().min(0).max(1_000),
    ratio: z.number().nullable(),
    ready: z.boolean().default(false),
    owner_id: z.uuid().nullable(),
    due_on: z.iso.date().nullable(),
    data: bytes().nullable(),
    facts: json(z.json()).nullable(),
    ...timestamps(),
  },
  (c) => [unique(c.name)],
);
const uuid = '0190a0b0-0000-7000-8000-000000000000';

describe.each(engines)('writes of many rows on $name', (engine) => {
  let db: Database<{ things: typeof things }>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, { things }));
  });
  afterAll(() => remove());
  beforeEach(() => db.deleteMany(things, 'all'));

  const names = (where?: number) =>
    db.read(async (s) => {
      const query = s.query.selectFrom('things').select('name').orderBy('name');
      return (await (where === undefined ? query : query.where('size', '=', where)).execute()).map(
        ({ name }) => name,
      );
    });
  const fill = () =>
    db.insertMany(things, [
      { name: 'a', size: 1, owner_id: uuid, due_on: '2026-01-01', data: new Uint8Array([1]) },
      { name: 'b', size: 1, ratio: 0.5, facts: { a: 1 } },
      { name: 'c', size: 2, ready: true },
    ]);

  it('insertMany returns the rows in their order, in several batches and with different columns', async () => {
    const given = Array.from({ length: 2_100 }, (_, i) =>
      i % 700 === 3 ? { name: `n${i}`, size: 1, facts: '5' } : { name: `n${i}`, size: i % 1_000 },
    );
    const rows = await db.insertMany(things, given, { returning: true });
    expect(rows.map(({ name }) => name)).toEqual(given.map(({ name }) => name));
    expect(rows[3]).toEqual(await db.get(things, rows[3]?.id ?? ''));
    expect(rows[3]).toMatchObject({ facts: '5', ready: false, owner_id: null });
    expect(await db.insertMany(things, [], { returning: true })).toEqual([]);
  });

  it.each<[string, Parameters<Database['updateMany']>[1], string[]]>([
    ['all rows', 'all', ['a', 'b', 'c']],
    ['equal values', { size: 1, ready: false }, ['a', 'b']],
    ['NULL', { size: 1, ratio: null }, ['a']],
    ['NULL in a JSON column', { facts: null }, ['a', 'c']],
    ['a boolean', { ready: true }, ['c']],
    ['a real', { ratio: 0.5 }, ['b']],
    ['a UUID and a date', { owner_id: uuid, due_on: '2026-01-01' }, ['a']],
    ['bytes', { data: new Uint8Array([1]) }, ['a']],
    ['an expression', (eb) => eb.or([eb('size', '>', 1), eb('name', '=', 'a')]), ['a', 'c']],
    ['a text that no UUID is', { owner_id: 'nope' }, []],
    ['a UUID in upper case', { owner_id: uuid.toUpperCase() }, []],
    ['a text that no date is', { due_on: '2026-02-30' }, []],
    ['a number out of range', { size: 2 ** 40 }, []],
    ['a fraction for an integer', { size: 1.5 }, []],
    ['infinity', { ratio: Number.POSITIVE_INFINITY }, []],
    ['a text with NUL', { name: 'a\0' }, []],
  ])('updateMany and deleteMany find %s', async (_, where, found) => {
    await fill();
    expect(await db.updateMany(things, where as 'all', { size: 900 })).toBe(found.length);
    expect(await names(900)).toEqual(found);
    await db.deleteMany(things, 'all');
    await fill();
    expect(await db.deleteMany(things, where as 'all')).toBe(found.length);
    expect(await names()).toEqual(['a', 'b', 'c'].filter((name) => !found.includes(name)));
  });

  it.each<[string, unknown, string]>([
    ['an empty object', {}, 'usage'],
    ['nothing', undefined, 'usage'],
    ['a word', 'everything', 'usage'],
    ['a list', [{ size: 1 }], 'usage'],
    ['an undefined value', { size: undefined }, 'usage'],
    ['an unknown column', { color: 'red' }, 'usage'],
    ['a name of Object', { constructor: 'x' }, 'usage'],
    ['JSON', { facts: { a: 1 } }, 'usage'],
    ['a callback without an expression', () => undefined, 'usage'],
    ['a value of another type', { size: '1' }, 'value-invalid'],
    ['a number for a text', { name: 5 }, 'value-invalid'],
  ])('refuse the condition: %s', async (_, where, code) => {
    await fill();
    await expect(db.updateMany(things, where as 'all', { size: 5 })).rejects.toMatchObject({ code });
    await expect(db.deleteMany(things, where as 'all')).rejects.toMatchObject({ code });
    expect(await names()).toEqual(['a', 'b', 'c']);
  });

  it('updateMany checks its values, and an error leaves every row as it was', async () => {
    await fill();
    for (const [values, code] of [
      [{ size: -1 }, 'value-invalid'],
      [{}, 'usage'],
      [{ id: uuid }, 'value-invalid'],
      [{ name: 'x\0' }, 'value-unstorable'],
      [{ name: 'same' }, 'unique-violation'],
    ] as const) {
      await expect(db.updateMany(things, 'all', values as { size: number })).rejects.toMatchObject({ code });
    }
    expect(await names()).toEqual(['a', 'b', 'c']);
    expect(await db.updateMany(things, { name: 'a' }, { facts: ['x', null], ready: true })).toBe(1);
    expect(
      await db.read((s) => s.query.selectFrom('things').select('facts').where('name', '=', 'a').execute()),
    ).toEqual([{ facts: ['x', null] }]);
  });

  it('db’s writes belong to the session around them', async () => {
    const run = db.session({ actor: 'user:1' }, async () => {
      const row = await db.insert(things, { name: 'lost', size: 1 });
      expect(await db.update(things, row.id, { size: 2 })).toMatchObject({ size: 2 });
      await db.upsert(things, { name: 'lost', size: 3 }, { by: 'name', actor: 'user:1' });
      expect(await db.get(things, row.id)).toMatchObject({ size: 3 });
      await db.delete(things, row.id);
      await db.insertMany(things, [{ name: 'lost', size: 1 }]);
      await expect(db.deleteMany(things, 'all', { actor: 'user:2' })).rejects.toMatchObject({
        code: 'session-conflict',
      });
      throw new RangeError('undo');
    });
    await expect(run).rejects.toThrow(RangeError);
    expect(await names()).toEqual([]);
    await expect(db.read(() => db.insert(things, { name: 'x', size: 1 }))).rejects.toMatchObject({
      code: 'session-read-only',
    });
  });
});
