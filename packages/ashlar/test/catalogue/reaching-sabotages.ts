import type { Harmless, Weakening } from './weakening-sabotages.js';

const app = 'ashlar_app';
const tools = ['CREATE SCHEMA tools', `GRANT USAGE ON SCHEMA tools TO ${app}`];
const inbox = [...tools, 'CREATE TABLE tools.inbox (s text)'];
const usable = [...inbox, `GRANT INSERT, UPDATE, DELETE ON tools.inbox TO ${app}`];
const closed = (routine: string): string => `REVOKE EXECUTE ON ROUTINE ${routine} FROM PUBLIC`;
const fires = (security = ''): readonly string[] => [
  `CREATE FUNCTION tools.fire() RETURNS trigger LANGUAGE plpgsql ${security} AS 'BEGIN EXECUTE NEW.s; RETURN NEW; END'`,
  closed('tools.fire()'),
];
const fired = 'CREATE TRIGGER firing BEFORE INSERT ON tools.inbox FOR EACH ROW EXECUTE FUNCTION tools.fire()';
const sums = (security = ''): readonly string[] => [
  `CREATE FUNCTION tools.add(bigint, text) RETURNS bigint LANGUAGE plpgsql ${security} AS 'BEGIN EXECUTE $2; RETURN 1; END'`,
  closed('tools.add(bigint, text)'),
];
const aggregate = (name: string, from = 'tools.add'): string =>
  `CREATE AGGREGATE ${name}(text) (SFUNC = ${from}, STYPE = bigint, INITCOND = '0')`;
const raised = `((1 / (CASE WHEN id IS NULL THEN 1 ELSE 0 END)))`;

