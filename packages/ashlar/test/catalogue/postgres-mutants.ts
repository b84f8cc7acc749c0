import type { RunSql } from '../../src/contract/sql.js';
import { identifier } from '../../src/model/index.js';

/** A change of one object of a database that a comparison must name. */
export interface Mutant {
  /** What it is done to, for the score: `trigger`, `role`, `unknown object`. */
  readonly kind: string;
  readonly name: string;
  readonly sql: readonly string[];
}

/** The roles that mutants use. They must exist. */
export interface MutantRoles {
  readonly app: string;
  readonly auditor: string;
  /** A role without rights. */
  readonly stranger: string;
}

interface Found {
  readonly kind: string;
  readonly table: string;
  readonly name: string;
  readonly sql: string;
  readonly more: string;
}

// read from the system catalogue itself, and not with the code that describes a database
const objects = `
WITH place AS (SELECT oid FROM pg_namespace WHERE nspname = current_schema()),
t AS (SELECT c.* FROM pg_class c, place p WHERE c.relnamespace = p.oid AND c.relkind IN ('r', 'p'))
SELECT 'table' AS kind, relname::text AS table, relname::text AS name, relkind::text AS sql,
  CASE WHEN relrowsecurity THEN 'secured' ELSE '' END || CASE WHEN relispartition THEN ' partition' ELSE '' END
    || CASE WHEN EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = t.oid) THEN ' triggered' ELSE '' END
    || coalesce(' of ' || (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = t.oid), '') AS more FROM t
UNION ALL
SELECT 'column', t.relname, a.attname, format_type(a.atttypid, a.atttypmod),
  concat_ws(' ', CASE WHEN a.attnotnull THEN 'required' END, CASE WHEN a.atthasdef THEN 'default' END, CASE WHEN a.attidentity <> '' THEN 'identity' END, CASE WHEN a.attgenerated <> '' THEN 'computed' END, CASE WHEN t.relispartition THEN 'partition' END)
FROM pg_attribute a JOIN t ON t.oid = a.attrelid WHERE a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint', t.relname, k.conname, pg_get_constraintdef(k.oid), k.contype::text || CASE WHEN k.conparentid <> 0 OR t.relispartition THEN ' inherited' ELSE '' END
FROM pg_constraint k JOIN t ON t.oid = k.conrelid WHERE k.contype IN ('c', 'f', 'p', 'u')
UNION ALL
SELECT 'index', t.relname, x.relname, pg_get_indexdef(i.indexrelid), CASE WHEN i.indisunique THEN 'unique' ELSE '' END || CASE WHEN t.relispartition THEN ' partition' ELSE '' END
FROM pg_index i JOIN t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
UNION ALL
SELECT CASE WHEN g.tgisinternal THEN 'key trigger' ELSE 'trigger' END, t.relname, g.tgname, pg_get_triggerdef(g.oid), CASE WHEN g.tgparentid <> 0 THEN 'inherited' ELSE '' END
FROM pg_trigger g JOIN t ON t.oid = g.tgrelid
UNION ALL
SELECT 'policy', t.relname, p.polname, '', '' FROM pg_policy p JOIN t ON t.oid = p.polrelid
UNION ALL
SELECT 'function', '', p.oid::regprocedure::text, pg_get_functiondef(p.oid),
  concat_ws(' ', CASE WHEN p.prosecdef THEN 'definer' END, CASE p.provolatile WHEN 'v' THEN 'volatile' WHEN 's' THEN 'stable' ELSE 'immutable' END, CASE WHEN p.prorettype = 'trigger'::regtype THEN 'trigger' END, CASE WHEN p.proconfig IS NOT NULL THEN 'configured' END)
FROM pg_proc p, place WHERE p.pronamespace = place.oid AND p.prokind = 'f'
UNION ALL
SELECT 'sequence', '', c.relname, '', '' FROM pg_class c, place p WHERE c.relnamespace = p.oid AND c.relkind = 'S'
`;

const mutant = (kind: string, name: string, ...sql: readonly string[]): Mutant => ({ kind, name, sql });

