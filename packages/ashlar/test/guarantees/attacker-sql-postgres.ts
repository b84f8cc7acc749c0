import fc from 'fast-check';

/** What the generator of an attacker's statements may name: roles, and tokens that must not help. */
export interface Reach {
  /** Roles that the attacker would like to be. */
  readonly roles: readonly string[];
  /** Tokens that sign another context, were signed with another key, or are too old. */
  readonly tokens: readonly string[];
}

const oneOf = (...texts: readonly string[]) => fc.constantFrom(...texts);
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** The scopes of a test, of which the attacker has `ann`. */
export const scopes = ['ann', 'bob', 'zoe'] as const;
/** The text in each row of the other scopes. Conditions of the attacker match its first word. */
export const secret = 'SECRET of another';

interface Setting {
  readonly name: string;
  readonly value: string;
}

const settingsOf = ({ roles, tokens }: Reach): fc.Arbitrary<Setting> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        name: oneOf('ashlar.scope', 'ashlar.actor'),
        value: oneOf('*', 'bob', 'zoe', 'ann', '', 'user:ceo', 'user:bob', 'owner'),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ name: fc.constant('ashlar.token'), value: oneOf('', ...tokens) }),
    },
    fc.record({
      name: fc.constant('search_path'),
      value: oneOf('pg_temp, data', 'pg_temp', 'public, data', 'data, pg_temp', 'pg_temp, pg_catalog, data'),
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
    fc.record({ name: fc.constant('timezone'), value: oneOf('UTC', 'Asia/Tokyo') }),
    fc.record({
      name: oneOf('check_function_bodies', 'standard_conforming_strings'),
      value: oneOf('on', 'off'),
    }),
    fc.record({ name: fc.constant('session_replication_role'), value: oneOf('replica', 'origin') }),
    // where there is one user, everybody can be the owner
    ...(roles.length === 0
      ? []
      : [
          fc.record({ name: fc.constant('role'), value: oneOf('none', ...roles) }),
          fc.record({ name: fc.constant('session_authorization'), value: oneOf('default', ...roles) }),
        ]),
  );

const scopedName = oneOf('notes', 'pages', 'changes', 'data.notes', 'data.pages', 'data.changes');

const readsOf = (change: fc.Arbitrary<string>, condition: fc.Arbitrary<string>): fc.Arbitrary<string> => {
  // each place of a SELECT at which an expression is evaluated before, while or after rows are read
  const shapes: readonly ((name: string, first: string, second: string) => string)[] = [
    (name, first) => `SELECT t::text, ${first} FROM ${name} AS t`,
    (name, first) => `SELECT ${first}, t::text FROM ${name} AS t ORDER BY ${first}, 2`,
    (name, first) => `SELECT t::text FROM (SELECT ${first} OFFSET 0) AS s, ${name} AS t`,
    (name, first) => `SELECT t::text FROM ${name} AS t, (SELECT ${first} OFFSET 0) AS s`,
    (name, first, second) =>
      `SELECT t::text FROM generate_series(1, 3) AS g, LATERAL (SELECT ${first}, ${second}, g OFFSET 0) AS s, LATERAL (SELECT * FROM ${name} WHERE g > 0 OFFSET 0) AS t`,
    (name, first) => `SELECT t::text FROM ${name} AS t WHERE (${first}) IS NOT NULL`,
    (name, first) => `SELECT t::text FROM ${name} AS t WHERE (SELECT ${first}) IS NOT NULL`,
    (name, first) => `SELECT t::text FROM ${name} AS t ORDER BY ${first}`,
    (name, first) => `SELECT max(t::text), ${first} FROM ${name} AS t GROUP BY ${first}`,
    (name, first) => `SELECT count(*), max(t::text) FROM ${name} AS t HAVING (${first}) IS NOT NULL`,
    (name, first) => `SELECT t::text, count(*) OVER (PARTITION BY ${first}) FROM ${name} AS t`,
    (name, first) => `SELECT t::text FROM ${name} AS t LIMIT (SELECT 5 + length(${first}))`,
    (name, first) => `SELECT DISTINCT ON (${first}) t::text FROM ${name} AS t`,
    (name, first) =>
      `SELECT CASE WHEN (${first}) IS NULL THEN '' ELSE (SELECT string_agg(t::text, ',') FROM ${name} AS t) END`,
    (name, first, second) =>
      `SELECT ${first}, (SELECT string_agg(t::text, ',') FROM ${name} AS t), ${second}`,
    (name, first) => `WITH s AS MATERIALIZED (SELECT ${first}) SELECT t::text FROM ${name} AS t, s`,
    (name, first) =>
      `WITH RECURSIVE s (n, x) AS (SELECT 1, ${first} UNION ALL SELECT n + 1, ${first} FROM s WHERE n < 3) SELECT t::text FROM s, LATERAL (SELECT * FROM ${name} OFFSET 0) AS t`,
    (name, first, second) =>
      `VALUES (${first}, (SELECT max(t::text) FROM ${name} AS t)), (${second}, (SELECT min(t::text) FROM ${name} AS t))`,
    (name, first) => `SELECT ${first} UNION ALL SELECT t::text FROM ${name} AS t`,
    (name, first) =>
      `(SELECT t::text FROM ${name} AS t) INTERSECT (SELECT u::text FROM ${name} AS u, (SELECT ${first}) AS s)`,
    (name, first) =>
      `SELECT query_to_xml(${quoted(`SELECT ${first}, t::text FROM ${name} AS t`)}, true, true, '')::text`,
    (name) => `SELECT table_to_xml(${quoted(name)}::regclass, true, true, '')::text`,
    (name, first) =>
      `SELECT t::text FROM ${name} AS t TABLESAMPLE BERNOULLI (100) WHERE (${first}) IS NOT NULL`,
    (name, first) =>
      `SELECT t::text FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY[${first}])) AS s, ${name} AS t`,
    (name, first) => `EXPLAIN (ANALYZE, VERBOSE, TIMING off) SELECT t::text, ${first} FROM ${name} AS t`,
    (name, first) => `COPY (SELECT t::text, ${first} FROM ${name} AS t) TO STDOUT`,
    (name) => `COPY (TABLE ${name}) TO STDOUT`,
    (name, first) => `SELECT t::text, ${first} FROM ${name} AS t FOR UPDATE`,
    // errors tell values, too
    (name, first) => `SELECT (t::text || ${first})::integer FROM ${name} AS t`,
  ];
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(fc.constantFrom(...shapes), scopedName, change, change)
        .map(([shape, ...parts]) => shape(...parts)),
    },
    condition.map(
      (where) =>
        `SELECT n::text, p::text FROM notes AS n FULL JOIN (SELECT * FROM pages WHERE ${where}) AS p ON p.note_id = n.id`,
    ),
    fc
      .tuple(scopedName, condition)
      .map(
        ([name, where]) => `SELECT t::text FROM ${name} AS t WHERE ${where.replaceAll('body', 't::text')}`,
      ),
    fc.constant("SELECT string_agg(t::text, ',') FROM (TABLE notes) AS t"),
    fc.constant('SELECT * FROM ashlar_context((SELECT rolname FROM pg_roles WHERE rolsuper LIMIT 1))'),
    fc.constant(
      "SELECT t::text FROM data.notes AS t, ashlar_context((SELECT nspowner::regrole::name FROM pg_namespace WHERE nspname = 'data')) AS c WHERE c.sees = '*'",
    ),
    fc.constant('SELECT ashlar_signing()::text'),
    fc.constant('SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats'),
  );
};

