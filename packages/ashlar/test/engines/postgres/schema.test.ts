import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Place } from '../../../../../test/support/engines.js';
import type { Renames } from '../../../src/contract/dialect.js';
import type { Engine } from '../../../src/contract/engine.js';
import type { Guarantee } from '../../../src/contract/guarantee.js';
import type { Schema, SchemaChange } from '../../../src/contract/schema.js';
import { openEngine } from '../../../src/engines/open.js';
import { postgresDialect } from '../../../src/engines/postgres/dialect.js';
import { openShadow } from '../../../src/engines/shadow.js';
import {
  autoincrement,
  check,
  id,
  index,
  inet,
  primaryKey,
  references,
  type Table,
  table,
  timestamp,
  timestamps,
  unique,
} from '../../../src/model/index.js';
import { createTables, postgresEngines } from './opened.js';

const frozen: Guarantee = {
  kind: 'guarantee',
  name: 'frozen',
  summary: 'No row is ever changed.',
  sqlite: { level: 'refused', why: 'Not of interest here.' },
  postgres: {
    level: 'enforced',
    objects: ({ name }) => [
      {
        type: 'trigger',
        name: `${name}_frozen`,
        sql: `CREATE TRIGGER ${name}_frozen BEFORE UPDATE ON ${name} FOR EACH ROW EXECUTE FUNCTION refuse_change();\nALTER TABLE ${name} ENABLE ALWAYS TRIGGER ${name}_frozen;`,
      },
      {
        type: 'function',
        name: 'refuse_change',
        sql: "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  RAISE EXCEPTION 'ashlar/frozen: rows of % are never changed', TG_TABLE_NAME;\nEND\n$$",
      },
    ],
  },
};

const monthly: Guarantee = {
  kind: 'guarantee',
  name: 'monthly',
  summary: 'Months stand apart.',
  sqlite: { level: 'refused', why: 'SQLite has no partitions.' },
  postgres: { level: 'enforced', clause: () => 'PARTITION BY RANGE (at)', objects: () => [] },
};

const jobs = table('jobs', { id: autoincrement(), name: z.string().min(1).max(50), ...timestamps() }, (c) => [
  unique(c.name),
]);
const lines = table(
  'lines',
  {
    id: id(),
    job_id: z.int(),
    state: z.enum(['open', "won't do"]).default('open'),
    amount: z.int().min(0).max(1000).multipleOf(5).default(0),
    code: z.string().startsWith('a_').endsWith('🪨'),
    ip: inet().nullable(),
    details: z.record(z.string(), z.json()).default({}),
  },
  (c) => [
    references(c.job_id, jobs.columns.id, { onDelete: 'cascade' }),
    index(c.state, { where: 'amount > 0' }),
    index(c.job_id, c.state),
    check('lines_sane', 'amount < 1000 OR ip IS NOT NULL'),
    frozen,
  ],
);
const events = table('events', { id: id(), at: timestamp(), kind: z.string() }, (c) => [
  primaryKey(c.id, c.at),
  index(c.kind, c.at),
  monthly,
]);

const describeSchema = (engine: Engine): Promise<Schema> =>
  engine.asOwner((owner) => engine.introspect(owner));

const shadowOf = async (tables: readonly Table[]): Promise<Schema> => {
  const shadow = await openShadow('postgres');
  try {
    await createTables(shadow, ...tables);
    return await describeSchema(shadow);
  } finally {
    await shadow.close();
  }
};

