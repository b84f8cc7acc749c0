import { id, references, table } from 'ashlar';
import { audited, auditTrail, scoped } from 'ashlar/guarantees';
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { contextKey, sign } from '../../src/engines/postgres/session/context-key.js';
import { type Keyed, openKeyed } from './keyed-setup.js';

const changes = auditTrail('changes', (c) => [scoped(c.scope)]);
const notes = table('notes', { id: id(), client: z.string(), body: z.string() }, (c) => [
  scoped(c.client),
  audited({ into: changes }),
]);
const pages = table('pages', { id: id(), client: z.string(), note_id: z.uuid(), body: z.string() }, (c) => [
  scoped(c.client),
  references(c.note_id, notes.columns.id, { onDelete: 'cascade' }),
  audited({ into: changes }),
]);
const tables = { changes, notes, pages };

const own = { actor: 'user:ann', scope: 'ann' };
/** It is in each text of a row that the session must not see. */
const mark = 'SECRET';

const oneOf = (...texts: string[]) => fc.constantFrom(...texts);
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

const settings = fc.oneof(
  fc.record({
    name: oneOf('scope', 'actor', 'token').map((name) => `ashlar.${name}`),
    value: oneOf(
      '*',
      'bob',
      'zoe',
      'ann',
      '',
      'user:ceo',
      'owner',
      '1.1.00',
      `2.9999999999999.${'a'.repeat(64)}`,
    ),
  }),
  fc.record({
    name: fc.constant('search_path'),
    value: oneOf('pg_temp, data', 'pg_temp', 'public, data', 'data, pg_temp', 'pg_catalog, data'),
  }),
  fc.record({
    name: oneOf('row_security', 'enable_seqscan', 'enable_indexscan', 'transform_null_equals'),
    value: oneOf('on', 'off'),
  }),
  fc.record({
    name: fc.constant('plan_cache_mode'),
    value: oneOf('force_generic_plan', 'force_custom_plan', 'auto'),
  }),
  fc.record({ name: fc.constant('extra_float_digits'), value: oneOf('0', '-15', '3') }),
  fc.record({ name: fc.constant('bytea_output'), value: oneOf('escape', 'hex') }),
  fc.record({ name: fc.constant('role'), value: oneOf('none') }),
);

/** An expression that changes a setting while a statement runs. */
const change = fc
  .tuple(settings, fc.boolean())
  .map(([{ name, value }, local]) => `set_config(${quoted(name)}, ${quoted(value)}, ${local})`);

const scopedName = oneOf('notes', 'pages', 'changes', 'data.notes', 'data.pages');
const condition = fc.oneof(
  oneOf('true', `body LIKE '%${mark}%'`, "id::text > '0'", 'random() > 0.2'),
  change.map((text) => `(${text}) IS NOT NULL`),
);

const read = fc.oneof(
  fc
    .tuple(scopedName, oneOf('true', "t::text LIKE '%e%'"))
    .map(([name, where]) => `SELECT t::text FROM ${name} AS t WHERE ${where}`),
  fc.tuple(change, scopedName).map(([text, name]) => `SELECT t::text, ${text} FROM ${name} AS t`),
  fc
    .tuple(change, scopedName)
    .map(([text, name]) => `SELECT t::text FROM (SELECT ${text} OFFSET 0) AS s, ${name} AS t`),
  fc
    .tuple(change, scopedName, change)
    .map(
      ([text, name, other]) =>
        `SELECT t::text FROM generate_series(1, 3) AS g, LATERAL (SELECT ${text}, ${other}, g OFFSET 0) AS s, LATERAL (SELECT * FROM ${name} WHERE g > 0 OFFSET 0) AS t`,
    ),
  fc
    .tuple(change, scopedName)
    .map(([text, name]) => `WITH s AS MATERIALIZED (SELECT ${text}) SELECT t::text FROM ${name} AS t, s`),
  fc
    .tuple(scopedName, change)
    .map(
      ([name, text]) =>
        `SELECT query_to_xml(${quoted(`SELECT ${text}, t::text FROM ${name} AS t`)}, true, true, '')::text`,
    ),
  condition.map(
    (where) =>
      `SELECT n::text, p::text FROM notes AS n FULL JOIN (SELECT * FROM pages WHERE ${where}) AS p ON p.note_id = n.id`,
  ),
  fc.constant("SELECT string_agg(t::text, ',') FROM (TABLE notes) AS t"),
  fc.constant("SELECT * FROM ashlar_context('postgres')"),
);

