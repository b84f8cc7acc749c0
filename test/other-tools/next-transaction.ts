import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, type Open, refusalOf } from './clients.js';
import type { Shop } from './shop.js';

const byAnn = { actor: 'user:ann', scope: '1' };
const byBob = { actor: 'user:bob', scope: '2' };

const setting = (name: string): string => `SELECT coalesce(current_setting('${name}', true), '') AS found`;
const changed = (name: string, value: string): readonly [string, readonly string[], string] => [
  name,
  [`SET ${name} = ${value}`],
  setting(name),
];

/** SQL that leaves something on its connection, and a query that shows it. */
const leaving: readonly (readonly [what: string, texts: readonly string[], shows: string])[] = [
  [
    'a temporary table in the place of a table of the tool',
    ['CREATE TEMP TABLE orders (LIKE public.orders)'],
    `SELECT coalesce(to_regclass('pg_temp.orders')::text, '') AS found`,
  ],
  [
    'a temporary type and a function',
    [
      'CREATE TYPE pg_temp.text AS (a int)',
      `CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    ],
    `SELECT count(*)::pg_catalog.text AS found FROM pg_proc WHERE pronamespace = pg_my_temp_schema()`,
  ],
  [
    'a cursor',
    ['DECLARE "Held one" CURSOR WITH HOLD FOR SELECT 1'],
    'SELECT count(*)::text AS found FROM pg_cursors WHERE is_holdable',
  ],
  [
    'a prepared statement',
    ['PREPARE "Their one" AS SELECT 1'],
    'SELECT count(*)::text AS found FROM pg_prepared_statements WHERE from_sql',
  ],
  [
    'a path behind another',
    ['SET search_path = x', 'SET LOCAL search_path = public'],
    setting('search_path'),
  ],
  ['another scope', [`SELECT set_config('ashlar.scope', '*', false)`], setting('ashlar.scope')],
  [
    'its own actor and token',
    [
      `SELECT set_config('ashlar.actor', 'user:ann', false), set_config('ashlar.token', current_setting('ashlar.token'), false)`,
    ],
    `SELECT coalesce(current_setting('ashlar.actor', true) || current_setting('ashlar.token', true), '') AS found`,
  ],
  ['a time of its own', [`SELECT set_config('ashlar.now', '2020-01-01', false)`], setting('ashlar.now')],
  changed('search_path', 'pg_temp, public'),
  changed('TimeZone', `'Asia/Tokyo'`),
  changed('DateStyle', `'SQL, DMY'`),
  changed('bytea_output', 'escape'),
  changed('transform_null_equals', 'on'),
  changed('backslash_quote', 'on'),
  changed('row_security', 'off'),
  changed('synchronous_commit', 'off'),
  changed('statement_timeout', '100000'),
  [
    'the kind of later transactions',
    ['SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY'],
    `SELECT current_setting('default_transaction_isolation') || current_setting('default_transaction_read_only') AS found`,
  ],
];

/** Tests that nothing of a transaction of `guarded` reaches the next one of its connection, for one client. */
export function describeNextTransaction(shop: () => Shop, open: Open): void {
  describe('the next transaction of the connection', () => {
    let client: Client;
    beforeAll(async () => {
      client = await open(shop().urls.app, { scopeKey: shop().scopeKey }, 1);
    });
    afterAll(() => client?.close());

    test('finds nothing that SQL has left', async () => {
      for (const [what, texts, shows] of leaving) {
        const before = await client.sqlOutside(shows);
        await client.sql(byAnn, ...texts);
        expect(await client.sqlOutside(shows), what).toEqual(before);
      }
      // a rollback keeps it
      await expect(client.sql(byAnn, 'PREPARE theirs AS SELECT 1', 'SELECT 1 / 0')).rejects.toThrow();
      expect(
        await client.sql(byBob, 'SELECT count(*)::text AS n FROM pg_prepared_statements WHERE from_sql'),
      ).toEqual([{ n: '0' }]);
      expect(
        await client.sql(
          byAnn,
          'CREATE TEMP TABLE mine ON COMMIT DROP AS SELECT 1 AS a',
          'SELECT a FROM mine',
        ),
      ).toEqual([{ a: 1 }]);
    });

    test('keeps what the program itself had on the connection', async () => {
      await client.sqlOutside('CREATE TEMP TABLE mine AS SELECT 7 AS a');
      await client.sqlOutside(`SET TimeZone = 'Asia/Tokyo'`);
      await client.sql(byAnn, `SET TimeZone = 'UTC'`);
      await expect(client.sql(byAnn, 'CREATE TEMP TABLE other (a int)')).rejects.toMatchObject({
        code: 'usage',
      });
      expect(await client.sql(byAnn, 'SELECT a FROM mine')).toEqual([{ a: 7 }]);
      expect(await client.sqlOutside(setting('TimeZone'))).toEqual([{ found: 'Asia/Tokyo' }]);
      await client.sqlOutside('RESET TimeZone');
      await client.sqlOutside('DISCARD TEMP');
    });

    test('is the owner’s again over a connection of the owner', async () => {
      const { urls, scopeKey, roles } = shop();
      const owner = await open(urls.owner, { scopeKey, appRole: roles.app }, 1);
      const user = await owner.sqlOutside('SELECT current_user::text AS is');
      for (const role of [roles.app, 'none']) {
        await owner.sql(byAnn, `SELECT set_config('role', '${role}', false)`);
        expect(await owner.sqlOutside('SELECT current_user::text AS is')).toEqual(user);
      }
      await owner.close();
    });

    test('gets no statement by the object of the one before', async () => {
      for (const send of await client.late(byAnn, 'SELECT 1 AS one'))
        expect(await refusalOf((async () => send())())).toMatch(/had ended|already|closed/);
      expect(await client.notes(byBob)).not.toContain('late');
    });

    test('is not needed to end one: work that commits or rolls back itself is no success', async () => {
      for (const text of ['COMMIT', 'ROLLBACK'])
        await expect(client.sql(byAnn, text), text).rejects.toMatchObject({ code: 'session-aborted' });
      for (const text of ['COMMIT', 'ROLLBACK'])
        await expect(client.sql(byAnn, text, 'BEGIN'), text).rejects.toThrow();
      await client.sql(byBob, 'SELECT 1');
    });

    test('no error has the actor or the signed token', async () => {
      const { read, roles } = shop();
      const secret = { actor: 'user:secret', scope: '1' };
      await client.sql(secret, 'SELECT 1');
      const errors = [await client.swallowing(secret).catch((error: unknown) => error)];
      await read(`REVOKE EXECUTE ON FUNCTION ashlar.ashlar_context(name) FROM ${roles.app}`);
      errors.push(await client.sql(secret, 'SELECT 1').catch((error: unknown) => error));
      await read(`GRANT EXECUTE ON FUNCTION ashlar.ashlar_context(name) TO ${roles.app}`);
      expect(errors).toMatchObject([{ code: 'session-aborted' }, { code: 'privilege-missing' }]);
      const text = inspect(errors, { depth: 12, showHidden: true });
      expect(text).not.toContain('user:secret');
      expect(text).not.toMatch(/[0-9a-f]{64}/);
      await client.sql(secret, 'SELECT 1');
    });
  });
}