const ofTable = ({ name, sql: kind, more }: Found, { app, stranger }: MutantRoles): readonly Mutant[] => {
  const t = identifier(name);
  const isPartition = more.includes('partition');
  const one = (what: string, ...sql: readonly string[]) => mutant('table', `${name}: ${what}`, ...sql);
  return [
    one('dropped', `DROP TABLE ${t} CASCADE`),
    ...(isPartition ? [] : [one('renamed', `ALTER TABLE ${t} RENAME TO mutant_table`)]),
    one('another owner', `ALTER TABLE ${t} OWNER TO ${stranger}`),
    one('replica identity', `ALTER TABLE ${t} REPLICA IDENTITY NOTHING`),
    one(
      'row-level security',
      `ALTER TABLE ${t} ${more.includes('secured') ? 'DISABLE' : 'ENABLE'} ROW LEVEL SECURITY`,
    ),
    ...(more.includes('secured') ? [one('not forced', `ALTER TABLE ${t} NO FORCE ROW LEVEL SECURITY`)] : []),
    ...(more.includes('triggered')
      ? [one('every trigger is disabled', `ALTER TABLE ${t} DISABLE TRIGGER ALL`)]
      : []),
    ...[app, stranger, 'PUBLIC'].map((who) =>
      one(
        `GRANT ALL to ${who === stranger ? 'another role' : who === app ? 'the application' : who}`,
        `GRANT ALL ON ${t} TO ${who}`,
      ),
    ),
    one('GRANT TRUNCATE to the application', `GRANT TRUNCATE ON ${t} TO ${app}`),
    one('a rule', `CREATE RULE mutant_rule AS ON DELETE TO ${t} DO INSTEAD NOTHING`),
    one(
      'another trigger',
      'CREATE FUNCTION mutant_hush() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$',
      `CREATE TRIGGER a_mutant BEFORE DELETE ON ${t} FOR EACH ROW EXECUTE FUNCTION mutant_hush()`,
    ),
    one('another policy', `CREATE POLICY mutant_policy ON ${t} USING (true)`),
    one('another index', `CREATE INDEX mutant_index ON ${t} ((1))`),
    one('another constraint', `ALTER TABLE ${t} ADD CONSTRAINT mutant_check CHECK (true) NOT VALID`),
    one('a view', `CREATE VIEW mutant_view AS SELECT * FROM ${t}`),
    one('a materialized view', `CREATE MATERIALIZED VIEW mutant_view AS SELECT * FROM ${t} WITH NO DATA`),
    one(
      'a view of another schema',
      'CREATE SCHEMA mutant_schema',
      `CREATE VIEW mutant_schema.v AS SELECT * FROM ${t}`,
    ),
    one('a publication', `CREATE PUBLICATION mutant_publication FOR TABLE ${t}`),
    one('statistics', `ALTER TABLE ${t} SET (${kind === 'p' ? 'invalid' : 'fillfactor = 50'})`),
    ...(isPartition
      ? [one('detached', `ALTER TABLE ${more.replace(/^.* of /, '')} DETACH PARTITION ${t}`)]
      : [one('another column', `ALTER TABLE ${t} ADD COLUMN mutant_column integer`)]),
    ...(kind === 'r' && !isPartition
      ? [
          one('unlogged', `ALTER TABLE ${t} SET UNLOGGED`),
          one('a child', `CREATE TABLE mutant_child () INHERITS (${t})`),
          one(
            'a child of another schema',
            'CREATE SCHEMA mutant_schema',
            `CREATE TABLE mutant_schema.child () INHERITS (${t})`,
          ),
        ]
      : []),
    ...(kind === 'r' && isPartition ? [one('unlogged', `ALTER TABLE ${t} SET UNLOGGED`)] : []),
  ];
};

