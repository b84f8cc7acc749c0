import type { System } from 'ashlar';
import type { SqlName } from 'ashlar/extend';
import { foreignKeyGuards } from '../../src/engines/sqlite/schema/foreign-key-guard.js';
import { type InitialisedDatabase, systems } from './support.js';

/** A change of a database by its owner without a migration, and the text with which `prove` names it. */
export interface Sabotage {
  readonly name: string;
  readonly system?: 'wills' | 'shipping';
  readonly sql: readonly string[];
  /** The statements that undo the change, or the names of the guarantees' objects to create again. */
  readonly undo:
    | readonly string[]
    | { readonly remake: readonly string[]; readonly also?: readonly string[] };
  readonly named: RegExp;
}

/** The statements that create the guarantees' objects with this name. A trigger and its function may share one. */
export const objectSql = (system: System, dialect: SqlName, name: string): readonly string[] =>
  Object.values(system.tables).flatMap((table) => [
    ...table.guarantees.flatMap((guarantee) => {
      const enforcement = guarantee[dialect];
      const objects = enforcement.level === 'refused' ? [] : enforcement.objects(table);
      return objects
        .filter((object) => object.name === name || `${object.type} ${object.name}` === name)
        .map((object) => object.sql);
    }),
    ...(dialect === 'sqlite' ? foreignKeyGuards(table).filter((sql) => sql.includes(` ${name} `)) : []),
  ]);

/** Undoes a sabotage. */
export const undoSabotage = async (
  { engine, system }: Pick<InitialisedDatabase, 'engine' | 'system'>,
  { undo }: Sabotage,
): Promise<void> => {
  const dialect = engine.dialect.name;
  const statements =
    'remake' in undo
      ? [...undo.remake.flatMap((name) => objectSql(system, dialect, name)), ...(undo.also ?? [])]
      : undo;
  await engine.asOwner(async (owner) => {
    for (const sql of statements) {
      if (sql.startsWith('CREATE FUNCTION')) await owner.script(sql.replace('CREATE', 'CREATE OR REPLACE'));
      else {
        const [, name = ''] = /^CREATE TRIGGER (?:IF NOT EXISTS )?(\w+)/.exec(sql) ?? [];
        if (name && dialect === 'sqlite') await owner.script(`DROP TRIGGER IF EXISTS ${name}`);
        await owner.script(sql);
      }
    }
  });
};

export const systemNamed = (name: 'wills' | 'shipping' = 'wills'): System =>
  (systems.find((each) => each.name === name) ?? systems[0]).system;

const month = new Date().toISOString().slice(0, 7).replace('-', '_');
const thisMonth = `audit_logs_${month}`;
const first = `${month.replace('_', '-')}-01`;

