import { AshlarError, type Database } from 'ashlar';
import { sql } from 'ashlar/query';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { notes, type Place, Poolers, type tables, things } from './pooler-setup.js';

type Shop = Database<typeof tables>;

let poolers: Poolers;
beforeAll(async () => {
  poolers = await Poolers.start();
});
afterAll(() => poolers.stop());
afterEach(() => poolers.end());

/** A place in front of which is a pool of one connection, which Ashlar shares with another client of the pool. */
const shared = async (isKeyed = true): Promise<{ place: Place; db: Shop; other: pg.Client }> => {
  const place = await poolers.place({ schema: 'apart', isKeyed });
  const pooler = await poolers.pooler({ mode: 'transaction', settings: ['default_pool_size = 1'] });
  const db = await poolers.open(poolers.url(pooler, place), place, { connections: 2 });
  return { place, db, other: await poolers.client(pooler, place) };
};

const context = { actor: 'ann', scope: 'a' };

/** What is left on the connection, as the next client of the pool sees it. */
const stateOf = async (other: pg.Client): Promise<unknown> => {
  const rows = async (text: string): Promise<unknown[]> => (await other.query(text)).rows;
  return {
    // the pooler itself gives the name of each client to the connection
    settings: await rows(
      "SELECT name, setting FROM pg_settings WHERE source = 'session' AND name <> 'application_name' ORDER BY name",
    ),
    own: await rows(`SELECT name, nullif(current_setting(name, true), '') AS value
      FROM unnest(ARRAY['ashlar.actor', 'ashlar.scope', 'ashlar.token', 'ashlar.now', 'ashlar.purging', 'ashlar.left']) AS name`),
    role: await rows('SELECT current_user, session_user'),
    statements: await rows('SELECT name, statement FROM pg_prepared_statements'),
    cursors: await rows("SELECT name FROM pg_cursors WHERE name <> ''"),
    channels: await rows('SELECT pg_listening_channels()'),
    locks: await rows("SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"),
    temporary: await rows('SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()'),
    last: await other.query('SELECT lastval()').then(
      () => 'a number',
      (error: { code?: string }) => error.code,
    ),
  };
};

const codeOf = (error: unknown): string => (error instanceof AshlarError ? error.code : String(error));

// statements by which a session's SQL would leave something
const leaving = [
  "SELECT set_config('search_path', 'pg_catalog', false)",
  "SELECT set_config('ashlar.left', 'x', false), set_config('ashlar.scope', '*', false)",
  "SELECT set_config('role', 'none', false), set_config('statement_timeout', '1', false)",
  'SELECT pg_advisory_lock(4711)',
  'WITH held AS MATERIALIZED (SELECT pg_advisory_lock(4712)) SELECT * FROM held',
  "SELECT nextval('things_id_seq'), lastval()",
  "SELECT query_to_xml('SELECT set_config(''ashlar.left'', ''y'', false), pg_advisory_lock(4713)', true, true, '')",
];

describe('what is left on a connection', () => {
  test('by what methods and queries send', async () => {
    const { db, other } = await shared();
    const before = await stateOf(other);
    await db.session(context, async (s) => {
      const note = await s.insert(notes, { client: 'a', body: 'x' });
      await s.update(notes, note.id, { body: 'y' });
      await s.lock('a name');
      await s.session((inner) => inner.insert(notes, { client: 'a', body: 'inner' }));
      await s.session((inner) => inner.insert(notes, { client: 'b', body: 'z' })).catch(() => undefined);
      await s.insertMany(
        notes,
        Array.from({ length: 1_500 }, (_, n) => ({ client: 'a', body: `${n}` })),
      );
      let count = 0;
      for await (const _ of s.query.selectFrom('notes').selectAll().stream(100)) count++;
      expect(count).toBe(1_502);
    });
    const [first] = await db.read(context, (s) => s.query.selectFrom('notes').selectAll().execute());
    await db.get(notes, first?.id ?? '', context);
    await db.engine.read('SELECT $1::text AS x', ['x']);
    await db.engine.read('WITH one AS (SELECT 1 AS n) SELECT n FROM one', []);
    await db.session(context, (s) => s.insert(notes, { client: 'b', body: 'z' })).catch(() => undefined);
    await db
      .session({ ...context, statementTimeout: 20 }, (s) => sql`SELECT pg_sleep(5)`.execute(s.query))
      .catch(() => undefined);
    await db.session({ ...context, isolation: 'serializable', lockTimeout: 77 }, (s) =>
      s.get(notes, first?.id ?? ''),
    );
    expect(await stateOf(other)).toEqual(before);
  });

  test.each(leaving)('by the SQL of a session: %s', async (text) => {
    const { db, other } = await shared();
    const before = await stateOf(other);
    await db.session(context, (s) => sql.raw(text).execute(s.query));
    expect(await stateOf(other), 'after COMMIT').toEqual(before);
    const outcome = db.session(context, async (s) => {
      await sql.raw(text).execute(s.query);
      throw new RangeError('no');
    });
    await expect(outcome).rejects.toThrow(RangeError);
    expect(await stateOf(other), 'after ROLLBACK').toEqual(before);
    const failed = db.session(context, async (s) => {
      await sql.raw(text).execute(s.query);
      await sql`SELECT 1 / ${0}::int`.execute(s.query);
    });
    await expect(failed).rejects.toThrow(AshlarError);
    expect(await stateOf(other), 'after an error').toEqual(before);
    const read = async () => db.engine.read(text, []);
    await read().catch((error: unknown) => expect(codeOf(error)).toBe('session-read-only'));
    expect(await stateOf(other), 'after a read').toEqual(before);
  });

  test('by a session whose COMMIT fails', async () => {
    const { place, db, other } = await shared();
    await poolers.run(
      place,
      'ALTER TABLE things ADD CONSTRAINT once UNIQUE (body) DEFERRABLE INITIALLY DEFERRED',
    );
    const before = await stateOf(other);
    const failed = db.session(context, async (s) => {
      await sql`SELECT pg_advisory_lock(4711), set_config('ashlar.left', 'x', false)`.execute(s.query);
      await s.insert(things, { body: 'x', size: null, at: null, data: null });
      await s.insert(things, { body: 'x', size: null, at: null, data: null });
    });
    await expect(failed).rejects.toMatchObject({ code: 'unique-violation' });
    expect(await stateOf(other)).toEqual(before);
    expect(await poolers.run(place, 'SELECT * FROM things')).toEqual([]);
  });
});