const writesOf = (change: fc.Arbitrary<string>, condition: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    fc
      .tuple(oneOf('ann', 'bob', '*', 'zoe'), change)
      .map(
        ([client, text]) =>
          `INSERT INTO notes (id, client, body) SELECT gen_random_uuid(), ${quoted(client)}, 'x' || (${text} IS NULL)::text RETURNING client, body`,
      ),
    fc
      .tuple(oneOf('ann', 'bob'), change)
      .map(
        ([client, text]) =>
          `INSERT INTO data.notes (id, client, body) SELECT id, ${quoted(client)}, 'x' FROM data.notes ON CONFLICT (id) DO UPDATE SET body = notes.body || (${text} IS NULL)::text RETURNING notes::text`,
      ),
    fc
      .tuple(condition, change)
      .map(
        ([where, text]) =>
          `UPDATE notes SET body = 'y' || (${text} IS NULL)::text WHERE ${where} RETURNING notes::text, ${text}`,
      ),
    condition.map((where) => `UPDATE data.notes SET client = 'bob' WHERE ${where}`),
    condition.map((where) => `DELETE FROM pages WHERE ${where} RETURNING pages::text`),
    change.map((text) => `DELETE FROM data.notes WHERE body LIKE 'x%' RETURNING notes::text, ${text}`),
    fc
      .tuple(scopedName, change)
      .map(
        ([name, text]) =>
          `MERGE INTO data.notes AS n USING (SELECT t::text AS body, ${text} AS s FROM ${name} AS t) AS o ON n.body = o.body WHEN MATCHED THEN UPDATE SET body = 'm'`,
      ),
    change.map(
      (text) =>
        `WITH w AS (UPDATE pages SET body = 'z' RETURNING id), s AS (SELECT ${text}) SELECT count(*)::text FROM w, s`,
    ),
    change.map(
      (text) =>
        `WITH s AS (SELECT ${text} AS x), w AS (INSERT INTO data.notes (id, client, body) SELECT gen_random_uuid(), 'ann', s.x FROM s RETURNING notes::text) TABLE w`,
    ),
    fc.constant(
      "INSERT INTO changes (actor, role, table_name, operation, row_key) VALUES ('user:ceo', 'x', 'notes', 'insert', '{}')",
    ),
    fc.constant("UPDATE changes SET actor = 'user:ceo'"),
    fc.constant('DELETE FROM changes'),
  );