export const postgresSabotages: readonly Sabotage[] = [
  {
    name: 'a trigger is disabled',
    sql: ['ALTER TABLE consent_records DISABLE TRIGGER consent_records_append_only_delete'],
    undo: ['ALTER TABLE consent_records ENABLE ALWAYS TRIGGER consent_records_append_only_delete'],
    named:
      /as the (app|owner): DELETE of a row.*was not refused[\s\S]*|trigger consent_records_append_only_delete/,
  },
  {
    name: 'a trigger no longer fires for replicas',
    sql: ['ALTER TABLE consent_records ENABLE TRIGGER consent_records_append_only_truncate'],
    undo: ['ALTER TABLE consent_records ENABLE ALWAYS TRIGGER consent_records_append_only_truncate'],
    // audited refuses the statement too, so only the structure check reports it
    named:
      /consent_records, append-only: the trigger consent_records_append_only_truncate is not set to ENABLE ALWAYS/,
  },
  {
    name: 'a trigger is dropped',
    sql: ['DROP TRIGGER clauses_versioned_update ON clauses'],
    undo: { remake: ['clauses_versioned_update'] },
    named: /clauses, versioned: the trigger clauses_versioned_update is missing/,
  },
  {
    name: 'a trigger is renamed',
    sql: ['ALTER TRIGGER clauses_versioned_delete ON clauses RENAME TO clauses_quiet'],
    undo: ['ALTER TRIGGER clauses_quiet ON clauses RENAME TO clauses_versioned_delete'],
    named: /the trigger clauses_versioned_delete is missing/,
  },
  {
    name: 'a trigger function accepts every statement',
    sql: [
      'CREATE OR REPLACE FUNCTION consent_records_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
    ],
    undo: { remake: ['consent_records_append_only'] },
    named: /schema: .*consent_records_append_only/,
  },
  {
    name: 'another trigger swallows what the guarantee should refuse',
    sql: [
      'CREATE FUNCTION hush() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$',
      'CREATE TRIGGER a_hush BEFORE UPDATE ON consent_records FOR EACH ROW EXECUTE FUNCTION hush()',
    ],
    undo: ['DROP FUNCTION hush() CASCADE'],
    named: /a_hush/,
  },
  {
    name: 'a rule rewrites deletes',
    sql: ['CREATE RULE hush AS ON DELETE TO consent_records DO INSTEAD NOTHING'],
    undo: ['DROP RULE hush ON consent_records'],
    named: /consent_records: the rule hush rewrites statements/,
  },
  {
    name: 'the unique index of versions is dropped',
    sql: ['DROP INDEX clauses_code_version_idx'],
    undo: { remake: ['clauses_code_version_idx'] },
    named: /the index clauses_code_version_idx is missing/,
  },
  {
    name: 'the unique index of predecessors is dropped',
    sql: ['DROP INDEX clauses_previous_version_id_idx'],
    undo: { remake: ['clauses_previous_version_id_idx'] },
    named: /the index clauses_previous_version_id_idx is missing/,
  },
  {
    name: 'a plain index is dropped',
    sql: ['DROP INDEX consent_records_accepted_at_idx'],
    undo: ['CREATE INDEX consent_records_accepted_at_idx ON consent_records (accepted_at)'],
    named: /consent_records_accepted_at_idx/,
  },
  {
    name: 'a partition is detached',
    sql: [`ALTER TABLE audit_logs DETACH PARTITION ${thisMonth}`],
    undo: [
      `ALTER TABLE audit_logs ATTACH PARTITION ${thisMonth} FOR VALUES FROM ('${first}') TO (timestamptz '${first}' + interval '1 month')`,
    ],
    named: new RegExp(`audit_logs: the partition for ${month} is missing`),
  },
  {
    name: 'a partition can be truncated',
    sql: [`DROP TRIGGER ${thisMonth}_append_only_truncate ON ${thisMonth}`],
    undo: [
      `CREATE TRIGGER ${thisMonth}_append_only_truncate BEFORE TRUNCATE ON ${thisMonth} FOR EACH STATEMENT EXECUTE FUNCTION audit_logs_append_only()`,
      `ALTER TABLE ${thisMonth} ENABLE ALWAYS TRIGGER ${thisMonth}_append_only_truncate`,
    ],
    named: new RegExp(`TRUNCATE of the partition ${thisMonth}.*: was not refused`),
  },
  {
    name: 'a partition’s rows can be deleted',
    sql: [`ALTER TABLE ${thisMonth} DISABLE TRIGGER audit_logs_append_only_delete`],
    undo: [`ALTER TABLE ${thisMonth} ENABLE ALWAYS TRIGGER audit_logs_append_only_delete`],
    named: new RegExp(`${thisMonth}: the trigger audit_logs_append_only_delete is not set to ENABLE ALWAYS`),
  },
  {
    name: 'the default partition is dropped',
    sql: ['DROP TABLE audit_logs_default'],
    undo: {
      remake: ['audit_logs_default', 'audit_logs_default_append_only_truncate'],
      also: ['REVOKE ALL ON audit_logs_default FROM ashlar_app, ashlar_auditor'],
    },
    named: /INSERT of a row of a month in the past, by the owner: was refused: no partition of relation/,
  },
  {
    name: 'a foreign key is dropped',
    sql: ['ALTER TABLE clauses DROP CONSTRAINT clauses_previous_version_id_fkey'],
    undo: [
      'ALTER TABLE clauses ADD CONSTRAINT clauses_previous_version_id_fkey FOREIGN KEY (previous_version_id) REFERENCES clauses (id) ON DELETE RESTRICT',
    ],
    named: /clauses_previous_version_id_fkey/,
  },
  {
    name: 'every trigger of a table is disabled, including those of its foreign keys',
    system: 'shipping',
    sql: ['ALTER TABLE job_chunks DISABLE TRIGGER ALL'],
    undo: ['ALTER TABLE job_chunks ENABLE TRIGGER ALL'],
    named: /job_chunks: the foreign key job_chunks_job_id_fkey is not checked/,
  },
  {
    name: 'a CHECK is dropped',
    sql: ['ALTER TABLE consent_records DROP CONSTRAINT consent_records_withdrawn_after_accepted'],
    undo: [
      'ALTER TABLE consent_records ADD CONSTRAINT consent_records_withdrawn_after_accepted CHECK (withdrawn_at >= accepted_at)',
    ],
    named: /consent_records_withdrawn_after_accepted/,
  },
  {
    name: 'a CHECK is not validated for existing rows',
    sql: [
      'ALTER TABLE consent_records DROP CONSTRAINT consent_records_withdrawn_after_accepted',
      'ALTER TABLE consent_records ADD CONSTRAINT consent_records_withdrawn_after_accepted CHECK (withdrawn_at >= accepted_at) NOT VALID',
    ],
    undo: ['ALTER TABLE consent_records VALIDATE CONSTRAINT consent_records_withdrawn_after_accepted'],
    named: /consent_records_withdrawn_after_accepted/,
  },
  {
    name: 'a primary key is dropped',
    sql: ['ALTER TABLE consent_records DROP CONSTRAINT consent_records_pkey'],
    undo: ['ALTER TABLE consent_records ADD CONSTRAINT consent_records_pkey PRIMARY KEY (id)'],
    named: /consent_records_pkey/,
  },
  {
    name: 'a column becomes nullable',
    sql: ['ALTER TABLE consent_records ALTER consent_version DROP NOT NULL'],
    undo: ['ALTER TABLE consent_records ALTER consent_version SET NOT NULL'],
    named: /consent_version/,
  },
  {
    name: 'the default of a time column is no longer the database clock',
    sql: [`ALTER TABLE consent_records ALTER created_at SET DEFAULT '2020-01-01'`],
    undo: ['ALTER TABLE consent_records ALTER created_at SET DEFAULT now()'],
    named: /consent_records.*created_at/,
  },
  {
    name: 'a transition that is not declared is allowed',
    system: 'shipping',
    sql: ['DROP TRIGGER jobs_status_lifecycle_update ON jobs'],
    undo: { remake: ['jobs_status_lifecycle_update'] },
    named: /jobs, lifecycle, as the app: status from completed to running: was not refused/,
  },
  {
    name: 'rows of a log can be deleted while its job exists',
    system: 'shipping',
    sql: [
      'CREATE OR REPLACE FUNCTION audit_logs_append_only_cascade() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$',
    ],
    undo: { remake: ['audit_logs_append_only_cascade'] },
    named: /audit_logs, append-only, as the (app|owner): DELETE of a row.*: was not refused/,
  },
  {
    name: 'the application is granted DELETE',
    sql: ['GRANT DELETE ON consent_records TO ashlar_app'],
    undo: ['REVOKE DELETE ON consent_records FROM ashlar_app'],
    named: /roles and rights: ashlar_app has DELETE on consent_records/,
  },
  {
    name: 'the application is granted UPDATE on every column',
    sql: ['GRANT UPDATE ON consent_records TO ashlar_app'],
    undo: [
      'REVOKE UPDATE ON consent_records FROM ashlar_app',
      'GRANT UPDATE (withdrawn_at) ON consent_records TO ashlar_app',
    ],
    named: /roles and rights: ashlar_app .*UPDATE.* consent_records/,
  },
  {
    name: 'the application is granted INSERT on a generated time column',
    sql: ['GRANT INSERT (created_at) ON audit_logs TO ashlar_app'],
    undo: ['REVOKE INSERT (created_at) ON audit_logs FROM ashlar_app'],
    named: /roles and rights: .*INSERT.* audit_logs/,
  },
  {
    name: 'PUBLIC is granted DELETE',
    sql: ['GRANT DELETE ON clauses TO PUBLIC'],
    undo: ['REVOKE DELETE ON clauses FROM PUBLIC'],
    named: /roles and rights: .*DELETE on clauses/,
  },
  {
    name: 'the application is granted INSERT on partitions',
    sql: ['GRANT INSERT ON audit_logs_default TO ashlar_app', `GRANT INSERT ON ${thisMonth} TO ashlar_app`],
    undo: [
      'REVOKE INSERT ON audit_logs_default FROM ashlar_app',
      `REVOKE INSERT ON ${thisMonth} FROM ashlar_app`,
    ],
    named: /partitioned, as the app: INSERT that names a partition: was not refused/,
  },
  {
    name: 'INSERT is revoked from the application',
    sql: ['REVOKE INSERT ON consent_records FROM ashlar_app'],
    undo: [
      'GRANT INSERT (id, subject_id, consent_version, privacy_policy_version, consent_categories, accepted_at, withdrawn_at, ip_address, user_agent) ON consent_records TO ashlar_app',
    ],
    named: /roles and rights: ashlar_app .*INSERT.* consent_records/,
  },
  {
    name: 'the migration history is edited',
    sql: [`UPDATE ashlar_migrations SET checksum = reverse(checksum)`],
    undo: [`UPDATE ashlar_migrations SET checksum = reverse(checksum)`],
    named: /migrations: the step 0001_initial was edited after it was applied/,
  },
];

