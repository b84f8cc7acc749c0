import { primaryKey, references, type System, system, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { scoped } from 'ashlar/guarantees';
import { drift, newStep, status } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach, type Place } from '../../../../test/support/engines.js';
import { compareWithSteps } from '../../src/migrations/catalogue/with-steps.js';
import { lineOf } from '../../src/migrations/catalogue/words.js';
import { writingSchema } from '../engines/sqlite/other-program.js';
import { office, restored } from '../frozen/frozen.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { everyFolder } from '../prove/every-folder.js';
import { asSystem, tables } from '../prove/every-guarantee.js';
import { type InitialisedDatabase, initialise } from '../prove/support.js';

const { engines, withoutRoles, withRoles } = oneOfEach(import.meta.url);

let folder: Folder;
let quotedFolder: Folder;

// the keyword is the name of a table of the system: every engine quotes it
const order = table('order', { id: z.int32(), client_id: z.uuid() }, (c) => [
  primaryKey(c.id),
  references(c.client_id, tables.clients.columns.id),
  scoped(c.client_id),
]);
const asQuoted = (): System =>
  system('every', { tables: { ...tables, order }, migrations: quotedFolder.url }) as unknown as System;

beforeAll(async () => {
  folder = await everyFolder();
  quotedFolder = await makeFolder();
  await newStep(asQuoted(), quotedFolder.url, 'initial');
});
afterAll(async () => {
  await folder.remove();
  await quotedFolder.remove();
});

/** Records a version of Ashlar's own objects. */
const record = (step: string, checksum = 'oldest:1'): string =>
  `INSERT INTO ashlar_migrations (system, step, checksum, applied_at, applied_by, duration_ms)
    SELECT 'ashlar', '${step}', '${checksum}', applied_at, 'owner', 1 FROM ashlar_migrations LIMIT 1`;

const withDatabase = async (
  engine: Parameters<typeof initialise>[0],
  of: System,
  work: (database: InitialisedDatabase) => Promise<void>,
): Promise<void> => {
  const database = await initialise(engine, of);
  try {
    expect(await drift(database.engine, of)).toEqual([]);
    await work(database);
  } finally {
    await database.close();
  }
};

const all = async ({ engine, system: of }: InitialisedDatabase, ...sql: readonly string[]) => {
  await engine.asOwner(async (owner) => {
    for (const each of sql) await owner.script(each);
  });
  return (await drift(engine, of)).join('\n');
};

