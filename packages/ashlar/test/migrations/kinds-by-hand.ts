import type { SqlName } from '../../src/contract/sql.js';

/** An object that a person makes; its names begin with `mine_` and the name of its kind. */
export interface KindByHand {
  readonly make: string;
  /** Statements that remove it again, before the change. */
  readonly drop: string;
  /** A query whose rows stay the same for as long as the object is there and has its content; `TABLE` is the table. */
  readonly works: string;
  /** A statement that uses it; it must succeed before the change and after it. */
  readonly use?: string;
}

type Kinds = Readonly<Record<string, KindByHand>>;

const inSqlite = (name: string): string => `SELECT name FROM sqlite_schema WHERE name = '${name}'`;
const onSqlite = (type: string, name: string, rest: string): KindByHand => ({
  make: `CREATE ${type} ${name} ${rest}`,
  drop: `DROP ${type.replace('UNIQUE ', '')} IF EXISTS ${name}`,
  works: inSqlite(name),
});
const written = (name: string, statement: string): KindByHand => ({
  make: `CREATE TABLE mine_${name}_src (x TEXT);
CREATE TRIGGER mine_${name} AFTER INSERT ON mine_${name}_src BEGIN ${statement}; END`,
  drop: `DROP TABLE IF EXISTS mine_${name}_src`,
  works: inSqlite(`mine_${name}`),
  use: `INSERT INTO mine_${name}_src VALUES ('019368a0-0000-7000-8000-00000000000f')`,
});

