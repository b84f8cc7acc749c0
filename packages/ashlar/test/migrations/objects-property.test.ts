import { AshlarError, autoincrement, index, system, type Table, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { type NewStep, newStep, up } from 'ashlar/migrations';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { makeFolder } from './folder.js';

/** The columns that a model may have besides its key, in the forms that it may have them. */
const forms = {
  title: [z.string(), z.string().max(80), z.string().nullable()],
  size: [z.int(), z.number(), z.int().nullable(), z.int().max(1000)],
  place: [z.string().default('x'), z.string().nullable()],
} as const;
type Name = keyof typeof forms;
const names = Object.keys(forms) as Name[];

/** Objects about one column. Each gives rows, or an error, for as long as it exists and works. */
const byHand = [
  {
    what: 'index',
    sql: (column: Name) => `CREATE INDEX mine_index_${column} ON notes (${column}, id)`,
    works: (column: Name) => `SELECT 1 FROM sqlite_schema WHERE name = 'mine_index_${column}'`,
  },
  {
    what: 'expression index',
    sql: (column: Name) => `CREATE INDEX mine_lower_${column} ON notes (lower(${column}))`,
    works: (column: Name) => `SELECT 1 FROM sqlite_schema WHERE name = 'mine_lower_${column}'`,
  },
  {
    what: 'view',
    sql: (column: Name) => `CREATE VIEW mine_view_${column} AS SELECT ${column} AS shown FROM notes`,
    works: (column: Name) => `SELECT shown FROM mine_view_${column}`,
  },
  {
    what: 'trigger',
    sql: (column: Name) =>
      `CREATE TABLE mine_log_${column} (value TEXT);
CREATE TRIGGER mine_trigger_${column} AFTER INSERT ON notes BEGIN INSERT INTO mine_log_${column} VALUES (new.${column}); END`,
    works: (column: Name) => `SELECT 1 FROM mine_log_${column}`,
  },
  {
    what: 'full-text index',
    sql: (column: Name) =>
      `CREATE VIRTUAL TABLE mine_words_${column} USING fts5(${column}, content='notes', content_rowid='id');
CREATE TRIGGER mine_words_insert_${column} AFTER INSERT ON notes BEGIN INSERT INTO mine_words_${column} (rowid, ${column}) VALUES (new.id, new.${column}); END;
INSERT INTO mine_words_${column} (mine_words_${column}) VALUES ('rebuild')`,
    works: (column: Name) => `SELECT rowid FROM mine_words_${column}`,
  },
  {
    what: 'constraint and column',
    sql: (column: Name) =>
      `ALTER TABLE notes ADD COLUMN mine_${column} TEXT GENERATED ALWAYS AS (${column} || '!') VIRTUAL`,
    works: (column: Name) => `SELECT mine_${column} FROM notes`,
  },
] as const;

type Form = Readonly<Record<Name, number | undefined>>;

const modelOf = (form: Form, isIndexed: boolean): Table =>
  table(
    'notes',
    {
      id: autoincrement(),
      ...Object.fromEntries(
        names.flatMap((name) => {
          const at = form[name];
          return at === undefined ? [] : [[name, forms[name][at % forms[name].length] as z.ZodType]];
        }),
      ),
    },
    (c) => (isIndexed ? [index(c.id)] : []),
  ) as unknown as Table;

const aForm = fc.record({
  title: fc.option(fc.nat(2), { nil: undefined }),
  size: fc.option(fc.nat(3), { nil: undefined }),
  place: fc.option(fc.nat(1), { nil: undefined }),
});

describe('objects made by hand, on SQLite', () => {
  test('are never dropped and never broken by generated steps, or the step is refused by name', async () => {
    let kept = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.record({ object: fc.constantFrom(...byHand), column: fc.constantFrom(...names) }), {
          maxLength: 4,
          minLength: 1,
          selector: ({ object, column }) => `${object.what} ${column}`,
        }),
        fc.array(fc.tuple(aForm, fc.boolean()), { minLength: 1, maxLength: 4 }),
        async (made, changes) => {
          const folder = await makeFolder();
          const systemOf = (form: Form, isIndexed = false) =>
            system('shop', { tables: { notes: modelOf(form, isIndexed) }, migrations: folder.url });
          const database = await openEngine({ url: 'sqlite::memory:' });
          const run = (text: string) => database.asOwner((owner) => owner.run(text));
          try {
            const first = { title: 0, size: 0, place: 0 };
            await newStep(systemOf(first), folder.url, 'initial');
            await folder.write({
              '0002_mine/up.sqlite.sql': made.map(({ object, column }) => object.sql(column)).join(';\n'),
              '0002_mine/up.postgres.sql': '-- nothing to do here',
            });
            await up(database, systemOf(first));
            await run("INSERT INTO notes (title, size) VALUES ('one', 1), ('two', 2)");
            for (const [at, [form, isIndexed]] of changes.entries()) {
              const model = systemOf(form, isIndexed);
              let step: NewStep | undefined;
              try {
                step = await newStep(model, folder.url, `change_${at}`, { decide: async () => undefined });
              } catch (error) {
                if (!(error instanceof AshlarError)) throw error;
                expect([error.code, `${error.message} ${error.detail}`]).toEqual([
                  'migration-blocked',
                  expect.stringContaining('mine_'),
                ]);
                refused++;
                continue;
              }
              if (!step) continue;
              try {
                await up(database, model);
              } catch (error) {
                // rows that the new columns do not accept: nothing of the step is left
                expect((error as AshlarError).code).toBe('migration-failed');
                for (const { object, column } of made) await run(object.works(column));
                return;
              }
              for (const { object, column } of made) {
                const rows = await run(object.works(column));
                if (object.what !== 'trigger') expect(rows.length).toBeGreaterThan(0);
              }
              kept++;
            }
          } finally {
            await database.close();
            await folder.remove();
          }
        },
      ),
      { numRuns: 25, seed: 14 },
    );
    expect(kept).toBeGreaterThan(5);
    expect(refused).toBeGreaterThan(5);
  }, 300_000);
});
