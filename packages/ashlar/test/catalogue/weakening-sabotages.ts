/** A change that weakens a guarantee although no object of the system differs, and the finding that names it. */
export interface Weakening {
  readonly name: string;
  readonly sql: readonly string[];
  readonly named: RegExp;
}

/** A change of that kind that weakens nothing: it may be named, and is no finding. */
export type Harmless = Omit<Weakening, 'named'>;

const app = 'ashlar_app';
const tools = ['CREATE SCHEMA tools', `GRANT USAGE ON SCHEMA tools TO ${app}`];
const peek = (security = 'SECURITY DEFINER'): string =>
  `CREATE FUNCTION tools.peek() RETURNS SETOF public.clients LANGUAGE sql ${security} AS 'SELECT * FROM public.clients'`;
const runs = `CREATE FUNCTION tools.run(s text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE s; END'`;
const mayCall = (routine: string): RegExp =>
  new RegExp(`${app}.* may call tools\\.${routine}.*which runs as`);

/** Functions of other schemas that the application can call. */
const callable: readonly Weakening[] = [
  {
    name: 'a function that builds its SQL',
    sql: [...tools, runs],
    named: mayCall('run\\(s text\\)'),
  },
  {
    name: 'a function in a schema with a table that looks like a history',
    sql: [...tools, 'CREATE TABLE tools.ashlar_migrations ()', runs],
    named: mayCall('run'),
  },
  {
    name: 'a function whose body is no text',
    sql: [
      ...tools,
      'CREATE FUNCTION tools.peek() RETURNS SETOF public.clients LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT * FROM public.clients; END',
    ],
    named: mayCall('peek\\(\\)'),
  },
  {
    name: 'a function of another role that bypasses row-level security',
    sql: [
      ...tools,
      'CREATE ROLE mutant_etl BYPASSRLS',
      'GRANT USAGE ON SCHEMA tools TO mutant_etl',
      peek(),
      'GRANT CREATE ON SCHEMA tools TO mutant_etl',
      'ALTER FUNCTION tools.peek() OWNER TO mutant_etl',
    ],
    named: /ashlar_app may call tools\.peek\(\), which runs as mutant_etl/,
  },
  {
    name: 'a function of another role with a right on a table',
    sql: [
      ...tools,
      'CREATE ROLE mutant_etl',
      'GRANT SELECT (id) ON clients TO mutant_etl',
      peek(),
      'GRANT CREATE ON SCHEMA tools TO mutant_etl',
      'ALTER FUNCTION tools.peek() OWNER TO mutant_etl',
    ],
    named: mayCall('peek'),
  },
  {
    name: 'a member of an extension',
    sql: [...tools, peek(), 'ALTER EXTENSION plpgsql ADD FUNCTION tools.peek()'],
    named: mayCall('peek'),
  },
  {
    name: 'a procedure that only the auditor may call',
    sql: [
      'CREATE SCHEMA tools',
      'GRANT USAGE ON SCHEMA tools TO ashlar_auditor',
      `CREATE PROCEDURE tools.run(s text) LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE s; END'`,
      'REVOKE EXECUTE ON PROCEDURE tools.run(text) FROM PUBLIC',
      'GRANT EXECUTE ON PROCEDURE tools.run(text) TO ashlar_auditor',
    ],
    named: /ashlar_auditor may call tools\.run\(IN s text\).*FROM ashlar_auditor/,
  },
  {
    name: 'a trigger function, which fires on a temporary table',
    sql: [
      ...tools,
      `CREATE FUNCTION tools.fire() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE NEW.s; RETURN NEW; END'`,
    ],
    named: mayCall('fire'),
  },
];

const overload = `CREATE FUNCTION public.le(numeric, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'`;