/** What other schemas have that runs with the rights of the owner, although no session may call it. */
const running: readonly Weakening[] = [
  {
    name: 'a trigger of a table that the application writes, whose function it may not call',
    sql: [...usable, ...fires('SECURITY DEFINER'), fired],
    named: /ashlar_app can make tools\.fire\(\) run as .*: DROP TRIGGER firing ON tools\.inbox/,
  },
  {
    name: 'such a trigger on a view',
    sql: [
      ...inbox,
      'CREATE VIEW tools.post AS SELECT * FROM tools.inbox',
      `GRANT INSERT ON tools.post TO ${app}`,
      ...fires('SECURITY DEFINER'),
      'CREATE TRIGGER firing INSTEAD OF INSERT ON tools.post FOR EACH ROW EXECUTE FUNCTION tools.fire()',
    ],
    named: /ashlar_app can make tools\.fire\(\) run as/,
  },
  {
    name: 'such a trigger behind a view that writes its table',
    sql: [
      ...inbox,
      'CREATE VIEW tools.post AS SELECT * FROM tools.inbox',
      `GRANT INSERT ON tools.post TO ${app}`,
      ...fires('SECURITY DEFINER'),
      fired,
    ],
    named: /ashlar_app can make tools\.fire\(\) run as/,
  },
  {
    name: 'such a trigger behind a rule of a table that the application writes',
    sql: [
      ...usable,
      'CREATE TABLE tools.log (s text)',
      'CREATE RULE copying AS ON INSERT TO tools.inbox DO ALSO INSERT INTO tools.log VALUES (NEW.s)',
      ...fires('SECURITY DEFINER'),
      fired.replace('ON tools.inbox', 'ON tools.log'),
    ],
    named: /ashlar_app can make tools\.fire\(\) run as .*DROP TRIGGER firing ON tools\.log/,
  },
  {
    name: 'such a trigger of a partition',
    sql: [
      ...tools,
      'CREATE TABLE tools.inbox (s text) PARTITION BY LIST (s)',
      'CREATE TABLE tools.part PARTITION OF tools.inbox DEFAULT',
      `GRANT INSERT ON tools.inbox TO ${app}`,
      ...fires('SECURITY DEFINER'),
      fired.replace('ON tools.inbox', 'ON tools.part'),
    ],
    named: /ashlar_app can make tools\.fire\(\) run as/,
  },
  {
    name: 'a trigger of the caller on a table that a foreign key deletes from, which it does as the owner',
    sql: [
      ...tools,
      'CREATE TABLE tools.inbox (s text PRIMARY KEY)',
      `GRANT SELECT, DELETE ON tools.inbox TO ${app}`,
      'CREATE TABLE tools.kept (s text REFERENCES tools.inbox ON DELETE CASCADE)',
      `CREATE FUNCTION tools.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE OLD.s; RETURN OLD; END'`,
      'CREATE TRIGGER firing BEFORE DELETE ON tools.kept FOR EACH ROW EXECUTE FUNCTION tools.fire()',
    ],
    named: /ashlar_app can make tools\.fire\(\) run as .*DROP TRIGGER firing ON tools\.kept/,
  },
  {
    name: 'a trigger that runs a function of the schema',
    sql: [
      ...usable,
      `CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
      fired.replace('tools.fire', 'public.fire'),
    ],
    named: /the trigger firing of tools\.inbox is made by no step/,
  },
  {
    name: 'a trigger of a table by hand in the schema, whose function runs as its owner',
    sql: [
      ...tools,
      'CREATE TABLE inbox (s text)',
      `GRANT INSERT ON inbox TO ${app}`,
      ...fires('SECURITY DEFINER'),
      fired.replace('ON tools.inbox', 'ON inbox'),
    ],
    named: /inbox: the trigger firing is made by no step/,
  },
  {
    name: 'an aggregate over a function that the application may not call',
    sql: [...tools, ...sums('SECURITY DEFINER'), aggregate('tools.sum_up')],
    named:
      /ashlar_app.* may call the aggregate tools\.sum_up\(text\), which runs tools\.add\(bigint, text\) as/,
  },
  {
    name: 'an aggregate of the schema over such a function',
    sql: [...tools, ...sums('SECURITY DEFINER'), aggregate('sum_up')],
    named:
      /the function sum_up\(text\) is made by no step \(to remove it: DROP AGGREGATE public\.sum_up\(text\)/,
  },
  {
    name: 'an aggregate of another schema over a function of the schema',
    sql: [
      ...tools,
      ...sums('SECURITY DEFINER').map((sql) => sql.replaceAll('tools.add', 'public.add')),
      aggregate('tools.sum_up', 'public.add'),
    ],
    named:
      /the function tools\.sum_up\(text\) is made by no step \(to remove it: DROP AGGREGATE tools\.sum_up\(text\)/,
  },
  {
    name: 'a class of operators whose function runs as its owner',
    sql: [
      ...tools,
      `CREATE FUNCTION tools.compare(text, text) RETURNS integer LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER AS 'BEGIN RETURN 0; END'`,
      closed('tools.compare(text, text)'),
      'CREATE OPERATOR CLASS tools.ordered FOR TYPE text USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 tools.compare(text, text)',
    ],
    named: /tools\.compare\(text, text\), which runs as .*, is called without a check by/,
  },
];

/** What other schemas have that writes or refuses rows of the system. */
const writing: readonly Weakening[] = [
  {
    name: 'a rule of another schema that writes a table',
    sql: [...usable, 'CREATE RULE emptying AS ON INSERT TO tools.inbox DO ALSO DELETE FROM public.clients'],
    named:
      /the rule emptying of tools\.inbox is made by no step \(to remove it: DROP RULE emptying ON tools\.inbox/,
  },
  {
    name: 'a rule of another schema that reads a table through a view of the owner',
    sql: [
      ...usable,
      'CREATE VIEW tools.seen AS SELECT id FROM public.clients',
      'CREATE RULE showing AS ON DELETE TO tools.inbox DO ALSO DELETE FROM tools.seen',
    ],
    named: /the rule showing of tools\.inbox is made by no step/,
  },
  {
    name: 'a rule of another schema whose name is a statement',
    sql: [
      ...usable,
      'CREATE RULE "x; DROP TABLE clients; --" AS ON INSERT TO tools.inbox DO ALSO DELETE FROM public.clients',
    ],
    named: /DROP RULE "x; DROP TABLE clients; --" ON tools\.inbox/,
  },
  {
    name: 'a rule of a view by hand in the schema that writes a table with guarantees',
    sql: [
      'CREATE VIEW apart WITH (security_invoker) AS SELECT 1 AS one',
      'CREATE RULE emptying AS ON DELETE TO apart DO INSTEAD DELETE FROM clients',
    ],
    named: /apart: the rule emptying is made by no step/,
  },
  ...['CASCADE', 'SET NULL', 'RESTRICT', 'NO ACTION'].map(
    (action): Weakening => ({
      name: `a foreign key of another schema with ON DELETE ${action}`,
      sql: [
        ...tools,
        `CREATE TABLE tools.kept (client_id uuid CONSTRAINT keeps REFERENCES public.clients ON DELETE ${action})`,
      ],
      named:
        /the foreign key keeps of tools\.kept is made by no step \(to remove it: ALTER TABLE tools\.kept DROP CONSTRAINT keeps/,
    }),
  ),
  {
    name: 'a foreign key to another schema',
    sql: [
      ...tools,
      'CREATE TABLE tools.parents (id uuid PRIMARY KEY)',
      'ALTER TABLE clients ADD CONSTRAINT kept FOREIGN KEY (id) REFERENCES tools.parents ON DELETE CASCADE NOT VALID',
    ],
    named: /clients: the constraint kept is made by no step/,
  },
  {
    name: 'an index whose expression raises an error',
    sql: [`CREATE INDEX by_key ON clients ${raised}`],
    named: /clients: the index by_key is made by no step/,
  },
  {
    name: 'an index whose condition raises an error',
    sql: ['CREATE INDEX by_key ON clients (id) WHERE (id::text)::integer > 0'],
    named: /clients: the index by_key is made by no step/,
  },
  {
    name: 'an index of a table that a guarantee adds, whose expression raises an error',
    sql: ['CREATE INDEX by_key ON trail ((abs(length(table_name) - 2147483647 - 2)))'],
    named: /trail: the index by_key is made by no step/,
  },
  {
    name: 'an index with a class of operators by hand',
    sql: [
      ...tools,
      `CREATE FUNCTION tools.compare(uuid, uuid) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 0; END'`,
      'CREATE OPERATOR CLASS tools.ordered FOR TYPE uuid USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 tools.compare(uuid, uuid)',
      'CREATE INDEX by_key ON clients (id tools.ordered)',
    ],
    named: /clients: the index by_key is made by no step/,
  },
];

