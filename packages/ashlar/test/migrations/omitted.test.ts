import { extra, id, system, type Table, table, view } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { checkMigrations, down, drift, dumpSchema, newStep, up } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, server, sqlOf, type TestEngine } from '../../../../test/support/engines.js';
import { omittedAfter, withoutOmitted } from '../../src/migrations/omitted.js';
import { sqlBody } from '../../src/migrations/steps.js';
import { splitStatements } from '../../src/sql/statements.js';
import { type Folder, makeFolder } from './folder.js';

const { engines } = oneOfEach(import.meta.url);

let folder: Folder;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const shape = { id: id(), title: z.string().max(200) };
const titles = view({
  name: 'titles',
  columns: { title: z.string() },
  sqlite: 'SELECT title FROM notes',
  postgres: 'SELECT title FROM notes',
});
const make = (tables: unknown[], objects: unknown[] = [], columns: Parameters<typeof table>[1] = shape) =>
  system('shop', {
    tables: { notes: table('notes', columns, () => tables as never) as unknown as Table },
    views: { titles },
    objects: objects as never,
    migrations: folder.url,
  });
const opened = async (engine: TestEngine) => {
  const place = await engine.place();
  const database = await openEngine({ url: place.url, key: place.key });
  return {
    database,
    run: (sql: string) => database.asOwner((owner) => owner.run(sql)),
    close: async () => {
      await database.close();
      await place.remove();
    },
  };
};
const noQuestions = { decide: async () => undefined };

describe.each(server)('an extension that no shadow has, on $name', (engine) => {
  const similar = extra({ extension: 'pg_trgm', shadow: 'omit' });
  const search = (columns = 'title gin_trgm_ops') =>
    extra({
      name: 'notes_similar',
      sqlite: null,
      postgres: `CREATE INDEX notes_similar ON notes USING gin (${columns})`,
      shadow: 'omit',
    });

  test('is made by steps with the objects that need it, compared, dumped and dropped', async () => {
    const { database, run, close } = await opened(engine);
    const options = { ...noQuestions, engines: ['postgres'] as const };
    try {
      const plain = make([]);
      const with1 = make([search()], [similar]);
      await newStep(plain, folder.url, 'initial', options);
      const step = await newStep(with1, folder.url, 'similar', options);
      expect(step?.changes.postgres?.map(({ summary }) => summary)).toEqual([
        'create extension pg_trgm, which no shadow has',
        'create index notes_similar, which no shadow has',
      ]);
      await checkMigrations(with1, 'postgres');
      await expect(checkMigrations(plain, 'postgres')).rejects.toMatchObject({ code: 'migration-pending' });
      expect(await dumpSchema(with1, 'postgres')).toContain(
        '-- no shadow has these\nCREATE EXTENSION IF NOT EXISTS pg_trgm;\n\nCREATE INDEX notes_similar ON notes',
      );
      await up(database, with1);
      expect(await drift(database, with1)).toEqual([]);
      await run("INSERT INTO notes (id, title) VALUES (gen_random_uuid(), 'Executor of the will')");
      expect(await run("SELECT title FROM notes WHERE title % 'executer of a will'")).toHaveLength(1);
      await run('DROP INDEX notes_similar');
      expect(await drift(database, with1)).toEqual(['the index notes_similar is missing']);
      await run('CREATE INDEX notes_similar ON notes USING gin (title gin_trgm_ops)');

      // a step that changes the table leaves them alone, and one that changes them replaces them
      const with2 = make([search('title gin_trgm_ops) WITH (fastupdate = off')], [similar], {
        ...shape,
        more: z.string().default(''),
      });
      const changed = await newStep(with2, folder.url, 'changed', options);
      expect(changed?.changes.postgres?.map(({ summary }) => summary)).toEqual([
        'drop index notes_similar, which no shadow has',
        'notes: add column more',
        'create index notes_similar, which no shadow has',
      ]);
      await up(database, with2);
      expect(await drift(database, with2)).toEqual([]);
      const gone = await newStep(plain, folder.url, 'gone', options);
      expect(gone?.changes.postgres?.map(({ summary }) => summary)).toEqual([
        'drop index notes_similar, which no shadow has',
        'notes: drop column more',
        'drop extension pg_trgm, which no shadow has',
      ]);
      await up(database, plain);
      expect(await run("SELECT extname FROM pg_extension WHERE extname = 'pg_trgm'")).toEqual([]);
      expect(await drift(database, plain)).toEqual([]);
      await down(database, plain, { to: '2' });
      expect(await drift(database, plain)).toEqual([]);
      expect(await run("SELECT title FROM notes WHERE title % 'executer of a will'")).toHaveLength(1);
      await down(database, plain);
      expect(await drift(database, plain)).toEqual([]);
    } finally {
      await close();
    }
  }, 60_000);

  test('of a step of a person stays, and so does its table', async () => {
    const { database, run, close } = await opened(engine);
    const options = { ...noQuestions, engines: ['postgres'] as const };
    try {
      await newStep(make([]), folder.url, 'initial', options);
      await folder.write({
        '0002_by_hand/up.postgres.sql': `-- ashlar: omits extension citext, table words
CREATE EXTENSION citext;
CREATE TABLE words (word citext PRIMARY KEY);
INSERT INTO words VALUES ('One');
CREATE INDEX notes_more ON notes (title, id);`,
      });
      await up(database, make([]));
      expect(await drift(database, make([]))).toEqual([]);
      expect(await run("SELECT word FROM words WHERE word = 'ONE'")).toEqual([{ word: 'One' }]);
      expect(await newStep(make([]), folder.url, 'more', options)).toBeUndefined();
      await checkMigrations(make([]), 'postgres');
      await run('DROP TABLE words');
      expect(await drift(database, make([]))).toEqual(['the table words is missing']);
    } finally {
      await close();
    }
  });
});