const sqlite: Kinds = {
  index: onSqlite('INDEX', 'mine_index', 'ON notes (title, size)'),
  unique: onSqlite('UNIQUE INDEX', 'mine_unique', 'ON notes (title)'),
  partial: onSqlite('UNIQUE INDEX', 'mine_partial', 'ON notes (title) WHERE size > 0'),
  expression: onSqlite('INDEX', 'mine_expression', 'ON notes (lower(title))'),
  otherIndex: onSqlite('INDEX', 'mine_otherIndex', 'ON notes (note)'),
  view: {
    ...onSqlite('VIEW', 'mine_view', 'AS SELECT title FROM notes'),
    works: 'SELECT count(*) AS n FROM mine_view',
  },
  otherView: {
    ...onSqlite('VIEW', 'mine_otherView', 'AS SELECT id FROM notes WHERE id > 0'),
    works: 'SELECT count(*) AS n FROM mine_otherView',
  },
  viewOfView: {
    make: 'CREATE VIEW mine_viewOfView_1 AS SELECT title FROM notes; CREATE VIEW mine_viewOfView AS SELECT upper(title) AS u FROM mine_viewOfView_1',
    drop: 'DROP VIEW IF EXISTS mine_viewOfView; DROP VIEW IF EXISTS mine_viewOfView_1',
    works: 'SELECT * FROM mine_viewOfView',
  },
  instead: {
    make: `CREATE VIEW mine_instead_view AS SELECT title FROM notes;
CREATE TRIGGER mine_instead INSTEAD OF INSERT ON mine_instead_view BEGIN INSERT INTO notes (title, size, note) VALUES (new.title, 3, new.title); END`,
    drop: 'DROP VIEW IF EXISTS mine_instead_view',
    works: inSqlite('mine_instead'),
    use: "INSERT INTO mine_instead_view VALUES ('019368a0-0000-7000-8000-0000000000ff')",
  },
  log: {
    make: `CREATE TABLE mine_log_rows (t TEXT);
CREATE TRIGGER mine_log AFTER UPDATE OF title ON notes BEGIN INSERT INTO mine_log_rows VALUES (new.title); END`,
    drop: 'DROP TRIGGER IF EXISTS mine_log; DROP TABLE IF EXISTS mine_log_rows',
    works: inSqlite('mine_log'),
  },
  otherLog: {
    make: `CREATE TABLE mine_otherLog_rows (t TEXT);
CREATE TRIGGER mine_otherLog AFTER INSERT ON notes BEGIN INSERT INTO mine_otherLog_rows VALUES (new.id); END`,
    drop: 'DROP TRIGGER IF EXISTS mine_otherLog; DROP TABLE IF EXISTS mine_otherLog_rows',
    works: inSqlite('mine_otherLog'),
  },
  inserts: written('inserts', 'INSERT INTO notes (title, size, note) VALUES (new.x, 7, new.x)'),
  updates: written('updates', 'UPDATE notes SET title = title WHERE size = 99'),
  rowUpdates: written('rowUpdates', 'UPDATE notes SET (title, size) = (title, size) WHERE size = 99'),
  deletes: written('deletes', 'DELETE FROM notes WHERE title = new.x'),
  selects: written('selects', 'SELECT title FROM notes'),
  upserts: written(
    'upserts',
    'INSERT INTO notes (id, title, size, note) VALUES (1, new.x, 7, new.x) ON CONFLICT (id) DO UPDATE SET title = notes.title',
  ),
  column: {
    make: "ALTER TABLE notes ADD COLUMN mine_column TEXT; UPDATE notes SET mine_column = 'v' || size",
    drop: 'ALTER TABLE notes DROP COLUMN mine_column',
    works: 'SELECT mine_column FROM TABLE',
  },
  computed: {
    make: 'ALTER TABLE notes ADD COLUMN mine_computed TEXT GENERATED ALWAYS AS (upper(title)) VIRTUAL',
    drop: 'ALTER TABLE notes DROP COLUMN mine_computed',
    works: 'SELECT mine_computed FROM TABLE',
  },
  child: {
    make: 'CREATE TABLE mine_child (n INTEGER REFERENCES notes (id) ON DELETE CASCADE); INSERT INTO mine_child SELECT id FROM notes',
    drop: 'DROP TABLE IF EXISTS mine_child',
    works: 'SELECT * FROM mine_child',
    use: 'INSERT INTO mine_child VALUES (1)',
  },
  words: {
    make: `CREATE VIRTUAL TABLE mine_words USING fts5(title, content='notes', content_rowid='id');
CREATE TRIGGER mine_words_i AFTER INSERT ON notes BEGIN INSERT INTO mine_words (rowid, title) VALUES (new.id, new.title); END;
INSERT INTO mine_words (mine_words) VALUES ('rebuild')`,
    drop: 'DROP TRIGGER IF EXISTS mine_words_i; DROP TABLE IF EXISTS mine_words',
    works: 'SELECT rowid FROM mine_words WHERE mine_words MATCH \'"019368a0"\'',
  },
  contentless: {
    make: "CREATE VIRTUAL TABLE mine_contentless USING fts5(title, content=''); INSERT INTO mine_contentless (rowid, title) SELECT id, title FROM notes",
    drop: 'DROP TABLE IF EXISTS mine_contentless',
    works: 'SELECT rowid FROM mine_contentless WHERE mine_contentless MATCH \'"019368a0"\'',
  },
  rtree: {
    make: 'CREATE VIRTUAL TABLE mine_rtree USING rtree(id, lo, hi); INSERT INTO mine_rtree SELECT id, size, size FROM notes',
    drop: 'DROP TABLE IF EXISTS mine_rtree',
    works: 'SELECT id, lo FROM mine_rtree',
  },
  table: {
    make: "CREATE TABLE mine_table (x); INSERT INTO mine_table VALUES ('title')",
    drop: 'DROP TABLE IF EXISTS mine_table',
    works: 'SELECT * FROM mine_table',
  },
};

const inCatalogue = (table: string, column: string, name: string): string =>
  `SELECT ${column}::text AS name FROM ${table} WHERE ${column} = '${name}'`;
const trigger = (name: string, when: string, body: string): KindByHand => ({
  make: `CREATE FUNCTION ${name}_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
CREATE TRIGGER ${name} ${when} ON notes FOR EACH ROW EXECUTE FUNCTION ${name}_f()`,
  drop: `DROP FUNCTION IF EXISTS ${name}_f() CASCADE`,
  works: inCatalogue('pg_trigger', 'tgname', name),
});
const fn = (name: string, type: string, language: string, body: string): KindByHand => ({
  make: `CREATE FUNCTION ${name}() RETURNS ${type} LANGUAGE ${language} AS $$ ${body} $$`,
  drop: `DROP FUNCTION IF EXISTS ${name}()`,
  works: `SELECT ${name}()::text AS x`,
});
const onTable = (name: string, rest: string): KindByHand => ({
  make: `ALTER TABLE notes ADD CONSTRAINT ${name} ${rest}`,
  drop: `ALTER TABLE notes DROP CONSTRAINT ${name}`,
  works: inCatalogue('pg_constraint', 'conname', name),
});
const pgIndex = (name: string, unique: string, rest: string): KindByHand => ({
  make: `CREATE ${unique} INDEX ${name} ON notes ${rest}`,
  drop: `DROP INDEX IF EXISTS ${name}`,
  works: inCatalogue('pg_class', 'relname', name),
});
const pgWrites = (name: string, statement: string): KindByHand => ({
  make: `CREATE TABLE ${name}_src (x text);
CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${statement}; RETURN NEW; END $$;
CREATE TRIGGER ${name} AFTER INSERT ON ${name}_src FOR EACH ROW EXECUTE FUNCTION ${name}()`,
  drop: `DROP TABLE IF EXISTS ${name}_src; DROP FUNCTION IF EXISTS ${name}()`,
  works: inCatalogue('pg_trigger', 'tgname', name),
  use: `INSERT INTO ${name}_src VALUES ('019368a0-0000-7000-8000-00000000000f')`,
});

