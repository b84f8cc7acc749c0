import { AshlarError, type Database } from 'ashlar';
import { sql } from 'ashlar/query';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Place, Poolers, type tables, things } from './pooler-setup.js';

type Shop = Database<typeof tables>;

let poolers: Poolers;
beforeAll(async () => {
  poolers = await Poolers.start();
});
afterAll(() => poolers.stop());
afterEach(() => poolers.end());

const context = { actor: 'ann', scope: 'a' };
const values = { size: null, at: null, data: null };

/** Whether the connection of the application goes through a pooler in transaction mode, and how it is opened. */
const ways = ['through a pooler', 'to the server'] as const;

const opened = async (way: (typeof ways)[number], place: Place, size = 3) => {
  const pooler = await poolers.pooler({
    mode: 'transaction',
    settings: [`default_pool_size = ${size}`, 'server_login_retry = 1'],
  });
  const url = way === 'to the server' ? poolers.direct(place, place.app) : poolers.url(pooler, place);
  return { pooler, db: await poolers.open(url, place, { connections: size }) };
};

const codeOf = (error: unknown): string => (error instanceof AshlarError ? error.code : String(error));

/** Runs a session that inserts one row, and says what the session reported. */
const inserting = async (db: Shop, body: string, lasting: boolean): Promise<string> => {
  try {
    await db.session(context, async (s) => {
      await s.insert(things, { body, ...values });
      if (lasting) await sql`SELECT pg_advisory_unlock(1)`.execute(s.query);
    });
    return 'committed';
  } catch (error) {
    return codeOf(error);
  }
};

/** Compares what sessions reported with the rows that are there. */
const compare = async (place: Place, reported: ReadonlyMap<string, string>): Promise<void> => {
  const rows = await poolers.run(place, 'SELECT body FROM things');
  const there = new Set(rows.map(({ body }) => String(body)));
  const wrong = [...reported].filter(
    ([body, outcome]) => outcome !== 'outcome-unknown' && there.has(body) !== (outcome === 'committed'),
  );
  expect(wrong).toEqual([]);
};

describe('what a session reports is what was committed', () => {
  test('where another client left a limit of a millisecond and 2,000 temporary tables', async () => {
    const place = await poolers.place();
    const { pooler, db } = await opened('through a pooler', place, 1);
    await poolers.run(place, `GRANT TEMPORARY ON DATABASE ${place.database} TO ${place.app}`);
    const other = await poolers.client(pooler, place);
    const reported = new Map<string, string>();
    for (let n = 0; n < 8; n++) {
      await other.query('RESET statement_timeout');
      await other.query(
        "DO $$BEGIN FOR i IN 1..500 LOOP EXECUTE 'CREATE TEMP TABLE IF NOT EXISTS t'||i||'()'; END LOOP; END$$",
      );
      await other.query(`SET statement_timeout = ${n + 1}`);
      reported.set(`row ${n}`, await inserting(db, `row ${n}`, true));
    }
    await compare(place, reported);
  });

  test.each(ways)('where statements are cancelled all the time, %s', async (way) => {
    const place = await poolers.place();
    const { db } = await opened(way, place);
    const reported = new Map<string, string>();
    let isOver = false;
    const cancelling = (async () => {
      while (!isOver)
        await poolers.server.run(
          `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = '${place.app}' AND state <> 'idle'`,
        );
    })();
    await Promise.all(
      Array.from({ length: 6 }, async (_, at) => {
        for (let n = 0; n < 60; n++) {
          const body = `${at}, ${n}`;
          reported.set(body, await inserting(db, body, n % 2 === 0));
        }
      }),
    );
    isOver = true;
    await cancelling;
    await compare(place, reported);
    expect(new Set(reported.values())).toContain('committed');
    expect(new Set(reported.values())).toContain('session-cancelled');
  });
});

/** A value that the role may give a setting, other than the right one. */
const others: Readonly<Record<string, string>> = {
  array_nulls: 'off',
  exit_on_error: 'on',
  gin_fuzzy_search_limit: '1',
  quote_all_identifiers: 'on',
  row_security: 'off',
  timezone_abbreviations: "'Australia'",
  transform_null_equals: 'on',
  xmlbinary: 'hex',
  xmloption: 'document',
  default_text_search_config: "'pg_catalog.german'",
  lc_monetary: "'POSIX'",
  lc_numeric: "'POSIX'",
  lc_time: "'POSIX'",
  synchronous_commit: 'remote_write',
  search_path: 'pg_catalog',
  DateStyle: "'German'",
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  default_transaction_read_only: 'on',
};

describe.each(ways)('settings that the role has given itself, %s', (way) => {
  const seen = async (place: Place): Promise<Readonly<Record<string, unknown>>> => {
    const { db } = await opened(way, place, 1);
    const names = Object.keys(others).filter((name) => name !== 'default_transaction_read_only');
    const list = names.map((name) => `current_setting('${name}') AS "${name}"`).join(', ');
    const read = () =>
      db.session(context, (s) => sql.raw<Record<string, unknown>>(`SELECT ${list}`).execute(s.query));
    const first = await read();
    // the first session called a function, so that its connection was reset
    const second = await read();
    expect(second.rows).toEqual(first.rows);
    return first.rows[0] ?? {};
  };

  test('change nothing: the value is that of the database, or PostgreSQL’s own', async () => {
    const [plain, odd] = [await poolers.place(), await poolers.place()];
    for (const [name, value] of Object.entries(others))
      await poolers.server.run(`ALTER ROLE ${odd.app} SET ${name} = ${value}`);
    const [expected, found] = [await seen(plain), await seen(odd)];
    expect(found).toEqual({
      ...expected,
      // the value of the server's configuration is not known behind that of the role
      default_text_search_config: 'pg_catalog.simple',
      lc_monetary: 'C',
      lc_numeric: 'C',
      lc_time: 'C',
      synchronous_commit: 'on',
    });
    await poolers.server.run(`ALTER DATABASE ${odd.database} SET synchronous_commit = local`);
    await poolers.server.run(
      `ALTER DATABASE ${odd.database} SET default_text_search_config = 'pg_catalog.english'`,
    );
    expect(await seen(odd)).toMatchObject({
      synchronous_commit: 'local',
      default_text_search_config: 'pg_catalog.english',
    });
  });

  test('change nothing on connections that it opens later, nor on those that are left from before', async () => {
    const place = await poolers.place();
    const before = await seen(place);
    const { db, pooler } = await opened(way, place, 1);
    await poolers.server.run(`ALTER ROLE ${place.app} SET synchronous_commit = remote_write`);
    await poolers.server.run(`ALTER ROLE ${place.app} SET row_security = off`);
    const left = await poolers.client(pooler, place);
    await left.query('SELECT 1');
    await poolers.server.run(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${place.app}' AND backend_start < now() - interval '0.1 s'`,
    );
    const now = () =>
      db.session(context, (s) =>
        sql<Record<string, unknown>>`SELECT current_setting('synchronous_commit') AS synchronous_commit,
          current_setting('row_security') AS row_security`.execute(s.query),
      );
    const { rows } = await now();
    expect(rows[0]).toEqual({ synchronous_commit: before.synchronous_commit, row_security: 'on' });
    await poolers.server.run(`ALTER ROLE ${place.app} RESET ALL`);
    // a connection that the pooler opened while the role had a value still returns to it
    expect((await seen(place)).row_security).toBe('on');
  });
});