const ofColumn = (
  { table, name, sql: type, more }: Found,
  { app, stranger }: MutantRoles,
): readonly Mutant[] => {
  const [t, c] = [identifier(table), identifier(name)];
  const one = (what: string, ...sql: readonly string[]) =>
    mutant('column', `${table}.${name}: ${what}`, ...sql);
  const rights = [app, stranger].map((who) =>
    one(
      `GRANT UPDATE to ${who === app ? 'the application' : 'another role'} with the right to pass it on`,
      `GRANT UPDATE (${c}) ON ${t} TO ${who} WITH GRANT OPTION`,
    ),
  );
  return [
    ...(more.includes('partition')
      ? []
      : [
          one('dropped', `ALTER TABLE ${t} DROP COLUMN ${c} CASCADE`),
          one('renamed', `ALTER TABLE ${t} RENAME COLUMN ${c} TO mutant_column`),
          ...(type.startsWith('timestamp')
            ? []
            : [
                one(
                  'another type',
                  `ALTER TABLE ${t} ALTER ${c} TYPE ${type === 'text' ? 'varchar' : 'text'} USING ${c}::text`,
                ),
              ]),
        ]),
    one('NOT NULL', `ALTER TABLE ${t} ALTER ${c} ${more.includes('required') ? 'DROP' : 'SET'} NOT NULL`),
    ...(more.includes('default') || type === 'text'
      ? [
          one(
            'default',
            `ALTER TABLE ${t} ALTER ${c} ${more.includes('default') ? 'DROP DEFAULT' : "SET DEFAULT 'mutant'"}`,
          ),
        ]
      : []),
    ...(more.includes('identity') ? [one('identity', `ALTER TABLE ${t} ALTER ${c} DROP IDENTITY`)] : []),
    ...rights,
  ];
};

const ofConstraint = ({ table, name, sql, more }: Found): readonly Mutant[] => {
  if (more.includes('inherited')) return [];
  const [t, c] = [identifier(table), identifier(name)];
  const one = (what: string, ...statements: readonly string[]) =>
    mutant('constraint', `${table}, ${name}: ${what}`, ...statements);
  return [
    one('dropped', `ALTER TABLE ${t} DROP CONSTRAINT ${c} CASCADE`),
    one('renamed', `ALTER TABLE ${t} RENAME CONSTRAINT ${c} TO mutant_constraint`),
    ...(more === 'c'
      ? [
          one(
            'admits everything',
            `ALTER TABLE ${t} DROP CONSTRAINT ${c}`,
            `ALTER TABLE ${t} ADD CONSTRAINT ${c} CHECK (true)`,
          ),
        ]
      : []),
    ...(more === 'c' || more === 'f'
      ? [
          one(
            'not validated',
            `ALTER TABLE ${t} DROP CONSTRAINT ${c}`,
            `ALTER TABLE ${t} ADD CONSTRAINT ${c} ${sql} NOT VALID`,
          ),
        ]
      : []),
    ...(more === 'f'
      ? [
          one(
            'deferred',
            `ALTER TABLE ${t} ALTER CONSTRAINT ${c} ${sql.includes('DEFERRABLE') ? 'NOT DEFERRABLE' : 'DEFERRABLE INITIALLY DEFERRED'}`,
          ),
        ]
      : []),
  ];
};

const ofIndex = ({ table, name, sql, more }: Found): readonly Mutant[] => {
  const one = (what: string, ...statements: readonly string[]) =>
    mutant('index', `${table}, ${name}: ${what}`, ...statements);
  const drop = `DROP INDEX ${identifier(name)}`;
  return [
    one('dropped', drop),
    // the maintenance chooses those of partitions
    ...(more.includes('partition')
      ? []
      : [one('renamed', `ALTER INDEX ${identifier(name)} RENAME TO mutant_index`)]),
    one(
      'not valid',
      `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '${identifier(name)}'::regclass`,
    ),
    ...(more.includes('unique') ? [one('not unique', drop, sql.replace('CREATE UNIQUE', 'CREATE'))] : []),
    one(
      'of some rows',
      drop,
      sql.includes(' WHERE ') ? sql.replace(/ WHERE .*$/s, ' WHERE false') : `${sql} WHERE false`,
    ),
  ];
};

const ofTrigger = ({ kind, table, name, sql, more }: Found): readonly Mutant[] => {
  const [t, g] = [identifier(table), identifier(name)];
  const one = (what: string, ...statements: readonly string[]) =>
    mutant(kind, `${table}, ${name}: ${what}`, ...statements);
  const states = ['DISABLE', 'ENABLE REPLICA', sql.includes('RI_FKey') ? 'ENABLE ALWAYS' : 'ENABLE'].map(
    (state) => one(state, `ALTER TABLE ${t} ${state} TRIGGER ${g}`),
  );
  if (kind === 'key trigger') return states;
  const remade = sql.replace(/EXECUTE FUNCTION .*$/s, 'EXECUTE FUNCTION mutant_hush()');
  const hush =
    'CREATE FUNCTION mutant_hush() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$';
  return [
    ...states,
    one('renamed', `ALTER TRIGGER ${g} ON ${t} RENAME TO mutant_trigger`),
    ...(more === 'inherited'
      ? []
      : [
          one('dropped', `DROP TRIGGER ${g} ON ${t}`),
          one(
            'another function',
            hush,
            `DROP TRIGGER ${g} ON ${t}`,
            remade,
            `ALTER TABLE ${t} ENABLE ALWAYS TRIGGER ${g}`,
          ),
          one(
            'never true',
            `DROP TRIGGER ${g} ON ${t}`,
            sql.replace(' EXECUTE FUNCTION', ' WHEN (false) EXECUTE FUNCTION'),
            `ALTER TABLE ${t} ENABLE ALWAYS TRIGGER ${g}`,
          ),
        ]),
  ];
};