/** Objects in the temporary schema, each of which hides or imitates another, and what uses them. */
const shadows: readonly string[] = [
  'CREATE TEMP TABLE notes (id uuid, client text, body text)',
  'CREATE TEMP TABLE forging (LIKE data.notes)',
  'CREATE TEMP TABLE changes (LIKE data.changes)',
  'CREATE TEMP TABLE ashlar_context_keys (id int, inner_pad bytea, outer_pad bytea)',
  'CREATE TEMP TABLE ashlar_every_scope (reader int)',
  'CREATE TEMP TABLE copied AS SELECT * FROM data.notes',
  'SELECT c::text FROM pg_temp.copied AS c',
  "CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$SELECT ''::bytea$$",
  "CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE sql AS $$SELECT 'epoch'::timestamptz$$",
  "CREATE FUNCTION pg_temp.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$SELECT '*'$$",
  'CREATE FUNCTION pg_temp.pg_has_role(name, name, text) RETURNS boolean LANGUAGE sql AS $$SELECT true$$',
  "CREATE FUNCTION pg_temp.ashlar_context(name, OUT actor text, OUT scope text, OUT sees text) LANGUAGE sql AS $$SELECT '*', '*', '*'$$",
  "CREATE FUNCTION pg_temp.ashlar_range_text_low(name) RETURNS text LANGUAGE sql AS $$SELECT ''$$",
  'CREATE FUNCTION pg_temp.always(text, text) RETURNS boolean LANGUAGE sql AS $$SELECT true$$',
  'CREATE OPERATOR pg_temp.= (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.always)',
  'CREATE OPERATOR pg_temp.>= (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.always)',
  'CREATE OPERATOR pg_temp.<= (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.always)',
  'CREATE TYPE pg_temp.seen AS (actor text, scope text)',
  'CREATE DOMAIN pg_temp.text AS pg_catalog.text',
  "CREATE FUNCTION pg_temp.told(data.notes) RETURNS text LANGUAGE plpgsql COST 0.0001 AS $$BEGIN RAISE NOTICE '%', $1; RETURN $1::text; END$$",
  'SELECT pg_temp.told(n) FROM data.notes AS n',
  'SELECT n.client FROM data.notes AS n WHERE pg_temp.told(n) IS NOT NULL',
  'CREATE CAST (data.notes AS pg_temp.seen) WITH INOUT AS IMPLICIT',
  'CREATE CAST (integer AS text) WITH INOUT AS IMPLICIT',
  'CREATE TEMP VIEW everything AS SELECT * FROM data.notes',
  'CREATE TEMP VIEW everything_mine WITH (security_barrier = false) AS SELECT p.* FROM data.pages AS p',
  'SELECT e::text FROM pg_temp.everything AS e',
  'UPDATE pg_temp.everything SET body = body RETURNING body',
  'CREATE RULE telling AS ON INSERT TO pg_temp.notes DO ALSO SELECT n::text FROM data.notes AS n',
  "INSERT INTO pg_temp.notes VALUES (gen_random_uuid(), 'bob', 'x')",
  "INSERT INTO pg_temp.forging VALUES (gen_random_uuid(), 'bob', 'x') RETURNING forging::text",
  'CREATE TRIGGER forged AFTER INSERT ON pg_temp.notes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION data.notes_audited()',
  'CREATE TRIGGER forged AFTER INSERT ON pg_temp.forging REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION data.notes_audited()',
  'CREATE POLICY mine ON data.notes USING (true)',
];

