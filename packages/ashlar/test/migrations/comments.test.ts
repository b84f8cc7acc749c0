import { ciphertext, id, renamed, renamedTable, system, type Table, table, timestamp } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { encrypted, keyring, legalHolds, retained } from 'ashlar/guarantees';
import { checkMigrations, down, drift, newStep, up } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf } from '../../../../test/support/engines.js';
import { dumpSchema } from '../../src/migrations/index.js';
import { makeFolder } from './folder.js';
import { runWalk, systemOf, type Walk, writeWalk } from './walk.js';

const { engines, withRoles } = oneOfEach(import.meta.url);

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
      expect(await drift(db.engine, shop)).toEqual([
        'notes: the column at differs: comment is changed instead of When it was written',
      ]);
      await on("COMMENT ON COLUMN notes.at IS 'When it was written'");
    });
  });

  test.each(withRoles)(
    'of a step that a person wrote stay on $name, also where generated steps rename',
    async (engine) => {
      const plain = table('notes', { id: id(), body: z.string() });
      const widened = table('notes', { id: id(), body: z.string(), more: z.int().default(1) });
      const renamedColumn = table('notes', { id: id(), text: z.string(), more: z.int().default(1) }, (c) => [
        renamed(c.text, 'body'),
      ]);
      const renamedWhole = table('letters', { id: id(), text: z.string(), more: z.int().default(1) }, () => [
        renamedTable('notes'),
      ]);
      const declared = table('letters', {
        id: id(),
        text: z.string().describe('declared'),
        more: z.int().default(1),
      });
      const undeclared = table('letters', { id: id(), text: z.string(), more: z.int().default(1) });
      const folder = await makeFolder();
      const place = await engine.place();
      const database = await openEngine({ url: place.url, key: place.key });
      const shop = (one: unknown) =>
        system('shop', { tables: { notes: one as Table }, migrations: folder.url });
      const comments = (name: string) =>
        database.asOwner((owner) =>
          owner.run(`SELECT obj_description('${name}'::regclass, 'pg_class') AS whole,
          (SELECT json_object_agg(attname, col_description(attrelid, attnum))::text FROM pg_attribute
           WHERE attrelid = '${name}'::regclass AND col_description(attrelid, attnum) IS NOT NULL) AS columns`),
        );
      const step = (one: unknown, name: string) =>
        newStep(shop(one), folder.url, name, { engines: ['postgres'] });
      try {
        await step(plain, 'initial');
        await folder.write({
          '0002_by_hand/up.postgres.sql': `COMMENT ON TABLE notes IS 'by hand';
COMMENT ON COLUMN notes.body IS 'also by hand';`,
        });
        expect(await step(plain, 'nothing')).toBeUndefined();
        await checkMigrations(shop(plain), 'postgres');
        await step(widened, 'widened');
        await step(renamedColumn, 'renamed');
        await step(renamedWhole, 'renamed_table');
        await up(database, shop(renamedWhole));
        expect(await comments('letters')).toEqual([
          { whole: 'by hand', columns: '{ "text" : "also by hand" }' },
        ]);
        expect(await drift(database, shop(renamedWhole))).toEqual([]);
        // one that the declaration had goes with it
        await step(declared, 'declared');
        expect(
          (await step(undeclared, 'undeclared'))?.changes.postgres?.map(({ summary }) => summary),
        ).toEqual(['letters: drop comment on text']);
        await up(database, shop(undeclared));
        expect(await comments('letters')).toEqual([{ whole: 'by hand', columns: null }]);
        await down(database, shop(undeclared), { to: '2', destroy: true });
        expect(await comments('notes')).toEqual([
          { whole: 'by hand', columns: '{ "body" : "also by hand" }' },
        ]);
      } finally {
        await database.close();
        await place.remove();
        await folder.remove();
      }
    },
  );

  test('are in the dump', async () => {
    const one = await writeWalk(models[0] ?? {});
    const dumped = await dumpSchema(systemOf(models[0] ?? {}, one.folder), 'postgres');
    await one.remove();
    expect(dumped).toContain("COMMENT ON TABLE notes IS 'What people write';\n");
    expect(dumped).toContain("COMMENT ON COLUMN notes.at IS 'When it was written';\n");
  });
});
