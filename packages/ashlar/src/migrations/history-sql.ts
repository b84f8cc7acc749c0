import type { GuardedPlace } from '../contract/guards.js';
import type { SqlName } from '../contract/sql.js';
import { identifier, literal } from '../model/index.js';
import { sql } from '../sql/template.js';

/** The table of applied steps in each dialect: how it is created and read. */
interface HistorySql {
  /** Gives a row when the table exists. `CREATE … IF NOT EXISTS` would need a privilege for the check alone. */
  readonly exists: string;
  readonly create: string;
  /** `applied_at` as ISO 8601 text. */
  readonly appliedAt: string;
  /** The beginning of `migrate sql`: functions get the search_path that `up` gives them. */
  readonly preamble: (guards: GuardedPlace | undefined) => readonly string[];
  /** What `migrate sql` writes around a step, by its mode. */
  readonly begin: string;
  readonly beginRebuild: string;
  readonly commitRebuild: string;
}

/** The SQL of the table of applied steps, by dialect. */
export const historySql: Readonly<Record<SqlName, HistorySql>> = {
  sqlite: {
    exists: `SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'ashlar_migrations'`,
    create: sql`
      CREATE TABLE ashlar_migrations (
        system TEXT NOT NULL,
        step TEXT NOT NULL,
        checksum TEXT NOT NULL,
        applied_at TEXT NOT NULL,
        applied_by TEXT NOT NULL,
        duration_ms INTEGER NOT NULL,
        CONSTRAINT ashlar_migrations_pkey PRIMARY KEY (system, step)
      ) STRICT, WITHOUT ROWID
    `,
    appliedAt: 'applied_at',
    preamble: () => [],
    begin: 'BEGIN IMMEDIATE;',
    beginRebuild: 'PRAGMA foreign_keys = OFF;\nBEGIN IMMEDIATE;',
    commitRebuild: 'COMMIT;\nPRAGMA foreign_keys = ON;',
  },
  postgres: {
    exists: sql`
      SELECT 1 AS found FROM pg_catalog.pg_tables
      WHERE schemaname = current_schema() AND tablename = 'ashlar_migrations'
    `,
    create: sql`
      CREATE TABLE ashlar_migrations (
        system text NOT NULL,
        step text NOT NULL,
        checksum text NOT NULL,
        applied_at timestamptz(3) NOT NULL,
        applied_by text NOT NULL,
        duration_ms integer NOT NULL,
        CONSTRAINT ashlar_migrations_pkey PRIMARY KEY (system, step)
      )
    `,
    appliedAt: `to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
    preamble: (guards) =>
      guards
        ? [
            `CREATE SCHEMA IF NOT EXISTS ${identifier(guards.own)};`,
            `SELECT set_config('search_path', ${literal(`${identifier(guards.own)}, ${identifier(guards.schema)}, pg_temp`)}, false);`,
          ]
        : ["SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', false);"],
    begin: 'BEGIN;',
    beginRebuild: 'BEGIN;',
    commitRebuild: 'COMMIT;',
  },
};