const grabs: readonly string[] = [
  'DELETE FROM data.ashlar_context_keys',
  'SELECT k::text FROM data.ashlar_context_keys AS k',
  'COPY data.ashlar_context_keys TO STDOUT',
  'INSERT INTO data.ashlar_every_scope DEFAULT VALUES',
  'GRANT SELECT ON data.ashlar_every_scope TO PUBLIC',
  'ALTER TABLE data.notes DISABLE ROW LEVEL SECURITY',
  'ALTER TABLE data.notes DISABLE TRIGGER ALL',
  'CREATE TABLE data.mine AS TABLE data.notes',
  "CREATE OR REPLACE FUNCTION data.ashlar_context(as_role name, OUT actor text, OUT scope text, OUT sees text) LANGUAGE sql AS $$SELECT '*', '*', '*'$$",
  'ALTER FUNCTION data.ashlar_context(name) SECURITY INVOKER',
  'LOCK TABLE data.ashlar_context_keys IN ACCESS EXCLUSIVE MODE',
];

/** Statements that an attacker sends on a connection of the application's role. They may fail; none may help. */
export function attackerSql(reach: Reach): fc.Arbitrary<string> {
  const settings = settingsOf(reach);
  const change = fc
    .tuple(settings, fc.boolean())
    .map(([{ name, value }, local]) => `set_config(${quoted(name)}, ${quoted(value)}, ${local})`);
  const condition = fc.oneof(
    oneOf('true', "body LIKE 'SECRET%'", "body > '0'", 'random() > 0.2'),
    change.map((text) => `(${text}) IS NOT NULL`),
  );
  const read = readsOf(change, condition);
  const write = writesOf(change, condition);
  const either = fc.oneof(read, write);
  const plain = fc
    .tuple(scopedName, oneOf('true', "t::text LIKE '%e%'"))
    .map(([name, where]) => `SELECT t::text FROM ${name} AS t WHERE ${where}`);
  const set = fc
    .tuple(oneOf('SET', 'SET LOCAL', 'SET SESSION'), settings)
    .map(([how, { name, value }]) => `${how} ${name} = ${name === 'search_path' ? value : quoted(value)}`);
  const loop = (inner: string) => `FOR r IN EXECUTE ${quoted(inner)} LOOP RAISE NOTICE '%', r; END LOOP;`;
  const block = fc.oneof(
    fc
      .tuple(change, either)
      .map(([text, inner]) => `DO $do$ DECLARE r record; BEGIN PERFORM ${text}; ${loop(inner)} END $do$`),
    // the block of an EXCEPTION is a subtransaction, which brings settings back
    fc
      .tuple(change, either, either)
      .map(
        ([text, inner, after]) =>
          `DO $do$ DECLARE r record; BEGIN BEGIN PERFORM ${text}; ${loop(inner)} PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLERRM; END; ${loop(after)} END $do$`,
      ),
    // a cursor that is open while the context changes
    fc
      .tuple(read, change)
      .map(
        ([inner, text]) =>
          `DO $do$ DECLARE c refcursor; r record; BEGIN OPEN c FOR EXECUTE ${quoted(inner)}; FOR i IN 1..9 LOOP PERFORM ${text}; FETCH c INTO r; EXIT WHEN NOT FOUND; RAISE NOTICE '%', r; END LOOP; END $do$`,
      ),
  );
  const owned = fc
    .tuple(
      fc.nat(2),
      fc.array(settings, { minLength: 1, maxLength: 3 }),
      oneOf('', 'IMMUTABLE', 'STABLE', 'SECURITY DEFINER'),
      either,
    )
    .map(([at, given, how, inner]) => {
      const clauses = given.map(
        ({ name, value }) => `SET ${name} = ${name === 'search_path' ? value : quoted(value)}`,
      );
      return `CREATE OR REPLACE FUNCTION pg_temp.own_${at}() RETURNS SETOF text LANGUAGE plpgsql ${how} ${clauses.join(' ')} AS $own$ DECLARE r record; BEGIN FOR r IN EXECUTE ${quoted(inner)} LOOP RETURN NEXT r::text; END LOOP; END $own$`;
    });
  const trigger = fc
    .tuple(change, either, oneOf('BEFORE', 'AFTER'))
    .chain(([text, inner, when]) =>
      oneOf(
        `CREATE OR REPLACE FUNCTION pg_temp.fired() RETURNS trigger LANGUAGE plpgsql AS $own$ DECLARE r record; BEGIN PERFORM ${text}; ${loop(inner)} RETURN NEW; END $own$`,
        `CREATE OR REPLACE TRIGGER fires ${when} INSERT ON pg_temp.forging FOR EACH ROW EXECUTE FUNCTION pg_temp.fired()`,
      ),
    );
  return fc.oneof(
    { weight: 4, arbitrary: read },
    { weight: 2, arbitrary: plain },
    { weight: 3, arbitrary: write },
    { weight: 2, arbitrary: set },
    { weight: 2, arbitrary: change.map((text) => `SELECT ${text}`) },
    { weight: 2, arbitrary: fc.tuple(change, change, change).map((texts) => `SELECT ${texts.join(', ')}`) },
    { weight: 2, arbitrary: block },
    { weight: 2, arbitrary: owned },
    { weight: 2, arbitrary: fc.nat(2).map((at) => `SELECT * FROM pg_temp.own_${at}()`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.nat(2), scopedName)
        .map(([at, name]) => `SELECT t::text, pg_temp.own_${at}() FROM ${name} AS t`),
    },
    { weight: 1, arbitrary: trigger },
    { weight: 1, arbitrary: either.map((inner) => `PREPARE kept AS ${inner}`) },
    {
      weight: 2,
      arbitrary: oneOf(
        'EXECUTE kept',
        'DEALLOCATE kept',
        'FETCH 5 FROM kept',
        'FETCH ALL FROM held',
        'MOVE BACKWARD ALL FROM held',
        'CLOSE kept',
      ),
    },
    {
      weight: 1,
      arbitrary: oneOf(
        'RESET ALL',
        'DISCARD TEMP',
        'DISCARD PLANS',
        'DISCARD ALL',
        'RESET ashlar.token',
        'RESET ROLE',
        'RESET SESSION AUTHORIZATION',
      ),
    },
    {
      weight: 1,
      arbitrary: oneOf(
        'SAVEPOINT own',
        'ROLLBACK TO own',
        'RELEASE own',
        'COMMIT AND CHAIN',
        'ROLLBACK AND CHAIN',
      ),
    },
    { weight: 1, arbitrary: read.map((inner) => `DECLARE kept CURSOR FOR ${inner}`) },
    { weight: 1, arbitrary: read.map((inner) => `DECLARE held SCROLL CURSOR WITH HOLD FOR ${inner}`) },
    {
      weight: 1,
      arbitrary: oneOf(
        'SET ROLE nobody',
        ...reach.roles.flatMap((role) => [
          `SET ROLE ${role}`,
          `SET LOCAL ROLE ${role}`,
          `SET SESSION AUTHORIZATION ${role}`,
          `GRANT ${role} TO CURRENT_USER`,
        ]),
      ),
    },
    { weight: 4, arbitrary: oneOf(...shadows) },
    { weight: 1, arbitrary: oneOf(...grabs) },
  );
}
