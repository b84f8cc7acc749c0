import { AshlarError, autoincrement, type Session, system, table } from 'ashlar';
import { scoped } from 'ashlar/guarantees';
import { sql } from 'ashlar/query';
import { type TestDatabase, testDatabase } from 'ashlar/testing';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { engines, type TestEngine, withRoles } from '../../../../test/support/engines.js';

const things = table('things', { id: autoincrement(), name: z.string() });
const cases = table('cases', { id: autoincrement(), org: z.string(), name: z.string() }, (c) => [
  scoped(c.org),
]);
const tables = { things, cases };
const shop = system('shop', { tables, migrations: new URL('file:///nowhere/') });
type S = Session<typeof tables>;
type Db = TestDatabase<typeof tables>;

// one connection: what a session leaves behind reaches the next one
const open = ({ name }: TestEngine): Promise<Db> =>
  testDatabase(shop, { url: name === 'postgres' ? inject('postgresUrl') : name, connections: 1 });

const codeOf = async (run: () => unknown): Promise<string> => {
  try {
    await run();
    return 'done';
  } catch (error) {
    return error instanceof AshlarError ? error.code : String(error);
  }
};

const insert = "INSERT INTO things (name) VALUES ('raw')";

/** Statements that no session may run. */
const refused: readonly string[] = [
  ...[
    'COMMIT',
    'END',
    'ROLLBACK',
    'ABORT',
    'BEGIN',
    'START TRANSACTION',
    'COMMIT AND CHAIN',
    ';; /* c */ COMMIT',
  ],
  ...['SAVEPOINT a', 'RELEASE a', 'ROLLBACK TO a', "PREPARE TRANSACTION 'a'"],
  ...['PREPARE p AS SELECT 1', `PREPARE p AS ${insert}`, 'EXECUTE p', 'DEALLOCATE ALL', 'DISCARD ALL'],
  ...["SET ashlar.scope = 'b'", "SET LOCAL ashlar.scope = 'b'", 'SET ROLE NONE', 'RESET ROLE', 'RESET ALL'],
  ...['SET SESSION AUTHORIZATION DEFAULT', 'SET TRANSACTION READ WRITE', 'SET CONSTRAINTS ALL DEFERRED'],
  ...['LISTEN a', 'NOTIFY a', 'UNLISTEN *', 'DECLARE c CURSOR WITH HOLD FOR SELECT 1', 'CLOSE ALL', 'MOVE c'],
  ...['CREATE TEMP TABLE t (a INTEGER)', 'CREATE TABLE t (a INTEGER)', 'ALTER TABLE things ADD b INTEGER'],
  ...[
    'DROP TABLE things',
    'TRUNCATE things',
    'LOCK TABLE things',
    'VACUUM',
    'ANALYZE',
    'REINDEX TABLE things',
  ],
  ...['COPY things TO STDOUT', 'COPY (DELETE FROM things RETURNING id) TO STDOUT', 'CALL p()', "LOAD 'a'"],
  ...[`DO $$ BEGIN ${insert}; END $$`, 'GRANT ALL ON things TO PUBLIC', 'COMMENT ON TABLE things IS NULL'],
  ...[
    'EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1 AS a',
    'EXPLAIN (ANALYZE, COSTS OFF) CREATE TEMP TABLE t AS SELECT 1 AS a',
    // SQLite runs most pragmas while it compiles them
    ...['EXPLAIN PRAGMA query_only = OFF', '; explain /* */ query plan -- \n pragma recursive_triggers = 0'],
    'EXPLAIN PRAGMA ignore_check_constraints = ON',
  ],
  ...["ATTACH ':memory:' AS a", 'DETACH a', 'PRAGMA query_only = OFF', ''],
];

/** Those that SQLite refuses by their syntax. */
const refusedAsSyntax: readonly string[] = [
  'SELECT 1 AS a INTO t',
  'SELECT 1 AS a INTO TEMP t FROM things',
  'SELECT 1 AS as INTO TEMP t',
  'SELECT s.as INTO TEMP t FROM (SELECT name AS "as" FROM things) s',
  'SELECT insert INTO TEMP t FROM (SELECT 1 AS insert) s',
  'SELECT 1. INTO TEMP t',
  'WITH x AS (SELECT 1 AS a) SELECT a INTO TEMP t FROM x',
];