const write = fc.oneof(
  fc
    .tuple(oneOf('ann', 'bob', '*', 'zoe'), change)
    .map(
      ([client, text]) =>
        `INSERT INTO notes (id, client, body) SELECT gen_random_uuid(), ${quoted(client)}, 'x' || (${text} IS NULL)::text RETURNING client`,
    ),
  fc
    .tuple(condition, change)
    .map(
      ([where, text]) =>
        `UPDATE notes SET body = 'y' || (${text} IS NULL)::text WHERE ${where} RETURNING client`,
    ),
  condition.map((where) => `UPDATE notes SET client = 'bob' WHERE ${where}`),
  condition.map((where) => `DELETE FROM pages WHERE ${where} RETURNING client`),
  fc.constant("DELETE FROM notes WHERE body LIKE 'x%' RETURNING client"),
  change.map(
    (text) =>
      `WITH w AS (UPDATE pages SET body = 'z' RETURNING id), s AS (SELECT ${text}) SELECT count(*)::text FROM w, s`,
  ),
  fc.constant(
    "INSERT INTO changes (actor, role, table_name, operation, row_key) VALUES ('user:ceo', 'x', 'notes', 'insert', '{}')",
  ),
);

const set = fc
  .tuple(oneOf('SET', 'SET LOCAL', 'SET SESSION'), settings)
  .map(([how, { name, value }]) => `${how} ${name} = ${name === 'search_path' ? value : quoted(value)}`);

const statement: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: read },
  { weight: 3, arbitrary: write },
  { weight: 2, arbitrary: set },
  { weight: 2, arbitrary: change.map((text) => `SELECT ${text}`) },
  fc
    .tuple(change, fc.oneof(read, write))
    .map(
      ([text, inner]) =>
        `DO $do$ DECLARE r record; BEGIN PERFORM ${text}; FOR r IN EXECUTE ${quoted(inner)} LOOP RAISE NOTICE '%', r; END LOOP; END $do$`,
    ),
  fc.oneof(read, write).map((inner) => `PREPARE kept AS ${inner}`),
  fc.constantFrom(
    'EXECUTE kept',
    'DEALLOCATE kept',
    'FETCH 5 FROM kept',
    'CLOSE kept',
    'RESET ALL',
    'DISCARD TEMP',
    'RESET ashlar.token',
  ),
  read.map((inner) => `DECLARE kept CURSOR FOR ${inner}`),
  read.map((inner) => `DECLARE held CURSOR WITH HOLD FOR ${inner}`),
  fc.constantFrom(
    'CREATE TEMP TABLE notes (id uuid, client text, body text)',
    'CREATE TEMP TABLE ashlar_context_keys (id int, inner_pad bytea, outer_pad bytea)',
    'CREATE TEMP TABLE ashlar_every_scope (reader int)',
    "CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$SELECT ''::bytea$$",
    "CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE sql AS $$SELECT 'epoch'::timestamptz$$",
    "CREATE FUNCTION pg_temp.ashlar_context(name, OUT actor text, OUT scope text, OUT sees text) LANGUAGE sql AS $$SELECT '*', '*', '*'$$",
    'CREATE TEMP VIEW everything AS SELECT * FROM data.notes',
    'SELECT e::text FROM pg_temp.everything AS e',
    'CREATE TRIGGER forged AFTER INSERT ON pg_temp.notes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION data.notes_audited()',
    'COPY (SELECT t::text FROM data.notes AS t) TO STDOUT',
    'SET SESSION AUTHORIZATION DEFAULT',
    'DELETE FROM ashlar_context_keys',
    'GRANT SELECT ON ashlar_every_scope TO PUBLIC',
    'ALTER TABLE data.notes DISABLE ROW LEVEL SECURITY',
  ),
);