const postgres: Kinds = {
  index: pgIndex('mine_index', '', '(title, size)'),
  unique: pgIndex('mine_unique', 'UNIQUE', '(lower(title)) WHERE size > 0'),
  otherindex: pgIndex('mine_otherindex', '', '(note)'),
  view: {
    make: 'CREATE VIEW mine_view AS SELECT title FROM notes',
    drop: 'DROP VIEW IF EXISTS mine_view',
    works: 'SELECT count(*) AS n FROM mine_view',
  },
  otherview: {
    make: 'CREATE VIEW mine_otherview AS SELECT id FROM notes WHERE id > 0',
    drop: 'DROP VIEW IF EXISTS mine_otherview',
    works: 'SELECT count(*) AS n FROM mine_otherview',
  },
  materialized: {
    make: 'CREATE MATERIALIZED VIEW mine_materialized AS SELECT title FROM notes; CREATE UNIQUE INDEX mine_materialized_i ON mine_materialized (title)',
    drop: 'DROP MATERIALIZED VIEW IF EXISTS mine_materialized',
    works: 'SELECT * FROM mine_materialized',
    use: 'REFRESH MATERIALIZED VIEW mine_materialized',
  },
  plpgsql: fn('mine_plpgsql', 'bigint', 'plpgsql', 'BEGIN RETURN (SELECT count(title) FROM notes); END'),
  rows: fn('mine_rows', 'bigint', 'plpgsql', 'BEGIN RETURN (SELECT count(*) FROM notes); END'),
  dynamic: fn(
    'mine_dynamic',
    'bigint',
    'plpgsql',
    "DECLARE n bigint; BEGIN EXECUTE 'SELECT count(title) FROM notes' INTO n; RETURN n; END",
  ),
  sql: fn('mine_sql', 'bigint', 'sql', 'SELECT count(title) FROM notes'),
  atomic: {
    ...fn('mine_atomic', '', '', ''),
    make: 'CREATE FUNCTION mine_atomic() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(title) FROM notes; END',
  },
  row: {
    make: 'CREATE FUNCTION mine_row(n notes) RETURNS text LANGUAGE sql AS $$ SELECT n.title $$',
    drop: 'DROP FUNCTION IF EXISTS mine_row',
    works: "SELECT proname::text AS name FROM pg_proc WHERE proname = 'mine_row'",
  },
  procedure: {
    make: 'CREATE PROCEDURE mine_procedure() LANGUAGE plpgsql AS $$ BEGIN PERFORM title FROM notes; END $$',
    drop: 'DROP PROCEDURE IF EXISTS mine_procedure()',
    works: "SELECT proname::text AS name FROM pg_proc WHERE proname = 'mine_procedure'",
    use: 'CALL mine_procedure()',
  },
  elsewhere: {
    make: `CREATE TABLE mine_elsewhere_t (title text); INSERT INTO mine_elsewhere_t VALUES ('x');
CREATE FUNCTION mine_elsewhere() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(e.title) FROM mine_elsewhere_t e); END $$`,
    drop: 'DROP FUNCTION IF EXISTS mine_elsewhere(); DROP TABLE IF EXISTS mine_elsewhere_t',
    works: 'SELECT mine_elsewhere()::text AS x',
  },
  sets: trigger('mine_sets', 'BEFORE INSERT OR UPDATE', 'NEW.title := trim(NEW.title); RETURN NEW;'),
  setsother: trigger('mine_setsother', 'BEFORE INSERT OR UPDATE', 'NEW.id := NEW.id; RETURN NEW;'),
  of: trigger('mine_of', 'BEFORE UPDATE OF title', 'RETURN NEW;'),
  disabled: {
    ...trigger('mine_disabled', 'BEFORE UPDATE', 'RETURN NEW;'),
    make: `${trigger('mine_disabled', 'BEFORE UPDATE', 'RETURN NEW;').make}; ALTER TABLE notes DISABLE TRIGGER mine_disabled`,
    works: "SELECT tgenabled::text AS name FROM pg_trigger WHERE tgname = 'mine_disabled'",
  },
  inserts: pgWrites('mine_inserts', 'INSERT INTO notes (title, size, note) VALUES (NEW.x, 7, NEW.x)'),
  updates: pgWrites('mine_updates', 'UPDATE notes SET title = title WHERE size = 99'),
  words: {
    make: "ALTER TABLE notes ADD COLUMN mine_words tsvector GENERATED ALWAYS AS (to_tsvector('simple', title)) STORED; CREATE INDEX mine_words_i ON notes USING gin (mine_words)",
    drop: 'ALTER TABLE notes DROP COLUMN mine_words',
    works: 'SELECT mine_words::text AS w FROM TABLE',
  },
  arguments: {
    make: `ALTER TABLE notes ADD COLUMN mine_arguments tsvector;
CREATE TRIGGER mine_arguments BEFORE INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(mine_arguments, 'pg_catalog.simple', title);
UPDATE notes SET title = title`,
    drop: 'DROP TRIGGER mine_arguments ON notes; ALTER TABLE notes DROP COLUMN mine_arguments',
    works: 'SELECT mine_arguments::text AS w FROM TABLE',
  },
  uniqueconstraint: onTable('mine_uniqueconstraint', 'UNIQUE (title, size)'),
  check: onTable('mine_check', "CHECK (title <> '019368a0-0000-7000-8000-0000000000bb')"),
  exclude: onTable('mine_exclude', 'EXCLUDE USING btree (title WITH =)'),
  child: {
    make: 'CREATE TABLE mine_child (n bigint REFERENCES notes (id) ON DELETE CASCADE); INSERT INTO mine_child SELECT id FROM notes',
    drop: 'DROP TABLE IF EXISTS mine_child',
    works: 'SELECT * FROM mine_child',
    use: 'INSERT INTO mine_child VALUES (1)',
  },
  enum: {
    make: "CREATE TYPE mine_enum AS ENUM ('a', 'b'); ALTER TABLE notes ADD COLUMN mine_enum_column mine_enum DEFAULT 'a'",
    drop: 'ALTER TABLE notes DROP COLUMN mine_enum_column',
    works: 'SELECT mine_enum_column::text AS e FROM TABLE',
  },
  statistics: {
    make: 'CREATE STATISTICS mine_statistics ON title, size FROM notes',
    drop: 'DROP STATISTICS IF EXISTS mine_statistics',
    works: inCatalogue('pg_statistic_ext', 'stxname', 'mine_statistics'),
  },
  policy: {
    make: 'CREATE POLICY mine_policy ON notes USING (size > 0 AND title IS NOT NULL)',
    drop: 'DROP POLICY mine_policy ON notes',
    works: inCatalogue('pg_policy', 'polname', 'mine_policy'),
  },
  rule: {
    make: 'CREATE TABLE mine_rule_rows (t text); CREATE RULE mine_rule AS ON DELETE TO notes DO ALSO INSERT INTO mine_rule_rows VALUES (OLD.title)',
    drop: 'DROP RULE mine_rule ON notes',
    works: inCatalogue('pg_rules', 'rulename', 'mine_rule'),
  },
  sequence: {
    make: 'CREATE SEQUENCE mine_sequence START 5',
    drop: 'DROP SEQUENCE IF EXISTS mine_sequence',
    works: "SELECT start_value::text AS s FROM pg_sequences WHERE sequencename = 'mine_sequence'",
  },
  storage: {
    make: 'ALTER TABLE notes SET (fillfactor = 70)',
    drop: 'ALTER TABLE notes RESET (fillfactor)',
    works: "SELECT reloptions::text AS o FROM pg_class WHERE relname IN ('notes', 'papers')",
  },
  table: {
    make: "CREATE TABLE mine_table (title text); INSERT INTO mine_table VALUES ('title')",
    drop: 'DROP TABLE IF EXISTS mine_table',
    works: 'SELECT * FROM mine_table',
  },
};

/** What a person may make over a table `notes` with the columns id, title, size and note. */
export const kindsByHand: Readonly<Record<SqlName, Kinds>> = { sqlite, postgres };
