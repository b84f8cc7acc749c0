import { AshlarError, autoincrement, index, system, type Table, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { type NewStep, newStep, up } from 'ashlar/migrations';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { SqlName } from '../../src/contract/sql.js';
import { makeFolder } from './folder.js';

/** The columns that a model may have besides its key, in the forms that it may have them. */
const forms = {
  title: [z.string(), z.string().max(80), z.string().nullable()],
  size: [z.int(), z.number(), z.int().nullable(), z.int().max(1000)],
  place: [z.string().default('x'), z.string().nullable()],
} as const;
type Name = keyof typeof forms;
const names = Object.keys(forms) as Name[];

/** An object about one column: how it is made, and a query that gives rows for as long as it exists and works. */
interface Kind {
  readonly what: string;
  readonly sql: (column: Name) => string;
  readonly works: (column: Name) => string;
}

const view: Kind = {
  what: 'view',
  sql: (column) => `CREATE VIEW mine_view_${column} AS SELECT ${column} AS shown FROM notes`,
  works: (column) => `SELECT shown FROM mine_view_${column}`,
};

const kinds: Readonly<Record<SqlName, readonly Kind[]>> = {
  sqlite: [
    view,
    {
      what: 'index',
      sql: (column) => `CREATE INDEX mine_index_${column} ON notes (${column}, id)`,
      works: (column) => `SELECT 1 FROM sqlite_schema WHERE name = 'mine_index_${column}'`,
    },
    {
      what: 'expression index',
      sql: (column) => `CREATE INDEX mine_lower_${column} ON notes (lower(${column}))`,
      works: (column) => `SELECT 1 FROM sqlite_schema WHERE name = 'mine_lower_${column}'`,
    },
    {
      what: 'trigger',
      sql: (column) =>
        `CREATE TABLE mine_log_${column} (value TEXT);
CREATE TRIGGER mine_trigger_${column} AFTER INSERT ON notes BEGIN INSERT INTO mine_log_${column} VALUES (new.${column}); END`,
      works: (column) => `SELECT 1 FROM mine_log_${column}`,
    },
    {
      what: 'full-text index',
      sql: (column) =>
        `CREATE VIRTUAL TABLE mine_words_${column} USING fts5(${column}, content='notes', content_rowid='id');
CREATE TRIGGER mine_words_insert_${column} AFTER INSERT ON notes BEGIN INSERT INTO mine_words_${column} (rowid, ${column}) VALUES (new.id, new.${column}); END;
INSERT INTO mine_words_${column} (mine_words_${column}) VALUES ('rebuild')`,
      works: (column) => `SELECT rowid FROM mine_words_${column}`,
    },
    {
      what: 'computed column',
      sql: (column) =>
        `ALTER TABLE notes ADD COLUMN mine_${column} TEXT GENERATED ALWAYS AS (${column} || '!') VIRTUAL`,
      works: (column) => `SELECT mine_${column} FROM notes`,
    },
  ],
  postgres: [
    view,
    {
      what: 'index',
      sql: (column) => `CREATE INDEX mine_index_${column} ON notes (${column}, id)`,
      works: (column) => `SELECT 1 FROM pg_indexes WHERE indexname = 'mine_index_${column}'`,
    },
    {
      what: 'partial index',
      sql: (column) => `CREATE INDEX mine_part_${column} ON notes (id) WHERE ${column} IS NOT NULL`,
      works: (column) => `SELECT 1 FROM pg_indexes WHERE indexname = 'mine_part_${column}'`,
    },
    {
      what: 'constraint',
      sql: (column) => `ALTER TABLE notes ADD CONSTRAINT mine_check_${column} CHECK (${column} IS NOT NULL)`,
      works: (column) => `SELECT 1 FROM pg_constraint WHERE conname = 'mine_check_${column}'`,
    },
    {
      what: 'trigger',
      sql: (column) =>
        `CREATE TABLE mine_log_${column} (value text);
CREATE FUNCTION mine_function_${column}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO mine_log_${column} VALUES (new.${column}); RETURN new; END $$;
CREATE TRIGGER mine_trigger_${column} AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION mine_function_${column}()`,
      works: (column) =>
        `SELECT 1 FROM mine_log_${column}, pg_trigger WHERE tgname = 'mine_trigger_${column}'`,
    },
    {
      what: 'computed column',
      sql: (column) =>
        `ALTER TABLE notes ADD COLUMN mine_${column} tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(${column}::text, ''))) STORED;
CREATE INDEX mine_gin_${column} ON notes USING gin (mine_${column})`,
      works: (column) =>
        `SELECT mine_${column} FROM notes, pg_indexes WHERE indexname = 'mine_gin_${column}'`,
    },
    {
      what: 'policy',
      sql: (column) => `CREATE POLICY mine_policy_${column} ON notes USING (${column} IS NOT NULL)`,
      works: (column) => `SELECT 1 FROM pg_policy WHERE polname = 'mine_policy_${column}'`,
    },
  ],
};

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

describe.each<{ dialect: SqlName; url: string }>([
  { dialect: 'sqlite', url: 'sqlite::memory:' },
  { dialect: 'postgres', url: 'pglite:memory' },
])('objects made by hand, on $dialect', ({ dialect, url }) => {
  test('are never dropped and never broken by generated steps, or the step is refused by name', async () => {
    let kept = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(
          fc.record({ object: fc.constantFrom(...kinds[dialect]), column: fc.constantFrom(...names) }),
          {
            maxLength: 4,
            minLength: 1,
            selector: ({ object, column }) => `${object.what} ${column}`,
          },
        ),
        fc.array(fc.tuple(aForm, fc.boolean()), { minLength: 1, maxLength: 4 }),
        async (made, changes) => {
          const folder = await makeFolder();
          const systemOf = (form: Form, isIndexed = false) =>
            system('shop', { tables: { notes: modelOf(form, isIndexed) }, migrations: folder.url });
          const database = await openEngine({ url });
          const run = (text: string) => database.asOwner((owner) => owner.run(text));
          try {
            const first = { title: 0, size: 0, place: 0 };
            await newStep(systemOf(first), folder.url, 'initial');
            const other = dialect === 'sqlite' ? 'postgres' : 'sqlite';
            await folder.write({
              [`0002_mine/up.${dialect}.sql`]: made
                .map(({ object, column }) => object.sql(column))
                .join(';\n'),
              [`0002_mine/up.${other}.sql`]: '-- nothing to do here',
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
                  expect.stringMatching(/^(migration|conversion)-blocked$/),
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
                expect([object.what, rows.length > 0]).toEqual([object.what, true]);
              }
              kept++;
            }
          } finally {
            await database.close();
            await folder.remove();
          }
        },
      ),
      { numRuns: dialect === 'sqlite' ? 10 : 5, seed: 14 },
    );
    expect(kept).toBeGreaterThan(2);
    expect(refused).toBeGreaterThan(2);
  }, 300_000);
});