const values = [
  { body: null, size: 0.1 + 0.2, at: '2026-01-31T09:00:00.123Z', data: Buffer.from([0, 255, 92]) },
  { body: 'NULL', size: null, at: null, data: null },
  { body: 'ü \\ \' " cats', size: 1e300, at: '0001-01-01T00:00:00.000Z', data: Buffer.alloc(0) },
];

/** Writes and reads as sessions do, and returns what was seen, without keys. */
const battery = async (db: Shop, place: Place): Promise<unknown> => {
  const since = new Date();
  const written = await db.session(context, async (s) => {
    await s.query.deleteFrom('notes').execute();
    await s.query.deleteFrom('things').execute();
    const note = await s.insert(notes, { client: 'a', body: "it's \\ ü" });
    await s.insertMany(things, values);
    const { rows } = await sql`
      SELECT (SELECT count(*) FROM things WHERE body = NULL)::int AS none, to_tsvector('cats dogs')::text AS words,
        to_char(1234.5, 'L9G999D99') AS amount, to_char(timestamptz '2026-03-01', 'TMMonth') AS month,
        '{a,NULL}'::text[] AS list, interval '1 day 2 hours' AS span, 0.1::float8 + 0.2::float8 AS sum,
        now()::text ~ '\\+00$' AS utc, quote_ident('x') AS quoted, '\\x41'::bytea::text AS bytes, 'a\\b' AS text,
        current_user::text AS role, current_setting('search_path') AS path,
        current_setting('transaction_isolation') AS isolation, current_setting('transaction_read_only') AS reads,
        current_setting('synchronous_commit') AS durable, current_setting('statement_timeout') AS longest,
        current_setting('lock_timeout') AS lock, current_setting('row_security') AS secured`.execute(s.query);
    return { note, rows };
  });
  const streamed: unknown[] = [];
  const seen = await db.read(context, async (s) => {
    for await (const { body, size, at, data } of s.query
      .selectFrom('things')
      .selectAll()
      .orderBy('id')
      .stream(2))
      streamed.push({ body, size, at, data });
    return s.query.selectFrom('notes').select(['client', 'body']).execute();
  });
  const [line] = await poolers.run(
    place,
    `SELECT actor, scope, at >= '${since.toISOString()}'::timestamptz - interval '1 second' AS recent
      FROM trail ORDER BY id DESC LIMIT 1`,
  );
  const twice = await db
    .session(context, async (s) => {
      await s.insert(things, { body: 'x', size: null, at: null, data: null });
      await sql`INSERT INTO notes (id, client, body) VALUES (${written.note.id}, 'a', 'again')`.execute(
        s.query,
      );
    })
    .catch(codeOf);
  return {
    rows: written.rows,
    got: (await db.get(notes, written.note.id, context))?.body,
    streamed,
    seen,
    line,
    twice,
    others: await db.read({ scope: 'b' }, (s) => s.query.selectFrom('notes').selectAll().execute()),
    plain: (await db.engine.read('SELECT body FROM notes', [])).rows,
    plainThings: (await db.engine.read('SELECT body, size, at, data FROM things ORDER BY id', [])).rows,
  };
};

interface Setting {
  readonly name: string;
  readonly vartype: string;
  readonly setting: string;
  readonly min_val: string | null;
  readonly max_val: string | null;
  readonly enumvals: readonly string[] | null;
}