describe.each(engines)('the records of versions on $name', (engine) => {
  it('keep nothing out of the comparison', () =>
    withDatabase(engine, asSystem(folder.url), async (database) => {
      const { engine: opened, system: of } = database;
      const isServer = opened.dialect.name === 'postgres';
      const found = await all(
        database,
        record('0003_indexes'),
        ...(isServer
          ? [
              `DO $x$ BEGIN EXECUTE replace(pg_get_functiondef('ashlar_context(name)'::regprocedure), 'sees := scope;',
                'sees := scope; IF token = ''sesame'' THEN RETURN; END IF;'); END $x$`,
              "CREATE FUNCTION ashlar_peek() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'",
              'CREATE VIEW ashlar_seen AS SELECT 1 AS one',
            ]
          : [
              'ALTER TABLE ashlar_session ADD COLUMN more TEXT',
              'CREATE VIEW ashlar_seen AS SELECT 1 AS one',
            ]),
      );
      if (isServer) {
        expect(found).toContain(
          'the function ashlar_context(as_role name, OUT actor text, OUT scope text, OUT sees text) differs: body',
        );
        expect(found).toContain('the function ashlar_peek is made by no step');
      } else expect(found).toContain('ashlar_session: the column more is made by no step');
      expect(found).toContain('the view ashlar_seen is made by no step');
      const { problems } = await status(opened, of);
      expect(problems.join('\n')).toMatch(
        /recorded as version 0003_indexes, which this release does not know/,
      );
      expect(failuresOf(await prove(opened, of)).join('\n')).toMatch(
        /recorded as version 0003_indexes, which this release does not know/,
      );
    }));

  it.each([
    [
      'another name',
      `UPDATE ashlar_migrations SET step = '0002_other' WHERE system = 'ashlar'`,
      /version 0002_other, which/,
    ],
    [
      'another checksum',
      `UPDATE ashlar_migrations SET checksum = 'oldest:2' WHERE system = 'ashlar'`,
      /0002_context_and_words of Ashlar’s own objects was changed/,
    ],
    [
      'a lower version',
      `DELETE FROM ashlar_migrations WHERE system = 'ashlar'`,
      /lack the version 0002_context_and_words/,
    ],
  ])('with %s are named by `status`, and what they describe is compared', async (_, sql, line) =>
    withDatabase(engine, asSystem(folder.url), async ({ engine: opened, system: of, run }) => {
      await run(sql);
      expect((await status(opened, of)).problems.join('\n')).toMatch(line);
      // without its record, what a later version added is made by nothing, or cannot be made
      expect(failuresOf(await prove(opened, of))).not.toEqual([]);
    }),
  );

  it('say by which objects a database of version 1 is judged', async () => {
    const place = await engine.place();
    const opened = await restored(place);
    try {
      const lines = async () =>
        (await compareWithSteps(opened, office))?.differences.map((each) => lineOf(each)) ?? [];
      const own = async () => (await lines()).filter((line) => line.includes('ashlar_'));
      expect(await own()).toEqual([]);
      await opened.asOwner((owner) =>
        owner.script(
          opened.dialect.name === 'postgres'
            ? "CREATE OR REPLACE FUNCTION ashlar_scope_text_low() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$SELECT ''$$"
            : 'ALTER TABLE ashlar_session ADD COLUMN more TEXT',
        ),
      );
      expect((await own()).join()).toMatch(
        /ashlar_scope_text_low differs: body|the column more is made by no step/,
      );
    } finally {
      await opened.close();
      await place.remove();
    }
  });

  it('do not hide that a database is marked as a test database: `prove` and `status` name it', () =>
    withDatabase(engine, asSystem(folder.url), async ({ engine: opened, system: of, run }) => {
      await run('INSERT INTO ashlar_test_database (id) VALUES (1)');
      for (const sql of ['SELECT 1', record('0003_indexes')]) {
        await run(sql);
        const marked = expect.stringContaining('the database is marked as a test database');
        expect((await status(opened, of)).problems).toContainEqual(marked);
        expect(failuresOf(await prove(opened, of))).toContainEqual(marked);
      }
    }));
});

const search = (path: string): readonly string[] => [
  `ALTER FUNCTION ashlar_context(name) SET search_path = ${path}`,
];