/** What the server takes for a conversion, an operator or a function of its own. */
const standing: readonly Weakening[] = [
  ...['AS IMPLICIT', 'AS ASSIGNMENT', ''].map(
    (context): Weakening => ({
      name: `a cast of the server’s types ${context}`.trimEnd(),
      sql: [`CREATE CAST (text AS uuid) WITH INOUT ${context}`],
      named: /the cast \(text AS uuid\) is made by no step \(to remove it: DROP CAST \(text AS uuid\)/,
    }),
  ),
  {
    name: 'a cast of the server’s types with a function of another schema',
    sql: [
      ...tools,
      `CREATE FUNCTION tools.bool_of(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'`,
      'CREATE CAST (text AS boolean) WITH FUNCTION tools.bool_of(text) AS IMPLICIT',
    ],
    named: /the cast \(text AS boolean\) is made by no step/,
  },
  {
    name: 'such a cast as a member of an extension',
    sql: [
      'CREATE CAST (text AS uuid) WITH INOUT AS IMPLICIT',
      'ALTER EXTENSION plpgsql ADD CAST (text AS uuid)',
    ],
    named: /the cast \(text AS uuid\) of the extension plpgsql is made by no step/,
  },
  {
    name: 'a language',
    sql: [
      'CREATE TRUSTED LANGUAGE mutant HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator',
    ],
    named: /the language mutant is made by no step \(to remove it: DROP LANGUAGE mutant/,
  },
];

/** Rights beyond those that the server and its extensions were made with. */
const rights: readonly Weakening[] = [
  {
    name: 'a right on the stored values of a table',
    sql: [
      `DO $$ BEGIN EXECUTE format('GRANT SELECT ON %s TO ${app}', (SELECT reltoastrelid::regclass FROM pg_class WHERE oid = 'letters'::regclass)); END $$`,
    ],
    named: /ashlar_app has SELECT on pg_toast\.pg_toast_\d+, a table of the server/,
  },
  {
    name: 'USAGE on the schema of stored values',
    sql: [`GRANT USAGE ON SCHEMA pg_toast TO ${app}`],
    named: /ashlar_app has USAGE on the schema pg_toast: REVOKE USAGE ON SCHEMA pg_toast FROM ashlar_app/,
  },
  {
    name: 'CREATE on a schema of the server',
    sql: [`GRANT CREATE ON SCHEMA pg_catalog TO ${app}`],
    named: /ashlar_app has CREATE on the schema pg_catalog/,
  },
  {
    name: 'a right on a view of information_schema',
    sql: ['GRANT UPDATE ON information_schema.sql_features TO PUBLIC'],
    named: /PUBLIC has UPDATE on information_schema\.sql_features, a table of the server/,
  },
  {
    name: 'a right on a function of an extension that it keeps from PUBLIC',
    sql: [
      ...tools,
      `CREATE FUNCTION tools.read_file(text) RETURNS text LANGUAGE sql AS 'SELECT $1'`,
      closed('tools.read_file(text)'),
      'ALTER EXTENSION plpgsql ADD FUNCTION tools.read_file(text)',
      `GRANT EXECUTE ON FUNCTION tools.read_file(text) TO ${app}`,
    ],
    named: /ashlar_app may call tools\.read_file\(text\), a function of the extension plpgsql/,
  },
  {
    name: 'a right on a table of an extension',
    sql: [...inbox, 'ALTER EXTENSION plpgsql ADD TABLE tools.inbox', `GRANT INSERT ON tools.inbox TO ${app}`],
    named: /ashlar_app has INSERT on tools\.inbox, a table of the extension plpgsql/,
  },
  {
    name: 'a right on a large object',
    sql: ['SELECT lo_create(4242)', `GRANT SELECT ON LARGE OBJECT 4242 TO ${app}`],
    named: /ashlar_app has SELECT on the large object 4242/,
  },
  {
    name: 'UPDATE on a sequence by hand',
    sql: ['CREATE SEQUENCE numbers', `GRANT UPDATE ON SEQUENCE numbers TO ${app}`],
    named: /ashlar_app has (?:\w+, )*UPDATE(?:, \w+)* on the sequence public\.numbers/,
  },
  {
    name: 'another owner of the schema',
    sql: ['CREATE ROLE mutant_owner', 'ALTER SCHEMA public OWNER TO mutant_owner'],
    named: /mutant_owner owns the schema public/,
  },
];

export const reaching: readonly Weakening[] = [...running, ...writing, ...standing, ...rights];

export const unreaching: readonly Harmless[] = [
  {
    name: 'a trigger of the owner on a table that the application may not write',
    sql: [...inbox, `GRANT SELECT ON tools.inbox TO ${app}`, ...fires('SECURITY DEFINER'), fired],
  },
  {
    name: 'a trigger of the caller',
    sql: [...usable, ...fires(), fired],
  },
  {
    name: 'a disabled trigger of the owner',
    sql: [...usable, ...fires('SECURITY DEFINER'), fired, 'ALTER TABLE tools.inbox DISABLE TRIGGER firing'],
  },
  { name: 'an aggregate of the caller', sql: [...tools, ...sums(), aggregate('tools.sum_up')] },
  {
    name: 'an aggregate that the application may not call',
    sql: [...tools, ...sums('SECURITY DEFINER'), aggregate('tools.sum_up'), closed('tools.sum_up(text)')],
  },
  {
    name: 'a rule of another schema that touches nothing of the system',
    sql: [...usable, 'CREATE RULE quiet AS ON DELETE TO tools.inbox DO INSTEAD NOTHING'],
  },
  {
    name: 'a foreign key within another schema',
    sql: [
      ...tools,
      'CREATE TABLE tools.a (id integer PRIMARY KEY)',
      'CREATE TABLE tools.b (id integer REFERENCES tools.a ON DELETE CASCADE)',
    ],
  },
  {
    name: 'indexes whose expressions raise no error',
    sql: [
      "CREATE INDEX by_key ON clients (lower(id::text), coalesce(status, status)) WHERE status IN ('active', 'closed') AND id IS NOT NULL",
      "CREATE INDEX by_day ON letters (at DESC, client_id) WHERE at > '2020-01-01T00:00:00Z' OR read_at IS NULL",
    ],
  },
  {
    name: 'USAGE on a sequence by hand',
    sql: ['CREATE SEQUENCE numbers', `GRANT USAGE ON SEQUENCE numbers TO ${app}`],
  },
];
