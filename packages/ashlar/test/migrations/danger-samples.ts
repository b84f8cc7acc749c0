import type { StepMode } from '../../src/migrations/directives.js';

/** Samples of a rule: statements that it points out, and the safe ones beside them. */
export interface Samples {
  readonly bad: readonly string[];
  readonly good: readonly string[];
  /** What a server must have before the first bad sample, beside the table `notes`. */
  readonly before?: string;
  /** The table whose lock the rule is about. Default `notes`. */
  readonly on?: string;
  readonly mode?: StepMode;
}

/** Creates the tables that the samples are about. */
export const sampleTables = `
  CREATE TABLE parents (id int PRIMARY KEY);
  CREATE TABLE notes (id int PRIMARY KEY, body text NOT NULL DEFAULT '', n int, at date, parent int);
  INSERT INTO notes (id, n) VALUES (1, 1), (2, 2);`;

/** Statements of both dialects that write what only a guarantee writes. */
const recordWrites = [
  'INSERT INTO entries_ledger_entries (id) VALUES (1)',
  'UPDATE entries_ledger_tree SET node = NULL WHERE level = 1',
  'DELETE FROM trail WHERE id = 1',
  'UPDATE trail SET actor = NULL WHERE id = 1',
  'INSERT INTO ashlar_session VALUES (1)',
  'DELETE FROM ashlar_migrations WHERE step = 1',
  'WITH old AS (SELECT 1) INSERT INTO trail (id) SELECT 2 FROM old',
];

const scopedCopies: Samples = {
  bad: [
    'CREATE TABLE copies AS SELECT * FROM scoped',
    'CREATE TEMP TABLE copies AS SELECT id FROM notes, scoped',
  ],
  good: ['CREATE TABLE copies AS SELECT * FROM notes'],
};