describe.each(engines)('the form of an object that no shadow has, on $name', (engine) => {
  const isServer = sqlOf(engine) === 'postgres';
  const step = isServer
    ? `-- ashlar: omits table words, view seen, function word_count, function words_noted, trigger noted, policy readers, index by_word
CREATE TABLE words (word text PRIMARY KEY, owner text);
ALTER TABLE words ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON words USING (owner = current_user);
CREATE UNIQUE INDEX by_word ON words (lower(word));
CREATE VIEW seen WITH (security_invoker = true) AS SELECT word FROM words;
CREATE FUNCTION word_count(text) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM words WHERE word = $1 $$;
CREATE FUNCTION word_count() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM words WHERE word <> ''it''''s''';
CREATE FUNCTION words_noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_temp AS $body$
BEGIN
  RETURN NEW;
END $body$;
CREATE TRIGGER noted BEFORE INSERT ON words FOR EACH ROW EXECUTE FUNCTION words_noted();
`
    : `-- ashlar: omits table words, view seen, trigger noted, index by_word
CREATE TABLE words (word TEXT PRIMARY KEY, owner TEXT) STRICT;
CREATE UNIQUE INDEX by_word ON words (lower(word));
CREATE VIEW seen AS SELECT word FROM words;
CREATE TRIGGER noted BEFORE INSERT ON words BEGIN SELECT 1; END;
`;
  const onServer: Readonly<Record<string, readonly [sql: string, line: string]>> = {
    'the body of a function': [
      "CREATE OR REPLACE FUNCTION word_count() RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint'",
      'the function word_count differs from the statement of its step: body',
    ],
    'the rights of a function': [
      'ALTER FUNCTION word_count(text) SECURITY DEFINER',
      'the function word_count(text) differs from the statement of its step: security',
    ],
    'a further function of its name': [
      "CREATE FUNCTION word_count(integer) RETURNS SETOF words LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM words'",
      'the function word_count(integer) is made by no step',
    ],
    'the path of a function that runs as its owner': [
      'ALTER FUNCTION words_noted() RESET search_path',
      'the function words_noted differs from the statement of its step: settings',
    ],
    'a function that keeps no secret': [
      'ALTER FUNCTION word_count() LEAKPROOF',
      'the function word_count differs from the statement of its step: leakproof',
    ],
    'the owner of a view': [
      'ALTER VIEW seen OWNER TO pg_monitor',
      'the view seen differs from the statement of its step: owner',
    ],
    'the rights of a view': [
      'ALTER VIEW seen SET (security_invoker = false)',
      'the view seen differs from the statement of its step: invoker',
    ],
    'the function of a trigger': [
      "CREATE FUNCTION elsewhere() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE OR REPLACE TRIGGER noted BEFORE INSERT ON words FOR EACH ROW EXECUTE FUNCTION elsewhere()",
      'words: the trigger noted differs from the statement of its step: function',
    ],
    'a trigger that does not fire': [
      'ALTER TABLE words DISABLE TRIGGER noted',
      'words: the trigger noted differs from the statement of its step: fires',
    ],
    'what a policy lets pass': [
      'ALTER POLICY readers ON words USING (true)',
      'words: the policy readers differs from the statement of its step: using',
    ],
    'a further policy': [
      'CREATE POLICY more ON words USING (true)',
      'words: the policy more is made by no step',
    ],
    'a further trigger': [
      'CREATE TRIGGER more BEFORE INSERT ON words FOR EACH ROW EXECUTE FUNCTION words_noted()',
      'words: the trigger more is made by no step',
    ],
    'an index that is not unique': [
      'DROP INDEX by_word; CREATE INDEX by_word ON words (lower(word))',
      'words: the index by_word differs from the statement of its step: uniqueness',
    ],
  };
  const onFile: typeof onServer = {
    'the query of a view': [
      'DROP VIEW seen; CREATE VIEW seen AS SELECT owner AS word FROM words',
      'the view seen differs from the statement of its step: definition',
    ],
    'the statements of a trigger': [
      'DROP TRIGGER noted; CREATE TRIGGER noted BEFORE INSERT ON words BEGIN SELECT 2; END',
      'words: the trigger noted differs from the statement of its step: definition',
    ],
    'a further trigger': [
      'CREATE TRIGGER more BEFORE INSERT ON words BEGIN SELECT 1; END',
      'words: the trigger more is made by no step',
    ],
    'an index that is not unique': [
      'DROP INDEX by_word; CREATE INDEX by_word ON words (lower(word))',
      'words: the index by_word differs from the statement of its step: definition',
    ],
    'a table that is gone': ['DROP TABLE words', 'the table words is missing'],
  };

  const again = isServer
    ? `DROP TABLE IF EXISTS words CASCADE;
DO $do$ DECLARE each regprocedure; BEGIN
  FOR each IN SELECT oid FROM pg_proc WHERE proname IN ('word_count', 'words_noted', 'elsewhere') LOOP
    EXECUTE 'DROP FUNCTION ' || each || ' CASCADE';
  END LOOP;
END $do$;
${step}`
    : `DROP VIEW IF EXISTS seen; DROP TABLE IF EXISTS words; ${step}`;

  test('is compared with the statement of its step', async () => {
    const { database, run, close } = await opened(engine);
    const dialect = sqlOf(engine);
    const runAll = async (sql: string): Promise<void> => {
      for (const statement of splitStatements(sql, dialect)) await run(statement.sql);
    };
    try {
      await newStep(make([]), folder.url, 'initial', { ...noQuestions, engines: [dialect] });
      await folder.write({ [`0002_by_hand/up.${dialect}.sql`]: step });
      await up(database, make([]));
      expect(await drift(database, make([]))).toEqual([]);
      for (const [what, [sql, line]] of Object.entries(isServer ? onServer : onFile)) {
        await runAll(sql);
        expect(await drift(database, make([])), what).toContain(line);
        await runAll(again);
      }
      expect(await drift(database, make([]))).toEqual([]);
    } finally {
      await close();
    }
  }, 120_000);
});