export const sqliteSabotages: readonly Sabotage[] = [
  ...['update', 'delete', 'insert', 'rowid'].map((what) => ({
    name: `the trigger on ${what} is dropped`,
    sql: [`DROP TRIGGER consent_records_append_only_${what}`],
    undo: { remake: [`consent_records_append_only_${what}`] },
    named: new RegExp(`the trigger consent_records_append_only_${what} is missing`),
  })),
  ...['insert', 'retire', 'update', 'delete'].map((what) => ({
    name: `the versioned trigger on ${what} is dropped`,
    sql: [`DROP TRIGGER clauses_versioned_${what}`],
    undo: { remake: [`clauses_versioned_${what}`] },
    named: new RegExp(
      `the trigger clauses_versioned_${what} is missing[\\s\\S]*clauses, versioned, as the app`,
    ),
  })),
  {
    name: 'a trigger is replaced by one that does nothing',
    sql: [
      'DROP TRIGGER consent_records_append_only_delete',
      'CREATE TRIGGER consent_records_append_only_delete BEFORE DELETE ON consent_records BEGIN SELECT 1; END',
    ],
    undo: { remake: ['consent_records_append_only_delete'] },
    named: /consent_records, append-only, as the app: DELETE of a row: was not refused/,
  },
  {
    name: 'another trigger swallows what the guarantee should refuse',
    sql: ['CREATE TRIGGER a_hush BEFORE UPDATE ON consent_records BEGIN SELECT RAISE(IGNORE); END'],
    undo: ['DROP TRIGGER a_hush'],
    named: /a_hush/,
  },
  {
    name: 'the unique index of versions is dropped',
    sql: ['DROP INDEX clauses_code_version_idx'],
    undo: { remake: ['clauses_code_version_idx'] },
    named: /the index clauses_code_version_idx is missing/,
  },
  {
    name: 'a plain index is dropped',
    sql: ['DROP INDEX consent_records_accepted_at_idx'],
    undo: ['CREATE INDEX consent_records_accepted_at_idx ON consent_records (accepted_at)'],
    named: /consent_records_accepted_at_idx/,
  },
  {
    name: 'the guard of a foreign key is dropped',
    system: 'shipping',
    sql: ['DROP TRIGGER audit_logs_job_id_fkey_insert'],
    undo: { remake: ['audit_logs_job_id_fkey_insert'] },
    named: /audit_logs_job_id_fkey_insert/,
  },
  {
    name: 'a transition that is not declared is allowed',
    system: 'shipping',
    sql: ['DROP TRIGGER jobs_status_lifecycle_update'],
    undo: { remake: ['jobs_status_lifecycle_update'] },
    named: /jobs, lifecycle, as the app: status from completed to running: was not refused/,
  },
  {
    name: 'a job with a log can be replaced',
    system: 'shipping',
    sql: ['DROP TRIGGER audit_logs_append_only_job_id_insert'],
    undo: { remake: ['audit_logs_append_only_job_id_insert'] },
    named: /the trigger audit_logs_append_only_job_id_insert is missing/,
  },
  {
    name: 'a column is added',
    sql: ['ALTER TABLE consent_records ADD COLUMN hidden TEXT'],
    undo: ['ALTER TABLE consent_records DROP COLUMN hidden'],
    named: /consent_records.*hidden/,
  },
  {
    name: 'replacing a row fires no delete triggers',
    sql: ['PRAGMA recursive_triggers = OFF'],
    undo: ['PRAGMA recursive_triggers = ON'],
    named: /recursive_triggers is off/,
  },
  {
    name: 'foreign keys are not enforced',
    sql: ['PRAGMA foreign_keys = OFF'],
    undo: ['PRAGMA foreign_keys = ON'],
    named: /foreign_keys is off/,
  },
  {
    name: 'the schema is trusted',
    sql: ['PRAGMA trusted_schema = ON'],
    undo: ['PRAGMA trusted_schema = OFF'],
    named: /trusted_schema is on/,
  },
  {
    name: 'the table of the session’s actor and scope is dropped',
    sql: ['DROP TABLE ashlar_session'],
    undo: [
      'CREATE TABLE ashlar_session (id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), actor TEXT, scope TEXT) STRICT',
    ],
    named: /ashlar_session, which the guarantees need, is missing/,
  },
  {
    name: 'the migration history is emptied',
    sql: ['CREATE TABLE kept AS SELECT * FROM ashlar_migrations', 'DELETE FROM ashlar_migrations'],
    undo: ['INSERT INTO ashlar_migrations SELECT * FROM kept', 'DROP TABLE kept'],
    named: /migrations: the step 0001_initial was not applied/,
  },
];