const ofPolicy = ({ table, name }: Found, { app }: MutantRoles): readonly Mutant[] => {
  const on = `${identifier(name)} ON ${identifier(table)}`;
  const one = (what: string, sql: string) => mutant('policy', `${table}, ${name}: ${what}`, sql);
  return [
    one('dropped', `DROP POLICY ${on}`),
    one('renamed', `ALTER POLICY ${on} RENAME TO mutant_policy`),
    one('admits everything', `ALTER POLICY ${on} USING (true)`),
    one('accepts everything', `ALTER POLICY ${on} WITH CHECK (true)`),
    one('of one role', `ALTER POLICY ${on} TO ${app}`),
  ];
};

const ofFunction = ({ name, sql, more }: Found, { app, stranger }: MutantRoles): readonly Mutant[] => {
  const one = (what: string, ...statements: readonly string[]) =>
    mutant('function', `${name}: ${what}`, ...statements);
  const alter = (what: string, text = what) => one(what, `ALTER FUNCTION ${name} ${text}`);
  const isTrigger = more.includes('trigger');
  const [before = '', body = ''] = sql.split(/AS \$(?:function|procedure)\$/);
  return [
    one('dropped', `DROP FUNCTION ${name} CASCADE`),
    alter('renamed', 'RENAME TO mutant_function'),
    alter('another owner', `OWNER TO ${stranger}`),
    ...(isTrigger ? [one('does nothing', `${before}AS $mutant$ BEGIN RETURN NEW; END $mutant$`)] : []),
    one(
      'another body',
      `${before.replace('plpgsql', 'plpgsql')}AS $mutant$${body.slice(0, body.lastIndexOf('$function$'))} $mutant$`,
    ),
    alter(more.includes('definer') ? 'SECURITY INVOKER' : 'SECURITY DEFINER'),
    alter(more.includes('volatile') ? 'STABLE' : 'VOLATILE'),
    alter('LEAKPROOF'),
    alter('another setting', "SET extra_float_digits = '0'"),
    ...(more.includes('configured') ? [alter('no setting', 'RESET ALL')] : []),
    alter('another path', 'SET search_path = pg_temp, public'),
    ...['PUBLIC', ...(isTrigger ? [app, stranger] : [])].map((who) =>
      one(
        `GRANT EXECUTE to ${who === app ? 'the application' : who === stranger ? 'another role' : who}`,
        `GRANT EXECUTE ON FUNCTION ${name} TO ${who}`,
      ),
    ),
  ];
};

const ofSequence = ({ name }: Found, { app }: MutantRoles): readonly Mutant[] => {
  const s = identifier(name);
  const one = (what: string, sql: string) => mutant('sequence', `${name}: ${what}`, sql);
  return [
    one('backwards', `ALTER SEQUENCE ${s} INCREMENT BY -1`),
    one('in a circle', `ALTER SEQUENCE ${s} CYCLE`),
    one('ends soon', `ALTER SEQUENCE ${s} MAXVALUE 1000000`),
    one('GRANT UPDATE to the application', `GRANT UPDATE ON SEQUENCE ${s} TO ${app}`),
  ];
};

