import type { SqlDialect } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import { literal } from '../model/index.js';
import { historySql } from './history-sql.js';
import { byStepOrder, type Step } from './steps.js';

/** An applied step, as the history of a database records it. */
export interface AppliedStep {
  readonly system: string;
  readonly step: string;
  readonly checksum: string;
  /** The time at which the step was applied, as ISO 8601 in UTC. */
  readonly applied_at: string;
  readonly applied_by: string;
  readonly duration_ms: number;
}

/** Reads the applied steps of all systems in this database or schema, in order; empty if there is no history yet. */
export async function readHistory(owner: Owner, dialect: SqlDialect): Promise<AppliedStep[]> {
  const { exists, appliedAt } = historySql[dialect.name];
  if ((await owner.run(exists)).length === 0) return [];
  const rows = await owner.run(
    `SELECT system, step, checksum, ${appliedAt} AS applied_at, applied_by, duration_ms FROM ashlar_migrations`,
  );
  return rows
    .map((row) => ({
      system: String(row.system),
      step: String(row.step),
      checksum: String(row.checksum),
      applied_at: String(row.applied_at),
      applied_by: String(row.applied_by),
      duration_ms: Number(row.duration_ms),
    }))
    .sort((a, b) => byStepOrder(a.step, b.step));
}

/** The record of an applied step: who applied it, and how long it ran, in milliseconds. */
export interface StepRecord {
  readonly dialect: SqlDialect;
  readonly system: string;
  readonly step: Step;
  readonly actor: string;
  readonly milliseconds: number;
}

/** A row of the history: a step of a system, or a version of Ashlar's own objects. */
export interface HistoryRow {
  readonly system: string;
  readonly step: string;
  readonly checksum: string;
  readonly actor: string;
  readonly milliseconds: number;
}

/** Returns the statement that adds a row to the history. */
export function recordRowSql(
  dialect: Pick<SqlDialect, 'now'>,
  { system, step, checksum, actor, milliseconds }: HistoryRow,
): string {
  return `INSERT INTO ashlar_migrations (system, step, checksum, applied_at, applied_by, duration_ms)
VALUES (${[system, step, checksum].map(literal).join(', ')}, ${dialect.now(3)}, ${literal(actor)}, ${Math.round(milliseconds)})`;
}

/** Returns the statement that records a step as applied. */
export function recordSql({ dialect, step: { name, checksum }, ...row }: StepRecord): string {
  return recordRowSql(dialect, { ...row, step: name, checksum });
}

/** Returns the statement that removes a step from the history. */
export function forgetSql(system: string, step: string): string {
  return `DELETE FROM ashlar_migrations WHERE system = ${literal(system)} AND step = ${literal(step)}`;
}

/** Returns the applied steps of one system, in order; `ashlar migrate history` shows them. */
export async function history(engine: Engine, system: { readonly name: string }): Promise<AppliedStep[]> {
  const all = await engine.asOwner((owner) => readHistory(owner, engine.dialect));
  return all.filter((applied) => applied.system === system.name);
}