/** Samples by the rule, for PostgreSQL. */
export const postgresSamples: Readonly<Record<string, Samples>> = {
  'change-guard': {
    bad: [
      'CREATE OR REPLACE FUNCTION entries_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$',
      'CREATE FUNCTION entries_ledger_stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
      'ALTER FUNCTION entries_append_only() SECURITY INVOKER',
      'ALTER ROUTINE entries_append_only() RENAME TO other',
      'DROP ROUTINE entries_append_only',
      'ALTER INDEX versions_of RENAME TO other',
      'CREATE OR REPLACE TRIGGER entries_append_only_delete BEFORE DELETE ON entries FOR EACH ROW WHEN (false) EXECUTE FUNCTION f()',
      'ALTER TRIGGER entries_append_only_delete ON entries RENAME TO other',
    ],
    good: [
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
      'ALTER INDEX other RENAME TO another',
    ],
  },
  'write-records': {
    bad: [
      ...recordWrites,
      'MERGE INTO entries_ledger_tree t USING notes n ON t.id = n.id WHEN MATCHED THEN DELETE',
      "COPY trail FROM '/tmp/trail'",
    ],
    good: ['INSERT INTO notes (id) VALUES (3)', 'UPDATE notes SET n = 1 WHERE id = 1'],
  },
  'copy-scoped': scopedCopies,
  'add-policy': {
    bad: [
      'CREATE POLICY more ON scoped USING (1 = 1)',
      'CREATE POLICY more ON scoped FOR SELECT USING (owner IS NOT NULL)',
      'CREATE POLICY more ON scoped AS PERMISSIVE',
    ],
    good: [
      'CREATE POLICY less ON scoped AS RESTRICTIVE USING (id > 1)',
      'CREATE POLICY p ON notes USING (n = 1)',
    ],
  },
  'definer-reads': {
    bad: [
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$ SELECT count(*) FROM scoped $$',
    ],
    good: [
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT count(*) FROM scoped $$',
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$ SELECT count(*) FROM notes $$',
    ],
  },
  'drop-trail': {
    bad: [
      'DROP TABLE trail',
      'DELETE FROM trail WHERE id = 1',
      'TRUNCATE notes, trail',
      'WITH old AS (DELETE FROM trail WHERE id = 1 RETURNING id) SELECT id FROM old',
    ],
    good: ['DROP TABLE notes'],
  },
  'drop-ledger': {
    bad: ['DROP TABLE IF EXISTS entries', 'TRUNCATE TABLE entries'],
    good: ['DELETE FROM notes WHERE id = 1'],
  },
  'drop-keys': { bad: ['DROP TABLE keys', 'DELETE FROM keys WHERE scope = 1'], good: ['DROP TABLE notes'] },
  'drop-records': {
    bad: ['DROP TABLE entries_ledger_entries', 'DELETE FROM entries_ledger_tree'],
    good: ['DROP TABLE entries'],
  },
  'drop-trigger': {
    before:
      'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION f()',
    bad: ['DROP TRIGGER t ON notes', 'DROP TRIGGER IF EXISTS t ON notes CASCADE'],
    good: [
      'DROP TRIGGER t ON notes; CREATE TRIGGER t BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION f()',
      'DROP TRIGGER t ON notes; CREATE CONSTRAINT TRIGGER t AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION f()',
      'DROP TRIGGER t ON notes; DROP TABLE notes',
    ],
  },
  'drop-guard-index': {
    bad: ['DROP INDEX versions_of', 'DROP INDEX CONCURRENTLY versions_of'],
    good: ['DROP INDEX other'],
  },
  'disable-trigger': {
    bad: [
      'ALTER TABLE notes DISABLE TRIGGER ALL',
      'ALTER TABLE notes DISABLE TRIGGER t',
      'ALTER TABLE notes ADD COLUMN a int, ENABLE TRIGGER t',
      'ALTER TABLE notes ENABLE REPLICA TRIGGER t',
    ],
    good: ['ALTER TABLE notes ENABLE ALWAYS TRIGGER t'],
  },
  'row-security-off': {
    bad: [
      'ALTER TABLE notes DISABLE ROW LEVEL SECURITY',
      'ALTER TABLE ONLY notes NO FORCE ROW LEVEL SECURITY',
    ],
    good: ['ALTER TABLE notes ENABLE ROW LEVEL SECURITY', 'ALTER TABLE notes FORCE ROW LEVEL SECURITY'],
  },
  'drop-policy': {
    before: 'CREATE POLICY p ON notes USING (n = 1)',
    bad: ['DROP POLICY p ON notes', 'DROP POLICY IF EXISTS p ON notes'],
    good: ['DROP POLICY p ON notes; CREATE POLICY p ON notes USING (n = 2)'],
  },
  'alter-policy': {
    before: 'CREATE POLICY p ON notes USING (n = 1)',
    bad: ['ALTER POLICY p ON notes USING (n = 2)'],
    good: ['CREATE POLICY p ON notes USING (n = 1)'],
  },
  'open-policy': {
    bad: [
      'CREATE POLICY p ON notes USING (true)',
      "CREATE POLICY p ON notes FOR INSERT WITH CHECK ('t')",
      'CREATE POLICY p ON notes USING (n = 1) WITH CHECK (true)',
    ],
    good: ['CREATE POLICY p ON notes USING (n = 1)', 'CREATE POLICY p ON notes AS RESTRICTIVE USING (true)'],
  },
  'open-view': {
    bad: [
      'CREATE VIEW v AS SELECT * FROM scoped',
      'CREATE OR REPLACE VIEW v WITH (security_invoker = false) AS SELECT * FROM scoped',
      'CREATE MATERIALIZED VIEW v AS SELECT count(*) FROM scoped',
      'CREATE VIEW own_rows AS SELECT * FROM scoped',
    ],
    good: [
      'CREATE VIEW v WITH (security_invoker = true) AS SELECT * FROM scoped',
      'CREATE VIEW v WITH (security_invoker) AS SELECT * FROM scoped',
      'CREATE VIEW all_rows AS SELECT * FROM scoped',
      'CREATE OR REPLACE VIEW "all_rows" AS SELECT * FROM scoped',
      'CREATE VIEW v AS SELECT * FROM notes',
    ],
  },
  'view-invoker-off': {
    bad: ['ALTER VIEW v SET (security_invoker = false)', 'ALTER VIEW v RESET (security_invoker)'],
    good: ['ALTER VIEW v SET (security_invoker = true)', 'ALTER VIEW v SET (check_option = local)'],
  },
  'definer-function': {
    bad: [
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$ SELECT 1 $$',
      'ALTER FUNCTION f() SECURITY DEFINER',
      'ALTER FUNCTION f() RESET search_path',
      'CREATE OR REPLACE PROCEDURE f() LANGUAGE sql EXTERNAL SECURITY DEFINER AS $$ SELECT 1 $$',
    ],
    good: [
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$ SELECT 1 $$',
      "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'SECURITY DEFINER' $$",
    ],
  },
  'drop-function': {
    bad: ['DROP FUNCTION entries_append_only()', 'DROP FUNCTION other(), entries_append_only()'],
    good: [
      'DROP FUNCTION other()',
      'DROP FUNCTION entries_append_only(); CREATE FUNCTION entries_append_only() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    ],
  },
  grant: {
    bad: [
      'GRANT ALL ON notes TO app',
      'GRANT SELECT, UPDATE (body) ON notes TO PUBLIC',
      'GRANT TRUNCATE ON ALL TABLES IN SCHEMA shop TO app',
      'GRANT owner TO app',
      'ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO app',
    ],
    good: [
      'GRANT SELECT ON notes TO app',
      'GRANT USAGE ON SEQUENCE s TO app',
      'REVOKE ALL ON notes FROM app',
    ],
  },
  owner: {
    bad: [
      'ALTER TABLE notes OWNER TO app',
      'ALTER FUNCTION f() OWNER TO CURRENT_USER',
      'REASSIGN OWNED BY a TO b',
    ],
    good: ['ALTER TABLE notes ADD COLUMN owner int'],
  },
  'replica-role': {
    bad: [
      'SET session_replication_role = replica',
      "SET LOCAL session_replication_role TO 'replica'",
      'ALTER ROLE app SET session_replication_role = replica',
      "SELECT set_config('session_replication_role', 'replica', true)",
      'SET row_security = off',
      "SET ashlar.scope = '*'",
      'SET ROLE app',
      'SET SESSION AUTHORIZATION app',
    ],
    good: [
      "SET work_mem = '1GB'",
      "INSERT INTO notes VALUES ('session_replication_role')",
      'UPDATE notes SET role = 1 WHERE id = 1',
    ],
  },
  'drop-constraint': {
    before: 'ALTER TABLE notes ADD CONSTRAINT c CHECK (n > 0)',
    bad: ['ALTER TABLE notes DROP CONSTRAINT c', 'ALTER TABLE notes DROP CONSTRAINT IF EXISTS c CASCADE'],
    good: ['ALTER TABLE notes DROP CONSTRAINT c; ALTER TABLE notes ADD CONSTRAINT c CHECK (n > 1) NOT VALID'],
  },
  'create-rule': {
    bad: [
      'CREATE RULE r AS ON DELETE TO notes DO INSTEAD NOTHING',
      'CREATE OR REPLACE RULE r AS ON INSERT TO notes DO ALSO NOTHING',
    ],
    good: ['CREATE TABLE rule (id int)'],
  },
  'drop-table': {
    bad: ['DROP TABLE notes', 'DROP TABLE IF EXISTS notes', 'DROP TABLE a, notes'],
    good: ['CREATE TABLE notes (id int); DROP TABLE notes', "INSERT INTO notes VALUES ('DROP TABLE notes')"],
  },
  'drop-column': {
    bad: [
      'ALTER TABLE notes DROP COLUMN body',
      'ALTER TABLE notes ADD COLUMN a int, DROP body',
      'ALTER TABLE notes DROP COLUMN IF EXISTS body',
    ],
    good: ['ALTER TABLE notes DROP CONSTRAINT c', 'ALTER TABLE notes ALTER COLUMN a DROP DEFAULT'],
  },
  'delete-all': {
    bad: [
      'DELETE FROM notes',
      'DELETE FROM ONLY notes RETURNING id',
      'DELETE FROM notes USING (SELECT 1 WHERE true) AS x',
    ],
    good: ['DELETE FROM notes WHERE id = 1'],
  },
  'update-all': {
    bad: ['UPDATE notes SET n = 1', 'UPDATE notes SET n = (SELECT 1 WHERE true)'],
    good: ["UPDATE notes SET n = 1 WHERE body = 'x'"],
  },
  truncate: {
    bad: ['TRUNCATE notes', 'TRUNCATE TABLE ONLY notes RESTART IDENTITY', 'TRUNCATE a, notes'],
    good: ['DELETE FROM notes WHERE id = 1'],
  },
  'truncate-cascade': { bad: ['TRUNCATE notes CASCADE'], good: ['TRUNCATE notes RESTRICT'] },
  'drop-cascade': {
    bad: ['DROP TABLE notes CASCADE', 'DROP TYPE t CASCADE', 'DROP FUNCTION f() CASCADE'],
    good: ['DROP TABLE notes', 'CREATE TABLE a (id int REFERENCES notes ON DELETE CASCADE)'],
  },
  'drop-database': {
    bad: ['DROP DATABASE shop', 'DROP SCHEMA IF EXISTS shop', 'DROP OWNED BY app'],
    good: ['DROP INDEX database'],
  },
  'drop-type': {
    bad: ['DROP TYPE mood', 'DROP DOMAIN mood', 'DROP EXTENSION hstore', 'DROP SEQUENCE s'],
    good: ['ALTER TYPE mood RENAME TO moods'],
  },
  'set-not-null': {
    bad: [
      'ALTER TABLE notes ALTER COLUMN body SET NOT NULL',
      'ALTER TABLE ONLY notes ALTER body SET NOT NULL',
    ],
    good: [
      'ALTER TABLE notes ALTER COLUMN body DROP NOT NULL',
      'ALTER TABLE notes ALTER COLUMN body SET STATISTICS 5',
    ],
  },
  'change-type': {
    bad: [
      'ALTER TABLE notes ALTER n TYPE bigint USING n::bigint',
      'ALTER TABLE notes ALTER COLUMN n SET DATA TYPE numeric',
    ],
    good: ['ALTER TABLE notes ADD COLUMN type text'],
  },
  'volatile-default': {
    before:
      "CREATE FUNCTION own_value() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$; CREATE FUNCTION own_text(int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'x'; END $$",
    bad: [
      'ALTER TABLE notes ADD COLUMN a int DEFAULT own_value()',
      'ALTER TABLE notes ADD COLUMN b text NOT NULL DEFAULT lower(own_text(1)) CHECK (length(b) > 0)',
      'ALTER TABLE notes ADD COLUMN a uuid DEFAULT gen_random_uuid()',
      'ALTER TABLE notes ADD a float DEFAULT random()',
      'ALTER TABLE notes ADD COLUMN IF NOT EXISTS a timestamptz DEFAULT clock_timestamp()',
    ],
    good: [
      'ALTER TABLE notes ADD COLUMN a timestamptz DEFAULT now()',
      'ALTER TABLE notes ADD COLUMN a int DEFAULT 1',
      "ALTER TABLE notes ADD COLUMN a timestamptz(3) DEFAULT date_trunc('milliseconds', now()) CHECK (own_value() > 0)",
      "ALTER TABLE notes ADD COLUMN a numeric(10, 2) DEFAULT '1.00'::numeric(10, 2)",
    ],
  },
  'add-serial': {
    bad: [
      'ALTER TABLE notes ADD COLUMN a bigserial',
      'ALTER TABLE notes ADD COLUMN a bigint GENERATED ALWAYS AS IDENTITY',
    ],
    good: ['ALTER TABLE notes ADD COLUMN a bigint'],
  },
  'add-stored': {
    bad: ['ALTER TABLE notes ADD COLUMN a int GENERATED ALWAYS AS (n + 1) STORED'],
    good: ['ALTER TABLE notes ADD COLUMN a int GENERATED ALWAYS AS (n + 1) VIRTUAL'],
  },
  'add-required': {
    bad: [
      'ALTER TABLE notes ADD COLUMN a int NOT NULL',
      'ALTER TABLE notes ADD a text CHECK (length(a) > 1) NOT NULL',
    ],
    good: [
      'ALTER TABLE notes ADD COLUMN a int NOT NULL DEFAULT 1',
      'ALTER TABLE notes ADD COLUMN a int',
      'ALTER TABLE notes ADD COLUMN a bigserial NOT NULL',
    ],
  },
  'add-column-constraint': {
    bad: [
      'ALTER TABLE notes ADD COLUMN a int UNIQUE',
      'ALTER TABLE notes ADD COLUMN a int DEFAULT 1 CHECK (a > 0)',
      'ALTER TABLE notes ADD COLUMN a int DEFAULT 1 REFERENCES parents',
    ],
    good: [
      'ALTER TABLE notes ADD COLUMN a int CHECK (a > 0)',
      'ALTER TABLE notes ADD COLUMN a int REFERENCES parents',
    ],
  },
  'change-expression': {
    before: 'ALTER TABLE notes ADD COLUMN a int GENERATED ALWAYS AS (n + 1) STORED',
    bad: ['ALTER TABLE notes ALTER COLUMN a SET EXPRESSION AS (n + 2)'],
    good: ['ALTER TABLE notes ALTER COLUMN a DROP EXPRESSION'],
  },
  'change-storage': {
    bad: [
      'ALTER TABLE notes SET UNLOGGED',
      'ALTER TABLE notes SET LOGGED',
      'ALTER TABLE notes SET TABLESPACE fast',
      'ALTER TABLE notes SET ACCESS METHOD heap',
    ],
    good: ['ALTER TABLE notes SET (fillfactor = 70)'],
  },
  'drop-not-null': {
    bad: ['ALTER TABLE notes ALTER COLUMN body DROP NOT NULL'],
    good: ['ALTER TABLE notes ALTER COLUMN body SET NOT NULL'],
  },
  'drop-default': {
    bad: [
      'ALTER TABLE notes ALTER COLUMN body DROP DEFAULT',
      'ALTER TABLE notes ALTER id DROP IDENTITY IF EXISTS',
    ],
    good: ['ALTER TABLE notes ALTER COLUMN body SET DEFAULT 1'],
  },
  'rename-column': {
    bad: ['ALTER TABLE notes RENAME COLUMN body TO text', 'ALTER TABLE notes RENAME body TO text'],
    good: ['ALTER TABLE notes RENAME CONSTRAINT a TO b', 'ALTER TABLE notes RENAME TO memos'],
  },
  'rename-table': {
    bad: ['ALTER TABLE notes RENAME TO memos', 'ALTER TABLE notes SET SCHEMA old'],
    good: ['ALTER TABLE notes RENAME COLUMN body TO text'],
  },
  'check-all-rows': {
    bad: ['ALTER TABLE notes ADD CONSTRAINT c CHECK (n > 0)', 'ALTER TABLE notes ADD CHECK (n > 0)'],
    good: ['ALTER TABLE notes ADD CONSTRAINT c CHECK (n > 0) NOT VALID'],
  },
  'foreign-key-all-rows': {
    bad: [
      'ALTER TABLE notes ADD CONSTRAINT c FOREIGN KEY (parent) REFERENCES parents (id)',
      'ALTER TABLE notes ADD FOREIGN KEY (parent) REFERENCES parents',
    ],
    good: ['ALTER TABLE notes ADD CONSTRAINT c FOREIGN KEY (parent) REFERENCES parents (id) NOT VALID'],
  },
  'follows-deletion': {
    bad: [
      'ALTER TABLE notes ADD CONSTRAINT c FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE NOT VALID',
      'ALTER TABLE notes DROP CONSTRAINT IF EXISTS c, ADD FOREIGN KEY (parent) REFERENCES parents ON DELETE SET NULL',
      'ALTER TABLE notes ADD COLUMN a int REFERENCES parents ON DELETE CASCADE',
    ],
    good: [
      'ALTER TABLE notes ADD CONSTRAINT c FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE RESTRICT',
      'ALTER TABLE notes ADD FOREIGN KEY (parent) REFERENCES parents ON UPDATE CASCADE',
    ],
  },
  'validate-at-once': {
    bad: [
      'ALTER TABLE notes ADD CONSTRAINT c CHECK (n > 0) NOT VALID; ALTER TABLE notes VALIDATE CONSTRAINT c',
    ],
    good: ['ALTER TABLE notes VALIDATE CONSTRAINT c'],
  },
  'unique-constraint': {
    bad: [
      'ALTER TABLE notes ADD CONSTRAINT c UNIQUE (n)',
      'ALTER TABLE notes ADD PRIMARY KEY (n)',
      'ALTER TABLE notes ADD CONSTRAINT c EXCLUDE USING gist (n WITH =)',
    ],
    good: ['ALTER TABLE notes ADD CONSTRAINT c UNIQUE USING INDEX i'],
  },
  'domain-constraint': {
    bad: ['ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0)', 'ALTER DOMAIN d SET NOT NULL'],
    good: ['ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID', 'ALTER DOMAIN d DROP CONSTRAINT c'],
  },
  'create-domain': {
    bad: ['CREATE DOMAIN d AS int CHECK (VALUE > 0)', 'CREATE DOMAIN d AS int NOT NULL'],
    good: ['CREATE DOMAIN d AS int'],
  },
  'attach-partition': {
    before: 'CREATE TABLE months (at date) PARTITION BY RANGE (at); CREATE TABLE month (at date)',
    on: 'months',
    bad: ["ALTER TABLE months ATTACH PARTITION month FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')"],
    good: ['ALTER TABLE months DETACH PARTITION month CONCURRENTLY'],
  },
  'detach-partition': {
    before:
      "CREATE TABLE months (at date) PARTITION BY RANGE (at); CREATE TABLE month PARTITION OF months FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')",
    on: 'months',
    bad: ['ALTER TABLE months DETACH PARTITION month', 'ALTER TABLE months DETACH PARTITION month FINALIZE'],
    good: ['ALTER TABLE months DETACH PARTITION month CONCURRENTLY'],
  },
  inherit: {
    before: 'CREATE TABLE base (); ALTER TABLE notes INHERIT base',
    bad: ['ALTER TABLE notes NO INHERIT base'],
    good: ['ALTER TABLE notes INHERIT base'],
  },
  'enum-order': {
    bad: ["ALTER TYPE mood ADD VALUE 'sad'", "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'sad'"],
    good: ["ALTER TYPE mood ADD VALUE 'sad' BEFORE 'ok'", "ALTER TYPE mood RENAME VALUE 'sad' TO 'low'"],
  },
  'create-index': {
    bad: [
      'CREATE INDEX i ON notes (n)',
      'CREATE UNIQUE INDEX IF NOT EXISTS i ON ONLY notes (n)',
      'CREATE INDEX ON notes USING btree (n)',
    ],
    good: [
      'CREATE INDEX CONCURRENTLY i ON notes (n)',
      'CREATE TABLE notes (id int); CREATE INDEX i ON notes (id)',
    ],
  },
  'concurrently-if-not-exists': {
    mode: 'no-transaction',
    bad: ['CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON notes (n)'],
    good: ['CREATE INDEX CONCURRENTLY i ON notes (n)'],
  },
  'concurrently-in-transaction': {
    bad: [
      'CREATE INDEX CONCURRENTLY i ON notes (n)',
      'DROP INDEX CONCURRENTLY i',
      'REINDEX TABLE CONCURRENTLY notes',
      'REINDEX (CONCURRENTLY) INDEX i',
      'ALTER TABLE notes DETACH PARTITION a CONCURRENTLY',
    ],
    good: ['CREATE INDEX i ON notes (n)', 'REFRESH MATERIALIZED VIEW CONCURRENTLY v'],
  },
  'drop-index': {
    before: 'CREATE INDEX i ON notes (n)',
    bad: ['DROP INDEX i', 'DROP INDEX IF EXISTS i'],
    good: ['DROP INDEX CONCURRENTLY i'],
  },
  reindex: {
    bad: ['REINDEX TABLE notes', 'REINDEX INDEX notes_pkey', 'REINDEX (VERBOSE) DATABASE shop'],
    good: ['REINDEX TABLE CONCURRENTLY notes', 'REINDEX (CONCURRENTLY) TABLE notes'],
  },
  'rewrite-table': {
    bad: ['CLUSTER notes USING notes_pkey', 'VACUUM FULL notes', 'VACUUM (FULL, ANALYZE) notes'],
    good: ['VACUUM notes', 'ALTER TABLE notes CLUSTER ON notes_pkey'],
  },
  'refresh-view': {
    before: 'CREATE MATERIALIZED VIEW counts AS SELECT count(*) FROM notes',
    on: 'counts',
    bad: ['REFRESH MATERIALIZED VIEW counts'],
    good: ['REFRESH MATERIALIZED VIEW CONCURRENTLY counts'],
  },
  'fixed-char': {
    bad: [
      'CREATE TABLE a (id int, b char(3))',
      'ALTER TABLE notes ADD COLUMN b character(3)',
      'CREATE UNLOGGED TABLE IF NOT EXISTS a (b bpchar)',
    ],
    good: ['CREATE TABLE a (b text)', 'CREATE TABLE a (b varchar)', 'CREATE TABLE a (char_count bigint)'],
  },
  varchar: {
    bad: ['CREATE TABLE a (b varchar(3))', 'ALTER TABLE notes ADD b character varying(3)'],
    good: ['CREATE TABLE a (b text CHECK (length(b) <= 3))', 'CREATE TABLE a (b varchar)'],
  },
  timestamp: {
    bad: ['CREATE TABLE a (b timestamp)', 'ALTER TABLE notes ADD COLUMN b timestamp(3) without time zone'],
    good: ['CREATE TABLE a (b timestamptz)', 'CREATE TABLE a (b timestamp with time zone)'],
  },
  'small-key': {
    bad: [
      'CREATE TABLE a (id serial)',
      'CREATE TABLE a (id int PRIMARY KEY)',
      'CREATE TABLE a (id smallint GENERATED ALWAYS AS IDENTITY)',
    ],
    good: ['CREATE TABLE a (id bigint PRIMARY KEY)', 'CREATE TABLE a (n int)'],
  },
  'small-integer': {
    bad: [
      'CREATE TABLE a (id bigint, n int)',
      'ALTER TABLE notes ADD COLUMN a smallint NOT NULL DEFAULT 0',
      'ALTER TABLE notes ADD a integer',
    ],
    good: [
      'CREATE TABLE a (id int PRIMARY KEY)',
      'ALTER TABLE notes ADD COLUMN a bigint',
      'ALTER TABLE notes ADD COLUMN a int CHECK (a BETWEEN 0 AND 9)',
    ],
  },
  serial: {
    bad: ['CREATE TABLE a (id bigserial)', 'ALTER TABLE notes ADD COLUMN a serial8'],
    good: ['CREATE TABLE a (id bigint GENERATED BY DEFAULT AS IDENTITY)', 'CREATE TABLE serial (a bigint)'],
  },
  'long-name': {
    bad: [`CREATE TABLE ${'a'.repeat(64)} (id bigint)`],
    good: [`CREATE TABLE ${'a'.repeat(63)} (id bigint)`],
  },
  transaction: {
    bad: [
      'BEGIN',
      'COMMIT',
      'START TRANSACTION',
      'SAVEPOINT a',
      'ROLLBACK TO SAVEPOINT a',
      "PREPARE TRANSACTION 'x'",
    ],
    good: ['CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$'],
  },
  timeouts: {
    bad: [
      "SET lock_timeout = '5s'",
      'SET LOCAL statement_timeout TO 0',
      "SELECT set_config('lock_timeout', '0', true)",
      'RESET lock_timeout',
      'SET SESSION transaction_timeout = 0',
    ],
    good: ["SET LOCAL work_mem = '1GB'"],
  },
  'not-repeatable': {
    mode: 'no-transaction',
    bad: ['ALTER TABLE notes ADD COLUMN a int; ALTER TABLE notes ADD COLUMN b int'],
    good: [
      'ALTER TABLE notes ADD COLUMN a int',
      'ALTER TABLE notes ADD COLUMN IF NOT EXISTS a int; ALTER TABLE notes VALIDATE CONSTRAINT c',
      'ALTER TABLE notes DROP CONSTRAINT IF EXISTS c; ALTER TABLE notes ADD CONSTRAINT c CHECK (n > 0) NOT VALID; ALTER TABLE notes ALTER COLUMN n SET NOT NULL; ALTER TABLE notes DROP CONSTRAINT c',
    ],
  },
  'names-schema': {
    bad: [
      'ALTER TABLE shop.notes ADD COLUMN a int',
      'CREATE INDEX i ON shop.notes (n); DROP TABLE IF EXISTS "shop"."notes"',
      'INSERT INTO shop.notes VALUES (1)',
      'DELETE FROM ONLY shop.notes WHERE id = 1',
    ],
    good: [
      'ALTER TABLE notes ADD COLUMN a int',
      'SELECT pg_catalog.now()',
      'UPDATE notes SET n = notes.n WHERE id = 1',
    ],
  },
  'lock-table': {
    bad: ['LOCK TABLE notes IN EXCLUSIVE MODE', 'LOCK notes', 'LOCK TABLE ONLY a, notes'],
    good: ['SELECT 1 FROM notes FOR UPDATE'],
  },
  'rewrites-others': {
    bad: [
      "ALTER SYSTEM SET work_mem = '1GB'",
      "ALTER DATABASE shop SET work_mem = '1GB'",
      'ALTER ROLE app NOLOGIN',
    ],
    good: ['ALTER TABLE notes ADD COLUMN a int'],
  },
};

/** Samples by the rule, for SQLite. */
export const sqliteSamples: Readonly<Record<string, Samples>> = {
  'change-guard': {
    bad: [
      'CREATE TRIGGER entries_append_only_delete BEFORE DELETE ON entries WHEN 0 BEGIN SELECT 1; END',
      'DROP TRIGGER entries_append_only_update; CREATE TRIGGER entries_append_only_update BEFORE UPDATE ON entries BEGIN SELECT 1; END',
    ],
    good: ['CREATE TRIGGER t BEFORE INSERT ON notes BEGIN SELECT 1; END'],
  },
  'write-records': {
    bad: [
      ...recordWrites,
      'UPDATE sqlite_schema SET sql = 1 WHERE name = 2',
      'REPLACE INTO ashlar_purge VALUES (1)',
      'INSERT OR IGNORE INTO ashlar_purge VALUES (1)',
    ],
    good: ['INSERT INTO notes (id) VALUES (3)', 'UPDATE notes SET n = 1 WHERE id = 1'],
  },
  'copy-scoped': scopedCopies,
  'or-replace': {
    bad: [
      'REPLACE INTO notes VALUES (1)',
      'INSERT OR REPLACE INTO notes VALUES (1)',
      'UPDATE OR REPLACE notes SET a = 1 WHERE b',
    ],
    good: ['INSERT INTO notes VALUES (1)', 'INSERT OR ABORT INTO notes VALUES (1)'],
  },
  'or-ignore': {
    bad: ['INSERT OR IGNORE INTO notes SELECT * FROM old', 'UPDATE OR IGNORE notes SET a = 1 WHERE b'],
    good: ['INSERT INTO notes SELECT * FROM old'],
  },
  'drop-trail': { bad: ['DROP TABLE trail', 'DELETE FROM trail WHERE id = 1'], good: ['DROP TABLE notes'] },
  'drop-ledger': { bad: ['DROP TABLE entries'], good: ['DELETE FROM notes WHERE id = 1'] },
  'drop-keys': { bad: ['DELETE FROM keys'], good: ['DROP TABLE notes'] },
  'drop-records': { bad: ['DROP TABLE entries_ledger_entries'], good: ['DROP TABLE entries'] },
  'drop-trigger': {
    bad: ['DROP TRIGGER t', 'DROP TRIGGER IF EXISTS t'],
    good: ['DROP TRIGGER t; CREATE TRIGGER t BEFORE INSERT ON notes BEGIN SELECT 1; END'],
  },
  'drop-guard-index': { bad: ['DROP INDEX versions_of'], good: ['DROP INDEX other'] },
  pragma: {
    bad: [
      'foreign_keys',
      'ignore_check_constraints',
      'writable_schema',
      'recursive_triggers',
      'defer_foreign_keys',
    ].flatMap((name) => [`PRAGMA ${name} = OFF`, `PRAGMA ${name}(0)`, `PRAGMA main.${name} = 1`]),
    good: ['PRAGMA foreign_keys', 'PRAGMA foreign_key_check', 'PRAGMA user_version = 3'],
  },
  'drop-table': {
    bad: ['DROP TABLE notes', 'DROP TABLE IF EXISTS main.notes'],
    good: ['CREATE TABLE notes (id); DROP TABLE notes'],
  },
  'drop-column': {
    bad: ['ALTER TABLE notes DROP COLUMN body', 'ALTER TABLE [notes] DROP body'],
    good: ['ALTER TABLE notes ADD COLUMN body'],
  },
  'delete-all': {
    bad: ['DELETE FROM notes', 'DELETE FROM `notes`'],
    good: ['DELETE FROM notes WHERE id = 1'],
  },
  'update-all': {
    bad: ['UPDATE notes SET n = 1', 'UPDATE OR REPLACE notes SET n = 1'],
    good: ['UPDATE notes SET n = 1 WHERE id = 1'],
  },
  'add-required': {
    bad: ['ALTER TABLE notes ADD COLUMN a INTEGER NOT NULL'],
    good: ['ALTER TABLE notes ADD COLUMN a INTEGER NOT NULL DEFAULT 1'],
  },
  'follows-deletion': {
    bad: ['ALTER TABLE notes ADD COLUMN a INTEGER REFERENCES parents ON DELETE SET NULL'],
    good: ['ALTER TABLE notes ADD COLUMN a INTEGER REFERENCES parents'],
  },
  'rename-column': {
    bad: ['ALTER TABLE notes RENAME COLUMN a TO b'],
    good: ['ALTER TABLE notes RENAME TO b'],
  },
  'rename-table': {
    bad: ['ALTER TABLE notes RENAME TO memos'],
    good: ['CREATE TABLE memos_new (id); ALTER TABLE memos_new RENAME TO memos'],
  },
  vacuum: { bad: ['VACUUM', "VACUUM INTO 'x'"], good: ['PRAGMA incremental_vacuum'] },
  transaction: {
    bad: ['BEGIN IMMEDIATE', 'COMMIT', 'END', 'SAVEPOINT a'],
    good: ['CREATE TRIGGER t AFTER INSERT ON notes BEGIN SELECT 1; END'],
  },
};