describe('SQL of the application’s role, with the signed context of one scope', () => {
  let keyed: Keyed<typeof tables>;
  let client: pg.Client;
  const said: string[] = [];
  beforeAll(async () => {
    keyed = await openKeyed(tables);
    for (const scope of ['ann', 'bob', 'zoe'])
      await keyed.db.session({ actor: `user:${scope}`, scope }, async (s) => {
        for (let at = 0; at < 5; at++) {
          const body = scope === 'ann' ? 'own' : mark;
          const note = await s.insert(notes, { client: scope, body });
          await s.insert(pages, { client: scope, note_id: note.id, body });
        }
      });
    client = await keyed.plain('app');
    client.on('notice', ({ message = '' }) => said.push(message));
  });
  afterAll(() => keyed.close());

  const asOwner = (sql: string) => keyed.owner.asOwner((owner) => owner.run(sql));
  const others = async () =>
    JSON.stringify(
      await asOwner(
        "SELECT 'n' AS t, id, client, body FROM notes WHERE client <> 'ann' UNION ALL SELECT 'p', id, client, body FROM pages WHERE client <> 'ann' ORDER BY 1, 2",
      ),
    );

  test('never returns a row of another scope, changes one, or writes another name', async () => {
    const [key] = await asOwner('SELECT id, identity::text AS identity FROM ashlar_context_keys');
    const signer = { id: Number(key?.id), key: contextKey(keyed.scopeKey, String(key?.identity)) };
    const before = await others();
    const [last] = await asOwner('SELECT max(id) AS id FROM changes');
    let tried = 0;
    let ran = 0;
    const attempt = async (text: string): Promise<void> => {
      tried++;
      try {
        const results = await client.query({ text, rowMode: 'array' });
        ran++;
        said.push(JSON.stringify(results.rows));
      } catch (error) {
        const { message, detail = '', where = '' } = error as pg.DatabaseError;
        said.push(message, detail, where.replaceAll(/SQL statement ".*"/gs, ''));
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.array(statement, { minLength: 20, maxLength: 20 }), async (texts) => {
        said.length = 0;
        await client.query('RESET ALL; SET search_path = data, pg_temp; BEGIN');
        await client.query(
          "SELECT set_config('ashlar.actor', $1, true), set_config('ashlar.scope', $2, true), set_config('ashlar.token', $3, true)",
          [own.actor, own.scope, sign(signer, own, Date.now())],
        );
        for (const text of texts) {
          await client.query('SAVEPOINT each_one');
          await attempt(text);
          const { rows } = await client.query('SELECT 1').catch(() => ({ rows: [] }));
          if (rows.length === 0) await client.query('ROLLBACK TO SAVEPOINT each_one');
        }
        await client.query('COMMIT').catch(() => client.query('ROLLBACK'));
        // what is left on the connection sees nothing either, without a context
        for (const text of [
          'FETCH ALL FROM held',
          'SELECT t::text FROM data.notes AS t',
          'EXECUTE kept',
          'DEALLOCATE ALL',
          'CLOSE ALL',
        ])
          await attempt(text);
        expect(said.filter((text) => text.includes(mark))).toEqual([]);
      }),
      { numRuns: 500, endOnFailure: true },
    );
    expect(tried).toBeGreaterThanOrEqual(10_000);
    // most of them do something
    expect(ran).toBeGreaterThan(tried / 4);
    expect(await others()).toBe(before);
    expect(
      await asOwner(
        `SELECT DISTINCT actor, scope FROM changes WHERE id > ${Number(last?.id)} AND role <> current_user`,
      ),
    ).toEqual([{ actor: own.actor, scope: own.scope }]);
  });
});