describe.each(postgresEngines)('the schema on $name', (test) => {
  let engine: Engine;
  let place: Place;
  beforeAll(async () => {
    place = await test.place();
    engine = await openEngine({ url: place.url });
  });
  afterAll(async () => {
    await engine?.close();
    await place?.remove();
  });

  const run = (statements: readonly string[]): Promise<void> =>
    engine.asOwner((owner) =>
      owner.atomically(async () => {
        for (const statement of statements) await owner.script(statement);
      }),
    );
  const up = (steps: readonly SchemaChange[]): Promise<void> => run(steps.flatMap((step) => step.up));
  const down = (steps: readonly SchemaChange[]): Promise<void> =>
    run(steps.toReversed().flatMap((step) => step.down));
  const rows = (sql: string): Promise<readonly Record<string, unknown>[]> =>
    engine.asOwner((owner) => owner.run(sql));
  const reset = (): Promise<void> => run(['DROP SCHEMA public CASCADE', 'CREATE SCHEMA public']);
  const compare = async (
    wanted: Schema,
    model: readonly Table[],
    renames: Renames = {},
  ): Promise<readonly SchemaChange[]> =>
    postgresDialect.changes(await describeSchema(engine), wanted, model, renames);

  it('is described without the objects of other tables, and dumps to readable SQL that creates it again', async () => {
    await reset();
    await createTables(engine, jobs, lines, events);
    await run([
      'CREATE TABLE ashlar_migrations (id int)',
      'CREATE TABLE events_default PARTITION OF events DEFAULT',
      'CREATE INDEX events_default_extra ON events_default (kind)',
    ]);
    const schema = await describeSchema(engine);
    expect(schema.tables.map(({ name }) => name)).toEqual(['events', 'jobs', 'lines']);
    const text = postgresDialect.dump(schema);
    expect(text).toBe(postgresDialect.dump(await shadowOf([jobs, lines, events])));
    expect(text).toMatchInlineSnapshot(`
      "CREATE TABLE events (
        id uuid NOT NULL,
        at timestamptz(3) NOT NULL,
        kind text COLLATE "C" NOT NULL,
        CONSTRAINT events_pkey PRIMARY KEY (id, at),
        CONSTRAINT events_at_check CHECK (at >= '0001-01-01 00:00:00+00'::timestamptz AND at < '10000-01-01 00:00:00+00'::timestamptz),
        CONSTRAINT events_kind_check CHECK (octet_length(kind) <= 2000)
      ) PARTITION BY RANGE (at);
      CREATE INDEX events_kind_at_idx ON events (kind, at);

      CREATE TABLE jobs (
        id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
        name text COLLATE "C" NOT NULL,
        created_at timestamptz(3) DEFAULT now() NOT NULL,
        updated_at timestamptz(3) DEFAULT now() NOT NULL,
        CONSTRAINT jobs_pkey PRIMARY KEY (id),
        CONSTRAINT jobs_name_key UNIQUE (name),
        CONSTRAINT jobs_created_at_check CHECK (created_at >= '0001-01-01 00:00:00+00'::timestamptz AND created_at < '10000-01-01 00:00:00+00'::timestamptz),
        CONSTRAINT jobs_id_check CHECK (id >= 1 AND id <= '9007199254740991'::bigint),
        CONSTRAINT jobs_name_check CHECK (char_length(name) >= 1 AND char_length(name) <= 50),
        CONSTRAINT jobs_updated_at_check CHECK (updated_at >= '0001-01-01 00:00:00+00'::timestamptz AND updated_at < '10000-01-01 00:00:00+00'::timestamptz)
      );

      CREATE TABLE lines (
        id uuid NOT NULL,
        job_id bigint NOT NULL,
        state text COLLATE "C" DEFAULT 'open'::text NOT NULL,
        amount integer DEFAULT 0 NOT NULL,
        code text COLLATE "C" NOT NULL,
        ip inet,
        details jsonb DEFAULT '{}'::jsonb NOT NULL,
        CONSTRAINT lines_pkey PRIMARY KEY (id),
        CONSTRAINT lines_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs(id) ON DELETE CASCADE,
        CONSTRAINT lines_amount_check CHECK (amount >= 0 AND amount <= 1000 AND (amount % 5) = 0),
        CONSTRAINT lines_code_check CHECK (starts_with(code, 'a_'::text) AND "right"(code, 1) = '🪨'::text),
        CONSTRAINT lines_ip_check CHECK (ip = host(ip)::inet),
        CONSTRAINT lines_job_id_check CHECK (job_id >= '-9007199254740991'::bigint AND job_id <= '9007199254740991'::bigint),
        CONSTRAINT lines_sane CHECK (amount < 1000 OR ip IS NOT NULL),
        CONSTRAINT lines_state_check CHECK (state = ANY (ARRAY['open'::text, 'won''t do'::text]))
      );
      CREATE INDEX lines_job_id_state_idx ON lines (job_id, state);
      CREATE INDEX lines_state_idx ON lines (state) WHERE amount > 0;

      CREATE OR REPLACE FUNCTION jobs_updated_at_touched()
       RETURNS trigger
       LANGUAGE plpgsql
       SET search_path TO 'pg_catalog', 'pg_temp'
      AS $function$
      BEGIN
        -- a session of a connection with a clock of its own has that clock's time in a setting
        NEW.updated_at := coalesce(nullif(current_setting('ashlar.now', true), '')::pg_catalog.timestamptz, now());
        RETURN NEW;
      END
      $function$;

      CREATE OR REPLACE FUNCTION refuse_change()
       RETURNS trigger
       LANGUAGE plpgsql
      AS $function$
      BEGIN
        RAISE EXCEPTION 'ashlar/frozen: rows of % are never changed', TG_TABLE_NAME;
      END
      $function$;

      CREATE TRIGGER jobs_updated_at_touched BEFORE UPDATE ON jobs FOR EACH ROW WHEN (pg_trigger_depth() = 0 AND NOT new.updated_at IS DISTINCT FROM old.updated_at) EXECUTE FUNCTION jobs_updated_at_touched();
      ALTER TABLE jobs ENABLE ALWAYS TRIGGER jobs_updated_at_touched;

      CREATE TRIGGER lines_frozen BEFORE UPDATE ON lines FOR EACH ROW EXECUTE FUNCTION refuse_change();
      ALTER TABLE lines ENABLE ALWAYS TRIGGER lines_frozen;
      "
    `);
    await run(['DROP TABLE events, lines, jobs CASCADE', 'DROP FUNCTION refuse_change()']);
    // the names sort events, jobs, lines; lines refer to jobs
    await run([text]);
    expect(await describeSchema(engine)).toEqual(schema);
  });

  it('is the same when created at once and step by step', async () => {
    await reset();
    const wanted = await shadowOf([jobs, lines, events]);
    const steps = await compare(wanted, [lines, events, jobs]);
    expect(steps.map(({ summary }) => summary)).toEqual([
      'events: create table',
      'jobs: create table',
      'lines: create table',
    ]);
    expect(steps.flatMap((step) => step.up)).toEqual(
      [events, jobs, lines].flatMap((one) => postgresDialect.createTable(one)),
    );
    await up(steps);
    expect(await describeSchema(engine)).toEqual(wanted);
    await down(steps);
    expect(await describeSchema(engine)).toEqual({ tables: [], functions: [], objects: [] });
  });

  it('changes with its data in place, and back', async () => {
    const before = table(
      'notes',
      {
        id: autoincrement(),
        title: z.string().max(20),
        size: z.string().max(5),
        legacy: z.enum(['yes', 'no']),
        body: z.string().nullable(),
        flag: z.boolean().default(true),
      },
      (c) => [index(c.title), unique(c.title), check('notes_old', 'length(title) <> 7')],
    );
    const after = table(
      'notes',
      {
        id: autoincrement(),
        heading: z.string().max(20),
        size: z.int().min(0).default(1),
        body: z.string(),
        flag: z.boolean().default(false),
        kind: z.enum(['a', 'b']).default('a'),
        job_id: z.int().nullable(),
      },
      (c) => [index(c.heading), unique(c.heading), index(c.kind), references(c.job_id, jobs.columns.id)],
    );
    await reset();
    await createTables(engine, before);
    await run([
      "INSERT INTO notes (title, size, legacy, body) VALUES ('one', '11', 'yes', 'x'), ('two', '22', 'no', 'y')",
    ]);
    const was = await describeSchema(engine);
    const wanted = await shadowOf([jobs, after]);
    const steps = await compare(wanted, [jobs, after], { notes: { heading: 'title' } });
    expect(steps).toMatchInlineSnapshot(`
      [
        {
          "danger": undefined,
          "down": [
            "ALTER TABLE notes RENAME COLUMN heading TO title",
          ],
          "rebuild": [],
          "summary": "notes: rename column title to heading",
          "up": [
            "ALTER TABLE notes RENAME COLUMN title TO heading",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "ALTER TABLE notes RENAME CONSTRAINT notes_heading_key TO notes_title_key",
          ],
          "rebuild": [],
          "summary": "notes: rename constraint notes_title_key to notes_heading_key",
          "up": [
            "ALTER TABLE notes RENAME CONSTRAINT notes_title_key TO notes_heading_key",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "ALTER TABLE notes RENAME CONSTRAINT notes_heading_check TO notes_title_check",
          ],
          "rebuild": [],
          "summary": "notes: rename constraint notes_title_check to notes_heading_check",
          "up": [
            "ALTER TABLE notes RENAME CONSTRAINT notes_title_check TO notes_heading_check",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "ALTER INDEX notes_heading_idx RENAME TO notes_title_idx",
          ],
          "rebuild": [],
          "summary": "notes: rename index notes_title_idx to notes_heading_idx",
          "up": [
            "ALTER INDEX notes_title_idx RENAME TO notes_heading_idx",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "ALTER TABLE notes ADD CONSTRAINT notes_legacy_check CHECK (legacy = ANY (ARRAY['yes'::text, 'no'::text])) NOT VALID",
            "ALTER TABLE notes VALIDATE CONSTRAINT notes_legacy_check",
          ],
          "rebuild": [],
          "summary": "notes: drop check notes_legacy_check",
          "up": [
            "ALTER TABLE notes DROP CONSTRAINT notes_legacy_check",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "ALTER TABLE notes ADD CONSTRAINT notes_old CHECK (length(heading) <> 7) NOT VALID",
            "ALTER TABLE notes VALIDATE CONSTRAINT notes_old",
          ],
          "rebuild": [],
          "summary": "notes: drop check notes_old",
          "up": [
            "ALTER TABLE notes DROP CONSTRAINT notes_old",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "ALTER TABLE notes ADD CONSTRAINT notes_size_check CHECK (char_length(size) <= 5) NOT VALID",
            "ALTER TABLE notes VALIDATE CONSTRAINT notes_size_check",
          ],
          "rebuild": [],
          "summary": "notes: drop check notes_size_check",
          "up": [
            "ALTER TABLE notes DROP CONSTRAINT notes_size_check",
          ],
        },
        {
          "danger": "notes cannot be read or written while PostgreSQL rewrites it; the change fails if a value cannot be converted.",
          "down": [
            "SET CONSTRAINTS ALL IMMEDIATE",
            "ALTER TABLE notes ALTER COLUMN size DROP DEFAULT",
            "ALTER TABLE notes ALTER COLUMN size TYPE text COLLATE "C" USING size::text",
          ],
          "rebuild": [],
          "summary": "notes: change type of size from text COLLATE "C" to bigint",
          "up": [
            "SET CONSTRAINTS ALL IMMEDIATE",
            "ALTER TABLE notes ALTER COLUMN size TYPE bigint USING CASE WHEN size IS NULL THEN NULL WHEN size ~ '^(0|-?[1-9][0-9]{0,15})$' THEN size::bigint ELSE ('notes.size cannot be converted to integer' || left(size::text, 0))::bigint END",
            "ALTER TABLE notes ALTER COLUMN size SET DEFAULT 1",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "ALTER TABLE notes ALTER COLUMN body DROP NOT NULL",
          ],
          "rebuild": [],
          "summary": "notes: body becomes required",
          "up": [
            "ALTER TABLE notes ADD CONSTRAINT notes_body_present CHECK (body IS NOT NULL) NOT VALID",
            "ALTER TABLE notes VALIDATE CONSTRAINT notes_body_present",
            "ALTER TABLE notes ALTER COLUMN body SET NOT NULL",
            "ALTER TABLE notes DROP CONSTRAINT notes_body_present",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "ALTER TABLE notes ALTER COLUMN flag SET DEFAULT true",
          ],
          "rebuild": [],
          "summary": "notes: set default of flag",
          "up": [
            "ALTER TABLE notes ALTER COLUMN flag SET DEFAULT false",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "ALTER TABLE notes DROP COLUMN kind",
          ],
          "rebuild": [],
          "summary": "notes: add column kind",
          "up": [
            "ALTER TABLE notes ADD COLUMN kind text COLLATE "C" DEFAULT 'a' NOT NULL CONSTRAINT notes_kind_check CHECK (kind IN ('a', 'b'))",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "ALTER TABLE notes DROP COLUMN job_id",
          ],
          "rebuild": [],
          "summary": "notes: add column job_id",
          "up": [
            "ALTER TABLE notes ADD COLUMN job_id bigint
          CONSTRAINT notes_job_id_check CHECK (job_id BETWEEN -9007199254740991 AND 9007199254740991)",
          ],
        },
        {
          "danger": "The values of notes.legacy are lost; undoing it sets 'yes' in every row.",
          "down": [
            "ALTER TABLE notes ADD COLUMN legacy text COLLATE "C" DEFAULT 'yes' NOT NULL",
            "ALTER TABLE notes ALTER COLUMN legacy DROP DEFAULT",
          ],
          "rebuild": [],
          "summary": "notes: drop column legacy",
          "up": [
            "ALTER TABLE notes DROP COLUMN legacy",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "ALTER TABLE notes DROP CONSTRAINT notes_size_check",
          ],
          "rebuild": [],
          "summary": "notes: add check notes_size_check",
          "up": [
            "ALTER TABLE notes ADD CONSTRAINT notes_size_check CHECK (size BETWEEN 0 AND 9007199254740991) NOT VALID",
            "ALTER TABLE notes VALIDATE CONSTRAINT notes_size_check",
          ],
        },
        {
          "danger": "notes cannot be written while the index is built. On a large live table, create it beforehand with CREATE INDEX CONCURRENTLY.",
          "down": [
            "DROP INDEX notes_kind_idx",
          ],
          "rebuild": [],
          "summary": "notes: add index notes_kind_idx",
          "up": [
            "CREATE INDEX notes_kind_idx ON notes (kind)",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "DROP TABLE jobs",
            "DROP FUNCTION jobs_updated_at_touched()",
          ],
          "rebuild": [],
          "summary": "jobs: create table",
          "up": [
            "CREATE TABLE jobs (
        id bigint GENERATED ALWAYS AS IDENTITY NOT NULL
          CONSTRAINT jobs_id_check CHECK (id BETWEEN 1 AND 9007199254740991),
        name text COLLATE "C" NOT NULL CONSTRAINT jobs_name_check CHECK (char_length(name) BETWEEN 1 AND 50),
        created_at timestamptz(3) DEFAULT now() NOT NULL
          CONSTRAINT jobs_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
        updated_at timestamptz(3) DEFAULT now() NOT NULL
          CONSTRAINT jobs_updated_at_check CHECK (updated_at >= '0001-01-01T00:00:00Z' AND updated_at < '10000-01-01T00:00:00Z'),
        CONSTRAINT jobs_pkey PRIMARY KEY (id),
        CONSTRAINT jobs_name_key UNIQUE (name)
      )",
            "CREATE FUNCTION jobs_updated_at_touched() RETURNS trigger
      LANGUAGE plpgsql
      SET search_path TO pg_catalog, pg_temp AS $$
      BEGIN
        -- a session of a connection with a clock of its own has that clock's time in a setting
        NEW.updated_at := coalesce(nullif(current_setting('ashlar.now', true), '')::pg_catalog.timestamptz, now());
        RETURN NEW;
      END
      $$",
            "CREATE TRIGGER jobs_updated_at_touched BEFORE UPDATE ON jobs
        FOR EACH ROW
        WHEN (pg_trigger_depth() = 0 AND NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at)
        EXECUTE FUNCTION jobs_updated_at_touched();

      ALTER TABLE jobs ENABLE ALWAYS TRIGGER jobs_updated_at_touched",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "ALTER TABLE notes DROP CONSTRAINT notes_job_id_fkey",
          ],
          "rebuild": [],
          "summary": "notes: add foreign key notes_job_id_fkey",
          "up": [
            "ALTER TABLE notes ADD CONSTRAINT notes_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE RESTRICT NOT VALID",
            "ALTER TABLE notes VALIDATE CONSTRAINT notes_job_id_fkey",
          ],
        },
      ]
    `);
    await up(steps);
    expect(await compare(wanted, [jobs, after])).toEqual([]);
    expect(await rows('SELECT id, heading, size, body, flag, kind, job_id FROM notes ORDER BY id')).toEqual([
      { id: 1, heading: 'one', size: 11, body: 'x', flag: true, kind: 'a', job_id: null },
      { id: 2, heading: 'two', size: 22, body: 'y', flag: true, kind: 'a', job_id: null },
    ]);
    // the values of legacy are lost: a value that its CHECK allows takes their place
    await down(steps);
    expect(postgresDialect.changes(await describeSchema(engine), was, [before], {})).toEqual([]);
    expect(await rows('SELECT id, title, size, legacy, body, flag FROM notes')).toEqual([
      { id: 1, title: 'one', size: '11', legacy: 'yes', body: 'x', flag: true },
      { id: 2, title: 'two', size: '22', legacy: 'yes', body: 'y', flag: true },
    ]);
  });

  it('adds and removes guarantees, and replaces functions', async () => {
    const plain = table('plain', { id: autoincrement(), name: z.string() });
    const kept = table('plain', { id: autoincrement(), name: z.string() }, () => [frozen]);
    await reset();
    await createTables(engine, plain);
    const wanted = await shadowOf([kept]);
    const steps = await compare(wanted, [kept]);
    expect(steps.map(({ summary }) => summary)).toEqual([
      'add function refuse_change',
      'plain: add trigger plain_frozen',
    ]);
    await up(steps);
    expect(await describeSchema(engine)).toEqual(wanted);
    expect(
      await rows("SELECT tgenabled::text AS state FROM pg_trigger WHERE tgname = 'plain_frozen'"),
    ).toEqual([{ state: 'A' }]);
    const edited = {
      ...wanted,
      functions: wanted.functions.map((one) => ({
        ...one,
        definition: one.definition.replace('never', 'not'),
      })),
    };
    const replacing = await compare(edited, [kept]);
    expect(replacing.map(({ summary }) => summary)).toEqual(['replace function refuse_change']);
    await up(replacing);
    expect(await describeSchema(engine)).toEqual(edited);
    await down(replacing);
    await down(steps);
    expect(await compare(await shadowOf([plain]), [plain])).toEqual([]);
  });

  it('drops tables after those that refer to them, with a warning and a way back', async () => {
    await reset();
    await createTables(engine, jobs, lines);
    const was = await describeSchema(engine);
    const steps = await compare({ tables: [], functions: [], objects: [] }, []);
    expect(steps.map(({ summary, danger }) => [summary, danger])).toEqual([
      ['lines: drop table', 'All rows of lines are lost.'],
      ['jobs: drop table', 'All rows of jobs are lost.'],
      ['drop function jobs_updated_at_touched', undefined],
      ['drop function refuse_change', undefined],
    ]);
    await up(steps);
    await down(steps);
    expect(await describeSchema(engine)).toEqual(was);
  });

  it('changes what a column is without touching its values: required, counted, retyped under a trigger', async () => {
    const watching: Guarantee = {
      ...frozen,
      postgres: {
        level: 'enforced',
        objects: () => [
          {
            type: 'function',
            name: 'watch',
            sql: 'CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
          },
          {
            type: 'trigger',
            name: 'a_watch',
            sql: 'CREATE TRIGGER a_watch BEFORE UPDATE OF n ON a FOR EACH ROW EXECUTE FUNCTION watch()',
          },
        ],
      },
    };
    const before = table('a', { id: z.int().min(1), n: z.int32(), at: timestamp().nullable() }, (c) => [
      primaryKey(c.id),
      watching,
    ]);
    const after = table(
      'a',
      {
        id: autoincrement(),
        n: z.int(),
        at: z.iso.datetime({ precision: 6 }).default('2026-01-01T00:00:00.000000Z'),
      },
      () => [watching],
    );
    await reset();
    await createTables(engine, before);
    await run(["INSERT INTO a VALUES (41, 7, '2026-01-31T08:00:00.123Z')"]);
    const was = await describeSchema(engine);
    const wanted = await shadowOf([after]);
    const steps = await compare(wanted, [after]);
    await up(steps);
    expect(await compare(wanted, [after])).toEqual([]);
    expect(await rows('INSERT INTO a (n) VALUES (9007199254740991) RETURNING *')).toEqual([
      { id: 42, n: 9007199254740991, at: '2026-01-01T00:00:00.000000Z' },
    ]);
    await run(['DELETE FROM a WHERE id = 42']);
    await down(steps);
    expect(await describeSchema(engine)).toEqual(was);
    expect(await rows('SELECT * FROM a')).toEqual([{ id: 41, n: 7, at: '2026-01-31T08:00:00.123Z' }]);
  });

  it('refuses to partition a table in place, and a guarantee that it cannot keep', async () => {
    const plain = await shadowOf([
      table('events', { id: id(), at: timestamp() }, (c) => [primaryKey(c.id, c.at)]),
    ]);
    const parted = await shadowOf([
      table('events', { id: id(), at: timestamp() }, (c) => [primaryKey(c.id, c.at), monthly]),
    ]);
    expect(() => postgresDialect.changes(plain, parted, [], {})).toThrowError(
      expect.objectContaining({ code: 'partition-conflict' }),
    );
    const impossible: Guarantee = {
      ...frozen,
      name: 'impossible',
      postgres: { level: 'refused', why: 'No.' },
    };
    expect(() => postgresDialect.createTable(table('t', { id: id() }, () => [impossible]))).toThrowError(
      expect.objectContaining({ code: 'guarantee-refused', detail: 'No.' }),
    );
  });

  it('lists partitions with their bounds', async () => {
    await reset();
    await createTables(engine, events);
    await run([
      "CREATE TABLE events_2026_01 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
      'CREATE TABLE events_rest PARTITION OF events DEFAULT',
      "INSERT INTO events SELECT gen_random_uuid(), '2027-01-01', 'x' FROM generate_series(1, 3)",
    ]);
    expect(await engine.asOwner((owner) => engine.partitions(owner, 'events'))).toEqual([
      { name: 'events_2026_01', from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z', rows: 0 },
      { name: 'events_rest', from: undefined, to: undefined, rows: 3 },
    ]);
    expect(await engine.asOwner((owner) => engine.partitions(owner, 'nothing'))).toEqual([]);
  });
});