describe.each(engines)('an object that no shadow has, on $name', (engine) => {
  test('is made after what it needs, and dropped before', async () => {
    const { database, run, close } = await opened(engine);
    const sql = 'CREATE VIEW long_titles AS SELECT title FROM titles WHERE length(title) > 9';
    const long = (text = sql) => extra({ name: 'long_titles', sqlite: text, postgres: text, shadow: 'omit' });
    try {
      await newStep(make([], [long()]), folder.url, 'initial', noQuestions);
      await up(database, make([], [long()]));
      expect(await drift(database, make([], [long()]))).toEqual([]);
      expect(await run('SELECT title FROM long_titles')).toEqual([]);
      await newStep(make([]), folder.url, 'gone', noQuestions);
      await up(database, make([]));
      expect(await drift(database, make([]))).toEqual([]);
      await expect(run('SELECT title FROM long_titles')).rejects.toMatchObject({ code: 'statement-failed' });
      await down(database, make([]));
      expect(await run('SELECT title FROM long_titles')).toEqual([]);
    } finally {
      await close();
    }
  });
});

test('an extension may have any name that PostgreSQL gives one', () => {
  expect(extra({ extension: 'uuid-ossp' }).sql.postgres).toBe('CREATE EXTENSION IF NOT EXISTS "uuid-ossp"');
  for (const extension of ['', 'a b', "x'y", 'PostGIS', 'x"'])
    expect(() => extra({ extension })).toThrowError(expect.objectContaining({ code: 'table-invalid' }));
});