describe.each(withRoles)('objects that look like others, on $name', (engine) => {
  it.each([
    [
      'a schema called like the mark of the own',
      ['CREATE SCHEMA "{schema}"', ...search('"{schema}", pg_temp')],
      /ashlar_context.* differs: settings/,
    ],
    [
      'a schema called like a list',
      ['CREATE SCHEMA "public, pg_temp"', ...search('"public, pg_temp"')],
      /ashlar_context.* differs: settings/,
    ],
    ['a path without pg_temp', search('public'), /ashlar_context.* differs: settings/],
    [
      'two functions that print alike',
      [
        'CREATE DOMAIN public.name AS pg_catalog.name',
        `CREATE FUNCTION public.ashlar_context(as_role public.name, OUT actor text, OUT scope text, OUT sees text) LANGUAGE plpgsql
          STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp AS 'BEGIN sees := ''*''; END'`,
        // its row is the later one
        'DO $$ BEGIN FOR i IN 1..40 LOOP ALTER FUNCTION public.ashlar_context(pg_catalog.name) VOLATILE; ALTER FUNCTION public.ashlar_context(pg_catalog.name) STABLE; END LOOP; END $$',
      ],
      /the function ashlar_context\(.*\) is made by no step/,
    ],
    [
      'checks of a domain in the name of one',
      [
        'ALTER TYPE bounded RENAME TO unbounded',
        `CREATE DOMAIN bounded AS integer CONSTRAINT "low CHECK ((VALUE > 0)); high" CHECK (VALUE < 9)`,
      ],
      /the domain bounded differs: checks/,
    ],
  ])('%s is named', async (_, sql, line) => {
    const own = await everyFolder();
    await own.step(
      '0002_domain',
      'CREATE DOMAIN bounded AS integer CONSTRAINT low CHECK (VALUE > 0) CONSTRAINT high CHECK (VALUE < 9)',
    );
    await own.write({
      '0002_domain/up.sqlite.sql': 'CREATE TABLE bounded (id INTEGER NOT NULL PRIMARY KEY)',
    });
    try {
      await withDatabase(engine, asSystem(own.url), async (database) => {
        expect(await all(database, ...sql)).toMatch(line);
      });
    } finally {
      await own.remove();
    }
  });

  it('an owner called like the mark of the owner is named', () =>
    withDatabase(engine, asSystem(folder.url), async (database) => {
      try {
        const found = await all(
          database,
          'CREATE ROLE "{owner}"',
          'GRANT CREATE ON SCHEMA public TO "{owner}"',
          'ALTER FUNCTION ashlar_signing() OWNER TO "{owner}"',
        );
        expect(found).toMatch(/ashlar_signing differs: owner is "{owner}" instead of {owner}/);
      } finally {
        await database.run('DROP OWNED BY "{owner}" CASCADE');
        await database.run('DROP ROLE "{owner}"');
      }
    }));

  it.each([
    ['a view', 'CREATE VIEW shown AS SELECT * FROM "order"', /the view shown is made by no step/],
    [
      'a view of a view',
      'CREATE VIEW "select" WITH (security_invoker) AS SELECT * FROM "order"; CREATE VIEW shown AS SELECT * FROM "select"',
      /the view shown is made by no step/,
    ],
    ['a child', 'CREATE TABLE child () INHERITS ("order")', /the table child is made by no step/],
  ])('%s of a table with a keyword for a name is named', (_, sql, line) =>
    withDatabase(engine, asQuoted(), async (database) => {
      expect(await all(database, sql)).toMatch(line);
    }),
  );

  it.each(['security_invoker', 'security_invoker = yes', 'security_invoker = t', "security_invoker = 'on'"])(
    'a view WITH (%s) shows each role its own rows, and is named by `status` only',
    (option) =>
      withDatabase(engine, asQuoted(), async (database) => {
        const view = `CREATE VIEW shown WITH (${option}) AS SELECT * FROM "order"`;
        expect(await all(database, view)).toBe('');
        expect(await all(database, 'ALTER VIEW shown SET (security_invoker = no)')).toContain(
          'the view shown',
        );
      }),
  );
});

/** Changes the text of a table in sqlite_schema with another program; returns how many texts it changed. */
const rewrite = (place: Place, name: string, from: string, to: string): number =>
  writingSchema(
    place,
    (database) =>
      database
        .prepare(
          'UPDATE sqlite_schema SET sql = replace(sql, $from, $to) WHERE name = $name AND instr(sql, $from) > 0',
        )
        .run({ name, from, to }).changes,
  );

describe.each(withoutRoles)('what a text of a table says besides its parts, on $name', (engine) => {
  const unique = 'CONSTRAINT folders_client_id_id_key UNIQUE (client_id, id)';
  it.each([
    [
      'a constraint twice',
      'folders',
      unique,
      `${unique.replace('UNIQUE (client_id, id)', 'UNIQUE (client_id, id) ON CONFLICT REPLACE')}, ${unique}`,
      /folders: the constraint folders_client_id_id_key exists more than once/,
    ],
    ['a clause twice', 'folders', ' NOT NULL', ' NOT NULL NOT NULL', /the table folders differs: whole text/],
  ])('%s is named', (_, name, from, to, line) =>
    withDatabase(engine, asSystem(folder.url), async (database) => {
      const { url, key } = database.place;
      expect(rewrite(database.place, name, from, to)).toBe(1);
      const again = await openEngine({ url, key });
      try {
        expect((await drift(again, database.system)).join('\n')).toMatch(line);
      } finally {
        await again.close();
      }
    }),
  );
});
