import type { Engine } from '../contract/engine.js';
import type { Period } from '../contract/retention.js';
import type { SystemFacts } from '../contract/system.js';
import { periodText } from '../guarantees/shared/period.js';
import { purge } from './purge.js';

/** How long the rows of a table are kept, and how many rows have expired. */
export interface RetentionStatus {
  readonly table: string;
  /** The column that contains the time at which the period starts. */
  readonly column: string;
  readonly period: Period;
  /** The period in words, for example `5 years`. */
  readonly period_text: string;
  /** The law or contract that requires the period. */
  readonly reason: string;
  /** The number of expired rows that `purge` would delete now. */
  readonly due: number;
  /** The number of expired rows that remain because of an open legal hold. */
  readonly held: number;
  /**
   * The number of expired rows that remain because other rows refer to them, or because a ledger has not sealed them
   * yet.
   */
  readonly stuck: number;
}

/**
 * Lists the tables of a system whose rows expire, with their periods and the rows that have expired. Deletes nothing.
 *
 * @param now - the time to look from; by default the current time
 * @throws AshlarError `migration-locked`, `lock-timeout`, `privilege-missing`
 */
export async function retentionStatus(
  engine: Engine,
  system: SystemFacts,
  now = new Date(),
): Promise<readonly RetentionStatus[]> {
  const tables = Object.values(system.tables).flatMap(({ name: table, facts: { retention } }) =>
    retention ? [{ table, retention }] : [],
  );
  if (tables.length === 0) return [];
  const expired = await purge(engine, system, { now, dryRun: true });
  return tables.map(({ table, retention: { column, period, reason } }) => ({
    table,
    column,
    period,
    period_text: periodText(period),
    reason,
    due: expired.purged.filter((each) => each.table === table).reduce((sum, { rows }) => sum + rows, 0),
    held: expired.held[table] ?? 0,
    stuck: expired.stuck[table] ?? 0,
  }));
}