export const weakenings: readonly Weakening[] = [
  ...callable,
  {
    name: 'a LEAKPROOF function of another schema',
    sql: [
      ...tools,
      `CREATE FUNCTION tools.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 LEAKPROOF AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END'`,
    ],
    named: /the function tools\.leak\(text\) is made by no step/,
  },
  {
    name: 'a LEAKPROOF function of the schema',
    sql: [
      `CREATE FUNCTION leak(text) RETURNS boolean LANGUAGE sql COST 0.0000001 LEAKPROOF AS 'SELECT true'`,
    ],
    named: /the function leak\(text\) is made by no step \(to remove it: DROP ROUTINE public\.leak\(text\)/,
  },
  {
    name: 'an index whose function copies each row',
    sql: [
      `CREATE FUNCTION notes_key(t text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END'`,
      'CREATE INDEX by_key ON clients (notes_key(id::text))',
    ],
    named: /clients: the index by_key is made by no step \(to remove it: DROP INDEX public\.by_key/,
  },
  {
    name: 'an index whose condition calls a function',
    sql: [
      `CREATE FUNCTION notes_key(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END'`,
      'CREATE INDEX by_key ON clients (id) WHERE notes_key(id::text)',
    ],
    named: /clients: the index by_key is made by no step/,
  },
  {
    name: 'an index whose operator calls a function',
    sql: [
      'CREATE SCHEMA tools',
      `CREATE FUNCTION tools.same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'`,
      'CREATE OPERATOR tools.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = tools.same)',
      `CREATE INDEX by_key ON clients (id) WHERE id::text OPERATOR(tools.===) 'x'`,
    ],
    named: /clients: the index by_key is made by no step/,
  },
  {
    name: 'an index whose type checks its values with a function',
    sql: [
      `CREATE FUNCTION notes_key(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END'`,
      'CREATE DOMAIN noted AS text CHECK (notes_key(VALUE))',
      'CREATE INDEX by_key ON clients ((id::text::noted))',
    ],
    named: /clients: the index by_key is made by no step/,
  },
  {
    name: 'a unique index',
    sql: ['CREATE UNIQUE INDEX by_key ON clients ((1))'],
    named: /clients: the index by_key is made by no step/,
  },
  {
    name: 'a unique index on a partition',
    sql: ['CREATE UNIQUE INDEX by_key ON visits_default ((1))'],
    named: /visits_default: the index by_key is made by no step/,
  },
  {
    name: 'statistics that call a function',
    sql: [
      `CREATE FUNCTION notes_key(t text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END'`,
      'CREATE STATISTICS by_key ON (notes_key(id::text)) FROM clients',
    ],
    named: /the statistics by_key is made by no step/,
  },
  {
    name: 'a domain that calls a function',
    sql: [
      `CREATE FUNCTION notes_key(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END'`,
      'CREATE DOMAIN noted AS text CHECK (notes_key(VALUE))',
    ],
    named: /the domain noted is made by no step/,
  },
  {
    name: 'an operator',
    sql: [
      overload,
      'CREATE OPERATOR public.<= (LEFTARG = numeric, RIGHTARG = integer, FUNCTION = public.le)',
    ],
    named: /the operator <=\(numeric,integer\) is made by no step \(to remove it: DROP OPERATOR public\.<=/,
  },
  {
    name: 'an operator that is a member of an extension',
    sql: [
      overload,
      'CREATE OPERATOR public.<= (LEFTARG = numeric, RIGHTARG = integer, FUNCTION = public.le)',
      'ALTER EXTENSION plpgsql ADD OPERATOR public.<= (numeric, integer)',
    ],
    named: /the operator <=\(numeric,integer\) of the extension plpgsql is made by no step \(to accept it/,
  },
  {
    name: 'a function with the name of one of the server',
    sql: [
      `CREATE FUNCTION public.jsonb_build_object(text, uuid) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT '{}'::jsonb $$`,
    ],
    named: /the function jsonb_build_object\(text, uuid\) is made by no step/,
  },
  {
    name: 'a function with the name of one of the server, as a member of an extension',
    sql: [
      `CREATE FUNCTION public.jsonb_build_object(text, uuid) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT '{}'::jsonb $$`,
      'ALTER EXTENSION plpgsql ADD FUNCTION public.jsonb_build_object(text, uuid)',
    ],
    named: /the function jsonb_build_object\(text, uuid\) of the extension plpgsql is made by no step/,
  },
  {
    name: 'an aggregate with the name of one of the server',
    sql: ['CREATE AGGREGATE public.array_agg(bytea) (SFUNC = array_append, STYPE = bytea[])'],
    named:
      /the function array_agg\(bytea\) is made by no step \(to remove it: DROP AGGREGATE public\.array_agg\(bytea\)/,
  },
  {
    name: 'an overload of Ashlar’s function, by a type of the same name',
    sql: [
      'CREATE DOMAIN public.name AS pg_catalog.name',
      `CREATE FUNCTION public.ashlar_context(as_role public.name, OUT actor text, OUT scope text, OUT sees text) LANGUAGE sql
        SECURITY DEFINER AS $$ SELECT 'a', 'b', '*' $$`,
    ],
    named: /to remove it: DROP ROUTINE public\.ashlar_context\(as_role public\.name, /,
  },
  {
    name: 'a cast',
    sql: [
      "CREATE TYPE mutant_type AS ENUM ('a')",
      'CREATE CAST (mutant_type AS text) WITH INOUT AS IMPLICIT',
    ],
    named: /the cast .*mutant_type.* is made by no step/,
  },
  {
    name: 'a function of the owner that a row of the history gives to another system',
    sql: [
      `INSERT INTO ashlar_migrations (system, step, checksum, applied_at, applied_by, duration_ms) VALUES ('crm', '0001_initial', 'x', now(), 'owner', 1)`,
      'CREATE TABLE crm (id integer)',
      `CREATE FUNCTION crm_run(s text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE s; END'`,
    ],
    named: /the function crm_run\(s text\) is made by no step/,
  },
  {
    name: 'a trigger function of the owner that no table of another system has',
    sql: [
      `INSERT INTO ashlar_migrations (system, step, checksum, applied_at, applied_by, duration_ms) VALUES ('crm', '0001_initial', 'x', now(), 'owner', 1)`,
      'CREATE TABLE crm (id integer)',
      `CREATE FUNCTION crm_fire() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END'`,
    ],
    named: /the function crm_fire is made by no step/,
  },
  {
    name: 'a trigger function of the owner that a row of the history gives to another system, with its trigger',
    sql: [
      `INSERT INTO ashlar_migrations (system, step, checksum, applied_at, applied_by, duration_ms) VALUES ('crm', '0001_initial', 'x', now(), 'owner', 1)`,
      'CREATE TABLE crm (id integer)',
      `CREATE FUNCTION crm_fire() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END'`,
      'CREATE TRIGGER crm_fires AFTER INSERT ON crm FOR EACH ROW EXECUTE FUNCTION crm_fire()',
    ],
    named:
      /crm: the trigger crm_fires is made by no step[\s\S]*the function crm_fire is made by no step|the function crm_fire is made by no step[\s\S]*crm: the trigger crm_fires is made by no step/,
  },
  ...(
    [
      ['relhastriggers = false', 'letters', 'triggers'],
      ['relhasindex = false', 'folders', 'indexes'],
      ['relchecks = 0', 'folders', 'CHECKs'],
      ['relhassubclass = false', 'visits', 'children'],
    ] as const
  ).map(([change, table, what]) => ({
    name: `what the server no longer looks for: ${change}`,
    sql: [`UPDATE pg_class SET ${change} WHERE oid = '${table}'::regclass`],
    named: new RegExp(`the table ${table} differs.*passed over by the server is ${what}`),
  })),
  {
    name: 'a policy of a role that does not exist',
    sql: ["UPDATE pg_policy SET polroles = '{16999999}' WHERE polrelid = 'letters'::regclass"],
    named: /the policy letters_scoped differs: roles is/,
  },
  {
    name: 'another role that reads the statistics of values',
    sql: ['CREATE ROLE mutant_spy', 'GRANT SELECT ON pg_statistic TO mutant_spy'],
    named: /mutant_spy has SELECT on pg_catalog\.pg_statistic, which has values of every table/,
  },
  ...['pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'].map((group) => ({
    name: `another role that is a member of ${group}`,
    sql: ['CREATE ROLE mutant_spy', `GRANT ${group} TO mutant_spy`],
    named: new RegExp(
      `mutant_spy may do with files and programs what the server may.*REVOKE ${group} FROM mutant_spy`,
    ),
  })),
  {
    name: 'a counter near its end',
    sql: [
      'CREATE TABLE counted (id bigint GENERATED ALWAYS AS IDENTITY)',
      "SELECT setval('counted_id_seq', 9007199254740991)",
    ],
    named: /the counter near its end counted_id_seq/,
  },
  {
    name: 'EXECUTE on a function of the server for PUBLIC',
    sql: ['GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO PUBLIC'],
    named: /PUBLIC may call pg_catalog\.pg_read_file\(text\), a function of the server/,
  },
  {
    name: 'a right on a table of the server',
    sql: [`GRANT SELECT ON pg_catalog.pg_statistic TO ${app}`],
    named: new RegExp(`${app} has SELECT on pg_catalog\\.pg_statistic, a table of the server`),
  },
  {
    name: 'a right on a column of a table of the server',
    sql: [`GRANT SELECT (rolpassword) ON pg_catalog.pg_authid TO ${app}`],
    named: new RegExp(`${app} has SELECT \\(rolpassword\\) on pg_catalog\\.pg_authid`),
  },
  {
    name: 'USAGE on a foreign server, and a user mapping',
    sql: [
      'CREATE FOREIGN DATA WRAPPER mutant_wrapper',
      'CREATE SERVER "mutant; server" FOREIGN DATA WRAPPER mutant_wrapper',
      `GRANT USAGE ON FOREIGN SERVER "mutant; server" TO ${app}`,
    ],
    named: new RegExp(
      `${app} may use the foreign server .*REVOKE USAGE ON FOREIGN SERVER "mutant; server" FROM ${app}`,
    ),
  },
  {
    name: 'a user mapping for PUBLIC',
    sql: [
      'CREATE FOREIGN DATA WRAPPER mutant_wrapper',
      'CREATE SERVER mutant_server FOREIGN DATA WRAPPER mutant_wrapper',
      'CREATE USER MAPPING FOR PUBLIC SERVER mutant_server',
    ],
    named:
      /PUBLIC can log in to the foreign server mutant_server: DROP USER MAPPING FOR PUBLIC SERVER mutant_server/,
  },
  {
    name: 'a publication whose name is a statement',
    sql: ['CREATE PUBLICATION "x; DROP TABLE clients CASCADE; --" FOR ALL TABLES'],
    named: /to remove it: DROP PUBLICATION "x; DROP TABLE clients CASCADE; --"; to accept it/,
  },
  {
    name: 'an event trigger whose name is a statement',
    sql: [
      'CREATE SCHEMA "a; b"',
      `CREATE FUNCTION "a; b".e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'`,
      'CREATE EVENT TRIGGER "x; DROP TABLE clients; --" ON ddl_command_end EXECUTE FUNCTION "a; b".e()',
    ],
    named: /to remove it: DROP EVENT TRIGGER "x; DROP TABLE clients; --"; to accept it/,
  },
  {
    name: 'a function of a schema whose name is a statement',
    sql: [
      'CREATE SCHEMA "a; b"',
      `GRANT USAGE ON SCHEMA "a; b" TO ${app}`,
      `CREATE FUNCTION "a; b"."f; g"() RETURNS void LANGUAGE plpgsql SECURITY DEFINER LEAKPROOF AS 'BEGIN END'`,
    ],
    named: /DROP ROUTINE "a; b"\."f; g"\(\)[\s\S]*REVOKE EXECUTE ON ROUTINE "a; b"\."f; g"\(\) FROM PUBLIC/,
  },
  {
    name: 'an event trigger that is a member of an extension',
    sql: [
      'CREATE SCHEMA tools',
      `CREATE FUNCTION tools.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'`,
      'CREATE EVENT TRIGGER evil ON ddl_command_end EXECUTE FUNCTION tools.e()',
      'ALTER EXTENSION plpgsql ADD EVENT TRIGGER evil',
    ],
    named: /the event trigger evil of the extension plpgsql is made by no step/,
  },
  {
    name: 'a member of plpgsql that is not its own',
    sql: ['CREATE SCHEMA tools', 'CREATE TABLE tools.t ()', 'ALTER EXTENSION plpgsql ADD TABLE tools.t'],
    named: /the members of an extension plpgsql is made by no step/,
  },
  {
    name: 'default rights in every schema for PUBLIC',
    sql: ['ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC'],
    named: /PUBLIC is given TRUNCATE on all tables that \w+ creates, in every schema/,
  },
  {
    name: 'default rights in every schema for the application',
    sql: [`ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO ${app}`],
    named: new RegExp(`${app} is given TRUNCATE on all tables`),
  },
  {
    name: 'a right on a function that may be passed on',
    sql: [`GRANT EXECUTE ON FUNCTION ashlar_context(name) TO ${app} WITH GRANT OPTION`],
    named: new RegExp(
      `${app} may pass on EXECUTE on ROUTINE public\\.ashlar_context.*: REVOKE GRANT OPTION FOR EXECUTE`,
    ),
  },
  {
    name: 'a right on a function of the owner that no guarantee has',
    sql: [
      `CREATE FUNCTION admin_reset() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT'`,
      'REVOKE EXECUTE ON FUNCTION admin_reset() FROM PUBLIC',
      `GRANT EXECUTE ON FUNCTION admin_reset() TO ${app}`,
    ],
    named: new RegExp(`${app} may call public\\.admin_reset\\(\\), which runs as its owner`),
  },
  {
    name: 'a right on a table that a role has which bypasses row-level security',
    sql: ['CREATE ROLE mutant_etl BYPASSRLS', 'GRANT SELECT ON clients TO mutant_etl'],
    named: /mutant_etl has SELECT on clients, and bypasses row-level security/,
  },
  {
    name: 'a limit of full-text searches',
    sql: [`ALTER ROLE ${app} SET gin_fuzzy_search_limit = 1`],
    named: new RegExp(`${app} sets gin_fuzzy_search_limit`),
  },
  {
    name: 'a time zone',
    sql: [`ALTER ROLE ${app} SET timezone = 'Asia/Kathmandu'`],
    named: new RegExp(`${app} sets timezone`),
  },
];

export const harmless: readonly Harmless[] = [
  {
    name: 'a right on functions that everybody may call',
    sql: [
      `CREATE FUNCTION count_up() RETURNS void LANGUAGE sql AS 'SELECT'`,
      'GRANT EXECUTE ON FUNCTION count_up() TO ashlar_app',
    ],
  },
  { name: 'a function of the caller', sql: [...tools, peek('')] },
  { name: 'a function in a schema that the application may not use', sql: ['CREATE SCHEMA tools', runs] },
  {
    name: 'a function that the application may not call',
    sql: [...tools, runs, 'REVOKE EXECUTE ON FUNCTION tools.run(text) FROM PUBLIC'],
  },
  {
    name: 'a function of a role without any right',
    sql: [
      ...tools,
      'CREATE ROLE mutant_etl',
      'GRANT USAGE, CREATE ON SCHEMA tools TO mutant_etl',
      peek(),
      'ALTER FUNCTION tools.peek() OWNER TO mutant_etl',
    ],
  },
  {
    name: 'an index of a DBA',
    sql: ['CREATE INDEX by_key ON clients (lower(id::text)) WHERE id IS NOT NULL'],
  },
  { name: 'statistics of a DBA', sql: ['CREATE STATISTICS by_key ON id, (lower(id::text)) FROM clients'] },
  { name: 'a domain', sql: ["CREATE DOMAIN noted AS text CHECK (length(VALUE) > 3 AND VALUE ~ '^x')"] },
  {
    name: 'a reporting role, also for later tables',
    sql: [
      'CREATE ROLE mutant_reports',
      'GRANT SELECT ON clients TO mutant_reports',
      'GRANT EXECUTE ON FUNCTION ashlar_context(name) TO mutant_reports',
      'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO mutant_reports',
    ],
  },
  {
    name: 'a new sequence that was used',
    sql: ['CREATE SEQUENCE short AS smallint', "SELECT nextval('short')"],
  },
  {
    name: 'memory and timeouts',
    sql: [`ALTER ROLE ${app} SET work_mem = '8MB'`, `ALTER ROLE ${app} SET lock_timeout = '1s'`],
  },
];