const ofRoles = ({ app, auditor, stranger }: MutantRoles): readonly Mutant[] => {
  const one = (what: string, ...sql: readonly string[]) => mutant('role', what, ...sql);
  return [
    ...[
      ['the application', app],
      ['the auditor', auditor],
    ].flatMap(([who, role]) => [
      ...['CREATEROLE', 'CREATEDB', 'REPLICATION', 'SUPERUSER', ...(role === app ? ['BYPASSRLS'] : [])].map(
        (power) => one(`${who}: ${power}`, `ALTER ROLE ${role} ${power}`),
      ),
      ...[
        'pg_read_all_data',
        'pg_write_all_data',
        'pg_monitor',
        'pg_signal_backend',
        'pg_execute_server_program',
      ].map((group) => one(`${who}: a member of ${group}`, `GRANT ${group} TO ${role}`)),
      one(
        `${who}: a member of a role with rights`,
        'CREATE TABLE mutant_table ()',
        `GRANT SELECT ON mutant_table TO ${stranger}`,
        `GRANT ${stranger} TO ${role}`,
      ),
      one(
        `${who}: a member of the owner`,
        `DO $$ BEGIN EXECUTE format('GRANT %I TO ${role}', current_user); END $$`,
      ),
      ...[
        "session_replication_role = 'replica'",
        "search_path = 'pg_temp'",
        'synchronous_commit = off',
        'row_security = off',
        'default_transaction_read_only = on',
      ].flatMap((setting) => [
        one(`${who} sets ${setting}`, `ALTER ROLE ${role} SET ${setting}`),
        one(
          `${who} sets ${setting} here`,
          `DO $$ BEGIN EXECUTE format('ALTER ROLE ${role} IN DATABASE %I SET ${setting.replaceAll("'", "''")}', current_database()); END $$`,
        ),
      ]),
      one(
        `${who} owns the database`,
        `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO ${role}', current_database()); END $$`,
      ),
      one(
        `${who} owns the schema`,
        `DO $$ BEGIN EXECUTE format('ALTER SCHEMA %I OWNER TO ${role}', current_schema()); END $$`,
      ),
      one(
        `${who} owns a table of another schema`,
        'CREATE SCHEMA mutant_schema',
        'CREATE TABLE mutant_schema.t ()',
        `ALTER TABLE mutant_schema.t OWNER TO ${role}`,
      ),
      one(
        `${who} may create schemas`,
        `DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO ${role}', current_database()); END $$`,
      ),
      one(
        `${who} may create objects`,
        `DO $$ BEGIN EXECUTE format('GRANT CREATE ON SCHEMA %I TO ${role}', current_schema()); END $$`,
      ),
      one(`${who} may set a parameter`, `GRANT SET ON PARAMETER session_replication_role TO ${role}`),
      one(`${who} may read files`, `GRANT EXECUTE ON FUNCTION pg_read_file(text) TO ${role}`),
    ]),
    one(
      'another role may create objects',
      `DO $$ BEGIN EXECUTE format('GRANT CREATE ON SCHEMA %I TO ${stranger}', current_schema()); END $$`,
    ),
    one(
      'another role may act as the owner',
      `DO $$ BEGIN EXECUTE format('GRANT %I TO ${stranger}', current_user); END $$`,
    ),
    one(
      'the database sets session_replication_role',
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica', current_database()); END $$`,
    ),
    one(
      'the owner sets session_replication_role',
      `ALTER ROLE CURRENT_USER SET session_replication_role = replica`,
    ),
    one('new tables are given away', `ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ${stranger}`),
    one('new functions are given away', `ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO ${stranger}`),
  ];
};

