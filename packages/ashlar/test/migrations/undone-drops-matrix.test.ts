import {
  array,
  bigint,
  bytes,
  Database,
  decimal,
  id,
  inet,
  json,
  primaryKey,
  references,
  system,
  type Table,
  table,
  timestamp,
  unique,
} from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { down, drift, newStep, up } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf } from '../../../../test/support/engines.js';
import { type Folder, makeFolder } from './folder.js';

const { engines } = oneOfEach(import.meta.url);

/** Required columns without a default, by a name: each kind, with every rule that a CHECK has. */
const columns: Readonly<Record<string, z.ZodType>> = {
  text: z.string(),
  at_least: z.string().min(3),
  between: z.string().min(2).max(4),
  exactly: z.string().length(7),
  choice: z.enum(["it's", 'b', 'c']),
  only_one: z.enum(['only']),
  prefixed: z.string().startsWith("K'-").max(20),
  framed: z.string().startsWith('<').endsWith('>').min(5),
  ended: z.string().endsWith('.txt'),
  integer: z.int(),
  positive: z.int().positive(),
  negative: z.int().max(-3),
  below: z.int().lt(-3),
  small: z.int32().min(5).max(50).multipleOf(5),
  stepped: z.int().min(7).multipleOf(5),
  one_of: z.literal([3, 5]),
  narrow: z.int32(),
  bigint: bigint(),
  huge: bigint().min(2n ** 62n),
  debt: bigint().max(-5n).multipleOf(3n),
  decimal: decimal(10, 2),
  price: decimal(12, 2, { min: '0.01' }),
  debit: decimal(18, 0, { max: '-3' }),
  fraction: decimal(4, 4, { min: '0.5000' }),
  real: z.number(),
  share: z.number().min(0.25).max(1),
  above: z.number().gt(1.5),
  boolean: z.boolean(),
  uuid: z.uuid(),
  time: timestamp(),
  fine_time: z.iso.datetime({ precision: 6 }),
  date: z.iso.date(),
  address: inet(),
  json: json(z.json()),
  tags: array(z.string()),
  counts: array(z.int32()),
  bytes: bytes(),
};

const keyed = [
  'text',
  'choice',
  'integer',
  'bigint',
  'decimal',
  'real',
  'boolean',
  'uuid',
  'time',
  'date',
  'address',
  'bytes',
];
const joined = keyed.filter((name) => name !== 'decimal');

const made = (dropped: boolean) => {
  const shape = (name: string): Record<string, z.ZodType> => ({
    id: id(),
    kept: z.string(),
    ...(dropped ? {} : { [name]: columns[name] as z.ZodType }),
  });
  const tables: Record<string, Table> = {};
  for (const name of Object.keys(columns)) tables[`of_${name}`] = table(`of_${name}`, shape(name)) as never;
  for (const name of keyed)
    tables[`unique_${name}`] = table(`unique_${name}`, shape(name), (c) =>
      dropped ? [] : [unique(c[name] as never)],
    ) as never;
  for (const name of joined) {
    const target = table(`target_${name}`, { key: columns[name] as z.ZodType }, (c) => [primaryKey(c.key)]);
    tables[`target_${name}`] = target as never;
    tables[`to_${name}`] = table(`to_${name}`, shape(name), (c) =>
      dropped ? [] : [references(c[name] as never, target.columns.key)],
    ) as never;
  }
  return tables;
};
const [before, after] = [made(false), made(true)];

let folder: Folder;
const of = (tables: Record<string, Table>) => system('dropped', { tables, migrations: folder.url });
const said: Record<string, readonly string[]> = {};
beforeAll(async () => {
  folder = await makeFolder();
  await newStep(of(before), folder.url, 'initial');
  const step = await newStep(of(after), folder.url, 'dropped', { decide: async () => undefined });
  for (const [dialect, changes] of Object.entries(step?.changes ?? {}))
    said[dialect] = changes.flatMap(({ summary, danger }) =>
      danger?.includes('cannot be undone') ? [summary.slice(0, summary.indexOf(':'))] : [],
    );
}, 120_000);
afterAll(() => folder.remove());

const expected = [...keyed.map((name) => `unique_${name}`), ...joined.map((name) => `to_${name}`)].sort();

describe.each(engines)('a step that drops required columns on $name', (kind) => {
  test('says before it is written with which rows it cannot be undone', () => {
    expect([...(said[sqlOf(kind)] ?? [])].sort()).toEqual(expected);
  });

  test('is undone with rows of all other tables', async () => {
    const place = await kind.place();
    const engine = await openEngine({ url: place.url, key: place.key });
    try {
      await up(engine, of(after));
      const db = new Database(engine, of(after), {});
      const kept = Object.entries(after).filter(([name]) => name.startsWith('of_'));
      for (const [, table] of kept)
        for (const text of ['one', 'two'])
          await db.session({}, (s) => s.insert(table as never, { kept: text } as never));
      await down(engine, of(after));
      expect(await drift(engine, of(after))).toEqual([]);
      const was = new Database(engine, of(before), {});
      for (const [name, table] of Object.entries(before).filter(([key]) => key.startsWith('of_'))) {
        const rows = await was.read({}, (s) =>
          s.query
            .selectFrom(name as never)
            .selectAll()
            .execute(),
        );
        expect(rows, name).toHaveLength(2);
        // on SQLite an address is text without a CHECK
        for (const row of rows)
          expect(
            table.row.safeParse(row).success || name === 'of_address',
            `${name} ${String((row as Record<string, unknown>)[name.slice('of_'.length)])}`,
          ).toBe(true);
      }
    } finally {
      await engine.close();
      await place.remove();
    }
  }, 60_000);

  test.each(['unique_choice', 'to_uuid'])(
    'fails with rows of %s, and loses nothing',
    async (name) => {
      const place = await kind.place();
      const engine = await openEngine({ url: place.url, key: place.key });
      try {
        await up(engine, of(after));
        const db = new Database(engine, of(after), {});
        for (const text of ['one', 'two'])
          await db.session({}, (s) => s.insert(after[name] as never, { kept: text } as never));
        await expect(down(engine, of(after))).rejects.toMatchObject({ code: 'migration-failed' });
        expect(
          await db.read({}, (s) =>
            s.query
              .selectFrom(name as never)
              .selectAll()
              .execute(),
          ),
        ).toHaveLength(2);
        expect(await drift(engine, of(after))).toEqual([]);
      } finally {
        await engine.close();
        await place.remove();
      }
    },
    60_000,
  );
});