/** Several statements in one text. */
const several: readonly string[] = [
  `SELECT 1; ${insert}`,
  `${insert}; COMMIT`,
  `${insert}; ROLLBACK`,
  'SELECT 1; COMMIT; SELECT 2',
  "SELECT 1; SET ashlar.scope = 'b'",
];

/** Texts with the character U+0000, up to which a database reads. */
const cut: readonly string[] = [
  'SELECT 1\0',
  "SELECT 'a\0b'",
  `${insert} \0 RETURNING id`,
  "UPDATE things SET name = 'raw' WHERE (true /* \0 */)",
  'DELETE FROM things -- \0',
];

type Run = (text: string) => (s: S) => Promise<unknown>;

const run: Run = (text) => (s) => sql.raw(text).execute(s.query);
const stream: Run = (text) => async (s) => {
  for await (const _ of streamed(s, text)) break;
};
const streamed = (s: S, text: string) => s.query.getExecutor().stream(sql.raw(text).compile(s.query), 1);

/** The ways in which SQL of the caller runs. */
const ways: Readonly<Record<string, (db: Db, text: string) => Promise<unknown>>> = {
  'in a session': (db, text) =>
    db.session(async (s) => {
      await s.insert(things, { name: 'before' });
      await run(text)(s);
    }),
  'in a savepoint': (db, text) =>
    db.session(async (s) => {
      await s.insert(things, { name: 'before' });
      await s.session(run(text));
    }),
  'as a stream': (db, text) =>
    db.session(async (s) => {
      await s.insert(things, { name: 'before' });
      await stream(text)(s);
    }),
  'in a session that reads': (db, text) => db.read(run(text)),
  'in a session that reads, nested in one that writes': (db, text) =>
    db.session(async (s) => {
      await s.insert(things, { name: 'before' });
      await db.read(run(text));
    }),
  'as a stream in a session that reads, nested in one that writes': (db, text) =>
    db.session(async (s) => {
      await s.insert(things, { name: 'before' });
      await db.read(stream(text));
    }),
};

