import { ciphertext, id, table, timestamp } from 'ashlar';
import { encrypted, keyring, legalHolds, retained } from 'ashlar/guarantees';
import { drift } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf, withRoles } from '../../../../test/support/engines.js';
import { dumpSchema } from '../../src/migrations/index.js';
import { runWalk, systemOf, type Walk, writeWalk } from './walk.js';

const keys = keyring('keys');
const shape = { id: id(), client: z.uuid() };
const guarded = (c: { client: never }) => [encrypted({ scope: c.client, keys })] as never;

const described = table(
  'notes',
  {
    ...shape,
    body: z.string().describe("The user's text; 'quoted' \\ and\nof two lines").nullable(),
    at: z.date().describe('When it was written'),
    secret: ciphertext(z.string().describe('Nobody reads it')),
    day: timestamp(),
  },
  guarded as never,
).describe('What people write');
const changed = table(
  'notes',
  {
    ...shape,
    body: z.string().nullable(),
    at: z.date().describe('The time'),
    secret: ciphertext(z.string().describe('Nobody reads it')),
    day: timestamp().describe('The day'),
    more: z.int().default(1).describe('More'),
  },
  guarded as never,
).describe('Notes');
const bare = table(
  'notes',
  { ...shape, at: z.date(), secret: ciphertext(z.string()), day: timestamp() },
  guarded as never,
);

const models = [described, changed, bare].map((notes) => ({ keys, notes }));
const expected = models.map(({ notes }) => ({
  '': notes.description,
  ...Object.fromEntries(Object.values(notes.columns).map(({ name, description }) => [name, description])),
}));

test('a description is that of the outermost type, and of the table', () => {
  expect(expected[0]).toEqual({
    '': 'What people write',
    id: undefined,
    client: undefined,
    body: "The user's text; 'quoted' \\ and\nof two lines",
    at: 'When it was written',
    secret: 'Nobody reads it',
    day: undefined,
  });
  const outer = table('notes', { id: id(), a: z.string().describe('inner').nullable().describe('outer') });
  expect(outer.columns.a.description).toBe('outer');
  expect(outer.describe('').description).toBeUndefined();
  for (const make of [
    () => outer.describe('\0'),
    () => table('notes', { id: id(), a: z.string().describe('\ud800') }),
  ])
    expect(make).toThrowError(expect.objectContaining({ code: 'table-invalid' }));
});

test('a described table is the table that it was', () => {
  const holds = legalHolds('holds').describe('Open while a case is');
  const kept = table(
    'kept',
    { id: id(), at: timestamp(), client: z.uuid(), note: ciphertext(z.string()) },
    (c) => [
      retained(c.at, { for: { years: 1 }, reason: 'law', hold: holds }),
      encrypted({ scope: c.client, keys }),
    ],
  );
  expect(kept.describe('Kept').facts).toBe(kept.facts);
  expect(kept.facts.retention?.holds).toBe('holds');
});

describe('comments', () => {
  let walk: Walk;
  beforeAll(async () => {
    walk = await writeWalk(...models);
  });
  afterAll(() => walk.remove());

  test('are changed by generated steps, which change nothing on SQLite', () => {
    expect(walk.summaries[1]).toEqual({
      sqlite: ['notes: add column more'],
      postgres: [
        'notes: add column more',
        'notes: set comment',
        'notes: drop comment on body',
        'notes: set comment on at',
        'notes: set comment on day',
        'notes: set comment on more',
      ],
    });
  });

  test.each(engines)('are those of the declaration on $name, up and down', async (engine) => {
    await runWalk(engine, walk, async (db, step) => {
      if (sqlOf(engine) === 'sqlite') return;
      const rows = await db.engine.asOwner((owner) =>
        owner.run(`
          SELECT '' AS name, obj_description('notes'::regclass, 'pg_class') AS comment UNION ALL
          SELECT attname, col_description(attrelid, attnum) FROM pg_attribute
          WHERE attrelid = 'notes'::regclass AND attnum > 0 AND NOT attisdropped`),
      );
      const found = rows.map(({ name, comment }) => [String(name), comment ?? undefined]);
      expect(Object.fromEntries(found)).toEqual(expected[step]);
    });
  });

  test.each(withRoles)('that a person wrote are no drift on $name, and a changed one is', async (engine) => {
    await runWalk(engine, { ...walk, models: models.slice(0, 1) }, async (db) => {
      const shop = systemOf(models[0] ?? {}, walk.folder);
      const on = (sql: string) => db.engine.asOwner((owner) => owner.run(sql));
      await on("COMMENT ON COLUMN notes.client IS 'by hand'");
      await on("COMMENT ON TABLE keys IS 'by hand'");
      expect(await drift(db.engine, shop)).toEqual([]);
      await on("COMMENT ON COLUMN notes.at IS 'changed'");
      expect(await drift(db.engine, shop)).toEqual(['notes: set comment on at']);
      await on("COMMENT ON COLUMN notes.at IS 'When it was written'");
    });
  });

  test('are in the dump', async () => {
    const one = await writeWalk(models[0] ?? {});
    const dumped = await dumpSchema(systemOf(models[0] ?? {}, one.folder), 'postgres');
    await one.remove();
    expect(dumped).toContain("COMMENT ON TABLE notes IS 'What people write';\n");
    expect(dumped).toContain("COMMENT ON COLUMN notes.at IS 'When it was written';\n");
  });
});