describe('the statements about objects that no shadow has', () => {
  const left = (omits: string, ...statements: string[]) => {
    const body = sqlBody(
      '0001_x',
      'up.postgres.sql',
      `-- ashlar: omits ${omits}\n${statements.join(';\n')};`,
      'postgres',
    );
    return withoutOmitted(body).statements.map(({ sql }) => sql.replace(/^--.*\n/, ''));
  };

  test.each([
    ['extension postgis', 'CREATE EXTENSION IF NOT EXISTS postgis'],
    ['extension postgis', 'DROP EXTENSION postgis CASCADE'],
    ['extension postgis', "COMMENT ON EXTENSION postgis IS 'x'"],
    ['table places', 'CREATE TABLE IF NOT EXISTS places (a geometry)'],
    ['table places', 'ALTER TABLE public.places ADD b int'],
    ['table places', 'INSERT INTO places VALUES (1)'],
    ['table places', 'UPDATE places SET a = 1'],
    ['table places', 'DELETE FROM Places'],
    ['index near', 'CREATE UNIQUE INDEX CONCURRENTLY near ON places USING gist (a)'],
    ['index near', 'DROP INDEX CONCURRENTLY IF EXISTS near'],
    ['view "Near"', 'CREATE OR REPLACE VIEW "Near" AS SELECT 1'],
    ['materialized view near', 'CREATE MATERIALIZED VIEW near AS SELECT 1'],
    ['function near', "CREATE OR REPLACE FUNCTION near(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'"],
    ['function near', "CREATE PROCEDURE near() LANGUAGE sql AS 'SELECT 1'"],
    ['trigger near', 'CREATE TRIGGER near AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION x()'],
    ['type near', "CREATE TYPE near AS ENUM ('a')"],
  ])('%s: %s', (omits, statement) => {
    expect(left(omits, statement, 'SELECT 1')).toEqual(['SELECT 1']);
  });

  test.each([
    ['extension postgis', 'CREATE INDEX postgis ON places (a)'],
    ['table places', 'CREATE INDEX places_a ON places (a)'],
    ['index near', 'INSERT INTO near VALUES (1)'],
    ['view near', 'SELECT * FROM near'],
  ])('%s: not %s', (omits, statement) => {
    expect(left(omits, statement)).toEqual([statement]);
  });

  test('are followed: made, replaced, dropped', () => {
    const after = (text: string, before = new Map()) =>
      omittedAfter(before, sqlBody('0001_x', 'up.postgres.sql', text, 'postgres'));
    const made = after(
      '-- ashlar: omits index a, view b\nCREATE INDEX a ON t (x);\nCREATE VIEW b AS SELECT 1;',
    );
    expect([...made.keys()]).toEqual(['index a', 'view b']);
    expect(made.get('index a')).toMatchObject({ sql: 'CREATE INDEX a ON t (x)', isGenerated: false });
    const then = after('-- ashlar: omits index a\n-- ashlar: makes nothing\nDROP INDEX a;', made as never);
    expect([...then.keys()]).toEqual(['view b']);
  });
});