/** An object of each kind that another schema can have, and that uses a table or a function of this one. */
const ofAnotherSchema = (t: string): readonly (readonly string[])[] => {
  const made = 'CREATE TABLE mutant_schema.t (id text)';
  const called =
    'CREATE FUNCTION mutant_called(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT true $$';
  const numbers = 'CREATE SEQUENCE mutant_numbers';
  return [
    ['rule', made, `CREATE RULE mutant_rule AS ON INSERT TO mutant_schema.t DO ALSO DELETE FROM ${t}`],
    ['materialized view', `CREATE MATERIALIZED VIEW mutant_schema.v AS SELECT * FROM ${t} WITH NO DATA`],
    [
      'function with BEGIN ATOMIC',
      `CREATE FUNCTION mutant_schema.f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM ${t}; END`,
    ],
    ['column of a type', `CREATE TABLE mutant_schema.t (one ${t})`],
    ['array of a type', `CREATE TABLE mutant_schema.t (many ${t}[])`],
    ['composite type', `CREATE TYPE mutant_schema.t AS (one ${t})`],
    [
      'function of a type',
      `CREATE FUNCTION mutant_schema.f(one ${t}) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$`,
    ],
    ['check', called, made, 'ALTER TABLE mutant_schema.t ADD CHECK (mutant_called(id))'],
    [
      'default',
      numbers,
      made,
      "ALTER TABLE mutant_schema.t ALTER id SET DEFAULT nextval('mutant_numbers')::text",
    ],
    ['index', called, made, 'CREATE INDEX mutant_index ON mutant_schema.t ((mutant_called(id)))'],
    [
      'statistics',
      called,
      made,
      'CREATE STATISTICS mutant_schema.s ON (mutant_called(id)), id FROM mutant_schema.t',
    ],
    ['domain', called, 'CREATE DOMAIN mutant_schema.d AS text CHECK (mutant_called(VALUE))'],
    [
      'condition of a trigger',
      called,
      made,
      'CREATE FUNCTION mutant_schema.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
      'CREATE TRIGGER mutant_trigger BEFORE INSERT ON mutant_schema.t FOR EACH ROW WHEN (mutant_called(NEW.id)) EXECUTE FUNCTION mutant_schema.f()',
    ],
    [
      'trigger',
      made,
      'CREATE FUNCTION mutant_called() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
      'CREATE TRIGGER mutant_trigger BEFORE INSERT ON mutant_schema.t FOR EACH ROW EXECUTE FUNCTION mutant_called()',
    ],
    ['operator', called, 'CREATE OPERATOR mutant_schema.!! (RIGHTARG = text, FUNCTION = mutant_called)'],
    [
      'aggregate',
      'CREATE FUNCTION mutant_sum(bigint, text) RETURNS bigint LANGUAGE sql AS $$ SELECT 1 $$',
      'CREATE AGGREGATE mutant_schema.a(text) (SFUNC = mutant_sum, STYPE = bigint)',
    ],
  ];
};