describe.each(engines)('SQL of the caller on $name', (engine) => {
  const isSqlite = engine.name.startsWith('sql');
  let db: Db;
  beforeAll(async () => {
    db = await open(engine);
  });
  afterAll(() => db.close());
  afterEach(() => db.session((s) => s.deleteMany(things, 'all')));

  describe.each(Object.entries(ways))('%s', (name, way) => {
    it('reads and writes rows, and nothing else', async () => {
      const found: Record<string, string> = {};
      for (const text of refused) found[text] = await codeOf(() => way(db, text));
      expect(found).toEqual(Object.fromEntries(refused.map((text) => [text, 'privilege-missing'])));
      expect(await db.read((s) => s.query.selectFrom('things').selectAll().execute())).toEqual([]);
    });

    it('makes no table by a query', async () => {
      for (const text of refusedAsSyntax)
        expect([text, await codeOf(() => way(db, text))]).toEqual([
          text,
          isSqlite ? 'statement-failed' : 'privilege-missing',
        ]);
      expect(await db.read((s) => s.query.selectFrom('things').selectAll().execute())).toEqual([]);
    });

    it('has no character U+0000', async () => {
      for (const text of cut)
        expect([text, await codeOf(() => way(db, text))]).toEqual([text, 'statement-failed']);
      expect(await db.read((s) => s.query.selectFrom('things').selectAll().execute())).toEqual([]);
    });

    it('is one statement', async () => {
      for (const text of several) {
        const isRefusedWrite = name.includes('reads') && text.startsWith(insert);
        expect([text, await codeOf(() => way(db, text))]).toEqual([
          text,
          isRefusedWrite ? 'session-read-only' : 'statement-failed',
        ]);
      }
      expect(await db.read((s) => s.query.selectFrom('things').selectAll().execute())).toEqual([]);
    });
  });

  it('in a synchronous session follows the same rules', async () => {
    if (!isSqlite) {
      expect(() => db.sync).toThrow(expect.objectContaining({ code: 'usage' }));
      return;
    }
    for (const mode of ['session', 'read'] as const)
      for (const text of [...refused, ...refusedAsSyntax, ...several, ...cut])
        expect([
          text,
          await codeOf(() =>
            db.sync[mode]({}, (s) => s.all({ compile: () => sql.raw(text).compile(db.kysely) })),
          ),
        ]).toEqual([text, refused.includes(text) ? 'privilege-missing' : 'statement-failed']);
  });

  it('writes nothing in a session that reads, nested in one that writes', async () => {
    const writes = [
      insert,
      `/* c */ ${insert}`,
      `${insert} RETURNING id`,
      "UPDATE things SET name = 'raw'",
      'DELETE FROM things',
      `WITH a AS (SELECT 1) ${insert}`,
      ...(isSqlite
        ? ["REPLACE INTO things (id, name) VALUES (1, 'raw')"]
        : [
            `WITH a AS (${insert} RETURNING id) SELECT id FROM a`,
            `(WITH a AS (${insert} RETURNING id) SELECT id FROM a)`,
            `EXPLAIN ANALYZE ${insert}`,
            `EXPLAIN (ANALYZE) ${insert}`,
            "SELECT nextval('things_id_seq')",
            'SELECT write_thing()',
            'SELECT id FROM things FOR UPDATE',
          ]),
    ];
    if (!isSqlite)
      await db.owner.asOwner((owner) =>
        owner.script(
          `CREATE OR REPLACE FUNCTION write_thing() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN ${insert}; RETURN 1; END $$`,
        ),
      );
    for (const text of writes) {
      for (const way of [run, stream]) {
        const code = await codeOf(() =>
          db.session(async (s) => {
            await s.insert(things, { name: 'kept' });
            expect(await codeOf(() => db.read(way(text)))).toBe('session-read-only');
            await s.insert(things, { name: 'after' });
          }),
        );
        expect([text, code]).toEqual([text, 'done']);
      }
    }
    const names = await db.read((s) => s.query.selectFrom('things').select('name').distinct().execute());
    expect(names.map(({ name }) => name).sort()).toEqual(['after', 'kept']);
  });
});

// what one connection remembers: its settings, roles, locks, channels, cursors and temporary tables
const remembered = `SELECT (SELECT json_object_agg(name, setting ORDER BY name) FROM pg_settings WHERE name NOT LIKE 'plpgsql.%') AS settings,
  current_setting('ashlar.scope', true) AS scope, current_setting('ashlar.actor', true) AS actor,
  coalesce(current_setting('ashlar.now', true), '') AS now, coalesce(current_setting('x.y', true), '') AS own,
  current_user::text AS role, session_user::text AS session, pg_backend_pid() AS connection,
  (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
  (SELECT count(*) FROM pg_listening_channels()) AS channels, (SELECT count(*) FROM pg_cursors) AS cursors,
  (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()) AS temporary,
  to_regclass('things')::text AS found`;

const settings: Readonly<Record<string, string>> = {
  'ashlar.scope': 'b',
  'ashlar.actor': 'eve',
  'ashlar.now': '2020-01-01T00:00:00.000Z',
  'x.y': 'z',
  search_path: 'pg_catalog',
  role: 'ashlar_app',
  statement_timeout: '12345',
  lock_timeout: '12',
  idle_in_transaction_session_timeout: '54321',
  TimeZone: 'Asia/Tokyo',
  DateStyle: 'German',
  bytea_output: 'escape',
  default_transaction_read_only: 'on',
  default_transaction_isolation: 'serializable',
  row_security: 'off',
  work_mem: '1MB',
  application_name: 'eve',
};

/** A statement for functions that run one. */
const quoted = "'SET search_path = pg_catalog'::text";

/** Objects of a team that run a statement without showing a call. */
const leavingObjects = `
  CREATE FUNCTION leave_behind(text) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN EXECUTE $1; RETURN 1; END $$;
  CREATE FUNCTION leave_row(things) RETURNS integer LANGUAGE sql AS $$ SELECT leave_behind('SET search_path = pg_catalog') $$;
  CREATE FUNCTION "select"(text) RETURNS integer LANGUAGE sql AS 'SELECT leave_behind($1)';
  CREATE FUNCTION "join"(text) RETURNS integer LANGUAGE sql AS 'SELECT leave_behind($1)';
  CREATE FUNCTION "over"(text) RETURNS integer LANGUAGE sql AS 'SELECT leave_behind($1)';
  CREATE FUNCTION filter(text) RETURNS integer LANGUAGE sql AS 'SELECT leave_behind($1)';
  CREATE DOMAIN leaving AS text CHECK (leave_behind(VALUE) = 1);
`;