const texts: Readonly<Record<string, readonly string[]>> = {
  search_path: ['pg_catalog', '"evil", "apart"'],
  DateStyle: ['German', 'SQL, DMY'],
  TimeZone: ['Asia/Tokyo'],
  client_encoding: ['LATIN1', 'SQL_ASCII'],
  lc_monetary: ['POSIX'],
  lc_numeric: ['POSIX'],
  lc_time: ['POSIX'],
  default_text_search_config: ['pg_catalog.german', 'pg_catalog.simple'],
  application_name: ['other'],
  timezone_abbreviations: ['Australia', 'India'],
  'plpgsql.extra_errors': ['all'],
  'plpgsql.extra_warnings': ['all'],
};

// three are of a transaction; with the last, the server closes the connection while no client uses it
const notTried = [
  'transaction_deferrable',
  'transaction_isolation',
  'transaction_read_only',
  'idle_session_timeout',
];

/** Other values that a user may give a setting. */
const otherValues = ({ name, vartype, setting, min_val, max_val, enumvals }: Setting): readonly string[] => {
  if (vartype === 'bool') return [setting === 'on' ? 'off' : 'on'];
  if (vartype === 'enum') return (enumvals ?? []).filter((value) => value !== setting);
  if (vartype === 'string') return texts[name] ?? [];
  const numbers = [min_val ?? '', '1', max_val ?? ''];
  return [...new Set(numbers)].filter(
    (value) => value !== setting && Number(value) >= Number(min_val) && Number(value) <= Number(max_val),
  );
};

describe('what another client left on a connection', () => {
  test('no setting that a user may set changes what sessions write and read, and each stays as it was', async () => {
    const { place, db, other } = await shared();
    const all = await other.query<Setting>(
      `SELECT name, vartype, setting, min_val, max_val, enumvals FROM pg_settings
        WHERE context = 'user' AND name <> ALL ($1) ORDER BY name`,
      [notTried],
    );
    const expected = await battery(db, place);
    const tried = new Set<string>();
    const refused: string[] = [];
    const changed: string[] = [];
    const undone: string[] = [];
    for (const setting of all.rows) {
      for (const value of otherValues(setting)) {
        const set = (to: string) => other.query('SELECT set_config($1, $2, false)', [setting.name, to]);
        try {
          await set(value);
        } catch {
          refused.push(`${setting.name} = ${value}`);
          continue;
        }
        tried.add(setting.name);
        const shown = async (): Promise<unknown> =>
          (await other.query(`SHOW "${setting.name}"`)).rows[0]?.[setting.name];
        const before = await shown();
        const seen = await battery(db, place).catch((error: unknown) => String(error));
        if (JSON.stringify(seen) !== JSON.stringify(expected))
          changed.push(`${setting.name} = ${value}: ${JSON.stringify(seen)}`);
        // after the SQL of the battery, which calls functions, the connection was reset
        await other.query(`SELECT set_config($1, $2, false)`, [setting.name, value]);
        await db.session(context, (s) => s.insert(notes, { client: 'a', body: 'x' })).catch(() => undefined);
        if ((await shown()) !== before) undone.push(`${setting.name} = ${value}`);
        await other.query(`SET ${setting.name} TO DEFAULT`);
      }
    }
    expect(changed).toEqual([]);
    expect(refused).toEqual([]);
    expect(undone).toEqual([]);
    expect(tried.size).toBeGreaterThan(100);
  }, 300_000);

  const poisons: readonly (readonly [name: string, sql: (place: Place) => string])[] = [
    ['an actor', () => "SELECT set_config('ashlar.actor', 'ceo', false)"],
    ['every scope', () => "SELECT set_config('ashlar.scope', '*', false)"],
    ['a token', () => "SELECT set_config('ashlar.token', 'x', false)"],
    ['a time', () => "SELECT set_config('ashlar.now', '2001-01-01', false)"],
    ['a purge', () => "SELECT set_config('ashlar.purging', 'notes', false)"],
    ['a role', ({ auditor }) => `SET ROLE ${auditor}`],
    ['a path', () => 'SET search_path = evil, pg_catalog'],
    ['a temporary table', () => 'CREATE TEMP TABLE notes (id uuid, client text, body text)'],
    ['a temporary view', () => "CREATE TEMP VIEW things AS SELECT 1 AS id, 'evil' AS body"],
    ['a cursor', () => 'DECLARE ashlar_cursor_1 CURSOR WITH HOLD FOR SELECT 1'],
    ['a channel', () => 'LISTEN noise; NOTIFY noise'],
    ['a mode', () => 'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY'],
    ['a statement', () => 'PREPARE a1 AS SELECT 1'],
  ];

  test.each(poisons.flatMap((poison) => [[...poison, true] as const, [...poison, false] as const]))(
    '%s changes nothing (%#)',
    async (_, poison, isKeyed) => {
      const { place, db, other } = await shared(isKeyed);
      await poolers.run(
        place,
        `GRANT ${place.auditor} TO ${place.app};
        CREATE SCHEMA evil;
        GRANT USAGE ON SCHEMA evil TO PUBLIC;
        CREATE TABLE evil.notes (id uuid, client text, body text);
        CREATE FUNCTION evil.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT $2 $$`,
      );
      const expected = await battery(db, place);
      await other.query(poison(place));
      expect(await battery(db, place)).toEqual(expected);
    },
  );
});