const unknown = (table: string): readonly Mutant[] => {
  const one = (what: string, ...sql: readonly string[]) => mutant('unknown object', what, ...sql);
  const t = identifier(table);
  return [
    one('table', 'CREATE TABLE mutant_table (id integer)'),
    one('view', 'CREATE VIEW mutant_view AS SELECT 1 AS one'),
    one('materialized view', 'CREATE MATERIALIZED VIEW mutant_view AS SELECT 1 AS one'),
    one('function', 'CREATE FUNCTION mutant_function() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$'),
    one(
      'function of the owner',
      'CREATE FUNCTION mutant_function() RETURNS integer LANGUAGE sql SECURITY DEFINER AS $$ SELECT 1 $$',
    ),
    one(
      'function of the owner in another schema',
      'CREATE SCHEMA mutant_schema',
      `DO $$ BEGIN EXECUTE format('CREATE FUNCTION mutant_schema.f() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS %L', format('SELECT count(*) FROM %I.%I', current_schema(), '${table}')); END $$`,
    ),
    one('procedure', 'CREATE PROCEDURE mutant_procedure() LANGUAGE sql AS $$ SELECT 1 $$'),
    one('aggregate', 'CREATE AGGREGATE mutant_aggregate(integer) (SFUNC = int4pl, STYPE = integer)'),
    one('enum', "CREATE TYPE mutant_type AS ENUM ('a')"),
    one('composite type', 'CREATE TYPE mutant_type AS (a integer)'),
    one('range type', 'CREATE TYPE mutant_type AS RANGE (SUBTYPE = integer)'),
    one('shell type', 'CREATE TYPE mutant_type'),
    one('domain', 'CREATE DOMAIN mutant_domain AS integer'),
    one('sequence', 'CREATE SEQUENCE mutant_sequence'),
    one(
      'statistics',
      'CREATE TABLE mutant_table (a integer, b integer)',
      'CREATE STATISTICS mutant_statistics ON a, b FROM mutant_table',
    ),
    one('operator', 'CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq)'),
    one('operator family', 'CREATE OPERATOR FAMILY mutant_family USING btree'),
    one('cast', "CREATE TYPE mutant_type AS ENUM ('a')", 'CREATE CAST (mutant_type AS text) WITH INOUT'),
    one('collation', "CREATE COLLATION mutant_collation (locale = 'C')"),
    one('conversion', "CREATE CONVERSION mutant_conversion FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8"),
    one('text search configuration', 'CREATE TEXT SEARCH CONFIGURATION mutant_search (COPY = simple)'),
    one('text search dictionary', 'CREATE TEXT SEARCH DICTIONARY mutant_dictionary (TEMPLATE = simple)'),
    one(
      'event trigger',
      'CREATE FUNCTION mutant_event() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$',
      'CREATE EVENT TRIGGER mutant_event_trigger ON ddl_command_end EXECUTE FUNCTION mutant_event()',
    ),
    one(
      'event trigger of another schema',
      'CREATE SCHEMA mutant_schema',
      'CREATE FUNCTION mutant_schema.e() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$',
      'CREATE EVENT TRIGGER mutant_event_trigger ON ddl_command_end EXECUTE FUNCTION mutant_schema.e()',
    ),
    one('publication of all tables', 'CREATE PUBLICATION mutant_publication FOR ALL TABLES'),
    one(
      'publication of the schema',
      `DO $$ BEGIN EXECUTE format('CREATE PUBLICATION mutant_publication FOR TABLES IN SCHEMA %I', current_schema()); END $$`,
    ),
    one(
      'foreign table',
      'CREATE FOREIGN DATA WRAPPER mutant_wrapper',
      'CREATE SERVER mutant_server FOREIGN DATA WRAPPER mutant_wrapper',
      'CREATE FOREIGN TABLE mutant_table (id integer) SERVER mutant_server',
    ),
    one(
      'policy of another schema',
      'CREATE SCHEMA mutant_schema',
      'CREATE TABLE mutant_schema.t (id integer)',
      `CREATE POLICY mutant_policy ON mutant_schema.t USING (EXISTS (SELECT FROM ${t}))`,
    ),
    one('language', 'CREATE TRUSTED LANGUAGE mutant HANDLER plpgsql_call_handler'),
    one('cast of the server’s types', 'CREATE CAST (text AS uuid) WITH INOUT AS IMPLICIT'),
    one('access method', 'CREATE ACCESS METHOD mutant TYPE TABLE HANDLER heap_tableam_handler'),
    one(
      'foreign server',
      'CREATE FOREIGN DATA WRAPPER mutant',
      'CREATE SERVER mutant FOREIGN DATA WRAPPER mutant',
    ),
    one(
      'large object that others read',
      'SELECT lo_create(4242)',
      'GRANT SELECT ON LARGE OBJECT 4242 TO PUBLIC',
    ),
    one(
      'operator class',
      'CREATE FUNCTION mutant_compare(text, text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 0 $$',
      'CREATE OPERATOR CLASS mutant_class FOR TYPE text USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 mutant_compare(text, text)',
    ),
    ...ofAnotherSchema(t).map(([what, ...sql]) =>
      one(`${what} of another schema`, 'CREATE SCHEMA mutant_schema', ...sql),
    ),
    one(
      'function that overloads one of the server',
      "CREATE FUNCTION format(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$",
    ),
  ];
};

/** Lists every change of every object of the current schema and of its roles, and one unknown object of each kind. */
export async function postgresMutants(run: RunSql, roles: MutantRoles): Promise<readonly Mutant[]> {
  const found = (await run(objects)) as unknown as readonly Found[];
  const makers: Readonly<Record<string, (object: Found, roles: MutantRoles) => readonly Mutant[]>> = {
    table: ofTable,
    column: ofColumn,
    constraint: ofConstraint,
    index: ofIndex,
    trigger: ofTrigger,
    'key trigger': ofTrigger,
    policy: ofPolicy,
    function: ofFunction,
    sequence: ofSequence,
  };
  const table = found.find(({ kind, name }) => kind === 'table' && !name.startsWith('ashlar_'))?.name ?? '';
  // without its last month a table is as it was before the maintenance made that one
  const months = found.filter(
    ({ kind, name, more }) => kind === 'table' && more.includes('partition') && !name.endsWith('_default'),
  );
  const lastMonths = months
    .filter(({ name, more }) => !months.some((other) => other.more === more && other.name > name))
    .map(({ name }) => `${name}: dropped`);
  return [
    ...found
      .flatMap((object) => makers[object.kind]?.(object, roles) ?? [])
      .filter(({ kind, name }) => kind !== 'table' || !lastMonths.includes(name)),
    ...ofRoles(roles),
    ...unknown(table),
  ];
}