/** Operators and casts look like PostgreSQL's own. */
const ownOperators = `
  CREATE OPERATOR !!! (RIGHTARG = text, FUNCTION = leave_behind);
  CREATE FUNCTION leave_by_cast(bigint) RETURNS date LANGUAGE plpgsql AS $$ BEGIN PERFORM leave_behind('SET search_path = pg_catalog'); RETURN now()::date; END $$;
  CREATE CAST (bigint AS date) WITH FUNCTION leave_by_cast(bigint);
`;
const byOperator: readonly string[] = [
  `SELECT !!! (${quoted})`,
  'SELECT (1::bigint)::date',
  'SELECT CAST(1::bigint AS date)',
];

/** Statements of a session that change more than rows. */
const lasting: readonly string[] = [
  ...Object.entries(settings).flatMap(([name, value]) => [
    `SELECT set_config('${name}', '${value}', false)`,
    `SELECT U&"set\\005fconfig"('${name}', '${value}', false)`,
  ]),
  "SELECT pg_catalog.\"set_config\"('ashlar.scope', 'b', false)",
  "SELECT /* c */ set_config /* c */ ('ashlar.scope', 'b', false)",
  "EXPLAIN ANALYZE SELECT set_config('ashlar.scope', 'b', false)",
  "SELECT id FROM things WHERE set_config('ashlar.scope', 'b', false) = 'b' OR true",
  "INSERT INTO things (name) VALUES (set_config('ashlar.scope', 'b', false))",
  "SELECT query_to_xml('SELECT set_config(''ashlar.scope'', ''b'', false)', true, true, '')",
  'SELECT pg_advisory_lock(1)',
  'SELECT pg_advisory_lock_shared(2, 3)',
  ...[
    'SELECT (1::bigint).pg_advisory_lock',
    'SELECT (((2)))::bigint::bigint.pg_advisory_lock',
    'SELECT (ARRAY[3]::bigint[])[1].pg_advisory_lock',
    'SELECT things.leave_row FROM things',
    'SELECT t."leave_row" FROM things t',
    'SELECT (t).leave_row FROM things t',
    `SELECT (${quoted}).leave_behind`,
    `SELECT public."select"(${quoted})`,
    `SELECT join(${quoted})`,
    `SELECT DISTINCT ON (1) over(${quoted})`,
    `SELECT CASE WHEN filter(${quoted}) = 1 THEN 1 END`,
    `SELECT (${quoted})::leaving`,
    `SELECT CAST((${quoted}) AS leaving)`,
    `SELECT leaving ${quoted.replace('::text', '')}`,
    `SELECT "leaving" ${quoted.replace('::text', '')}`,
    `SELECT ${quoted} ORDER BY public.leave_behind(${quoted})`,
    "UPDATE pg_settings SET setting = 'pg_catalog' WHERE name = 'search_path'",
    `UPDATE "pg_settings" SET setting = 'off' WHERE name = 'row_security'`,
    `UPDATE U&"pg\\005fsettings" SET setting = '1MB' WHERE name = 'work_mem'`,
    "UPDATE pg_catalog.pg_settings SET setting = 'on' WHERE name = 'transform_null_equals'",
  ],
  "SELECT leave_behind('LISTEN a')",
  "SELECT leave_behind('CREATE TEMP TABLE things (id integer)')",
  "SELECT leave_behind('DECLARE c CURSOR WITH HOLD FOR SELECT 1')",
  "SELECT leave_behind('SET search_path = pg_catalog')",
  "SELECT leave_behind('RESET ROLE')",
  "SELECT leave_behind('SET ashlar.scope = ''b''')",
];

const ends: Readonly<Record<string, (db: Db, text: string) => Promise<unknown>>> = {
  committed: (db, text) => db.session({ scope: 'a' }, run(text)),
  'in a savepoint': (db, text) => db.session({ scope: 'a' }, (s) => s.session(run(text))),
  'rolled back': (db, text) =>
    db.session({ scope: 'a' }, async (s) => {
      await run(text)(s);
      throw new RangeError('undo');
    }),
  'that reads': (db, text) => db.read({ scope: 'a' }, run(text)),
  'as a stream': (db, text) => db.session({ scope: 'a' }, stream(text)),
  'outside sessions': async (db, text) => db.engine.read(text, []),
};

describe.each(withRoles)('what a session leaves on its connection on $name', (engine) => {
  let db: Db;
  let secret: number;
  beforeAll(async () => {
    db = await open(engine);
    await db.owner.asOwner((owner) => owner.script(leavingObjects));
    ({ id: secret } = await db.insert(cases, { org: 'b', name: 'secret' }, { scope: 'b' }));
  });
  afterAll(() => db.close());
  const state = async () => (await db.engine.read(remembered, [])).rows;

  it.each(Object.keys(ends))('is nothing after a session %s', async (name) => {
    await db.get(things, 1);
    let before = await state();
    const outcomes = new Set<string>();
    for (const text of lasting) {
      outcomes.add(await codeOf(() => ends[name]?.(db, text)));
      expect([text, await db.get(cases, secret)]).toEqual([text, undefined]);
      expect([text, await db.read((s) => s.query.selectFrom('cases').selectAll().execute())]).toEqual([
        text,
        [],
      ]);
      const after = await state();
      // a plain read that fails may have changed its connection, which is closed
      if (name === 'outside sessions')
        before = before.map((row) => ({ ...row, connection: after[0]?.connection }));
      expect([text, after]).toEqual([text, before]);
    }
    expect([...outcomes].join()).toMatch(name === 'rolled back' ? /RangeError/ : /done/);
  });

  it('is nothing that an operator or a cast has called', async () => {
    const other = await open(engine);
    await other.owner.asOwner((owner) => owner.script(leavingObjects + ownOperators));
    const seen = async () => (await other.engine.read(remembered, [])).rows;
    // the settings of a context are empty after the first one
    await other.session({ scope: 'a' }, run('SELECT 1'));
    const before = await seen();
    for (const text of byOperator)
      for (const end of Object.values(ends)) {
        await codeOf(() => end(other, text));
        expect([text, await seen()]).toEqual([text, before]);
      }
    await other.close();
  });

  it('is no seed of random(): two sessions draw other numbers', async () => {
    const numbers: unknown[] = [];
    for (const text of [
      'SELECT setseed(0.5)',
      'SELECT (0.5::float8).setseed',
      "SELECT set_config('seed', '0.5', false)",
    ]) {
      await db.session(run(text));
      const { rows } = await db.session((s) => sql<{ n: number }>`SELECT random() AS n`.execute(s.query));
      numbers.push(rows[0]?.n);
    }
    expect(new Set(numbers).size).toBe(3);
  });

  it('is nothing that slows down a session of rows: its connection is not reset', async () => {
    const sent: string[] = [];
    const quiet = await testDatabase(shop, {
      url: engine.name === 'postgres' ? inject('postgresUrl') : engine.name,
      connections: 1,
      onStatement: ({ sql: text }) => sent.push(text),
    });
    await quiet.session(async (s) => {
      await s.insert(things, { name: 'a' });
      await s.query
        .selectFrom('things')
        .select((eb) => [eb.fn.countAll().as('n'), eb.fn.max('name').as('last')])
        .where('name', 'in', ['a', 'b'])
        .execute();
    });
    expect(sent.some((text) => text.includes('RESET'))).toBe(false);
    await quiet.close();
  });

  it('is nothing if a statement ends the transaction: the session fails', async () => {
    const transaction = await db.engine.begin({ mode: 'write', actor: null, scope: null });
    await expect(transaction.execute('COMMIT', [])).rejects.toMatchObject({ code: 'session-aborted' });
    await transaction.rollback();
    expect(await db.session((s) => s.insert(things, { name: 'next' }))).toMatchObject({ name: 'next' });
  });
});
