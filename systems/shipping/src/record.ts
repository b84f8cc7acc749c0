import { AshlarError } from 'ashlar';
import { type RawBuilder, sql } from 'kysely';
import type { ShippingSession } from './database.js';
import { idempotencyKey, type Shipment } from './executor.js';
import type { Lease, Tally } from './lease.js';
import type { LogEvent } from './log.js';
import type { JobRow } from './tables.js';

/** What became of one row. */
export type Outcome =
  | { readonly row_number: number; readonly shipment: Shipment }
  | { readonly row_number: number; readonly failure: { readonly code: string; readonly message: string } };

// a table of values whose columns both engines name column1, column2, …
const values = (rows: readonly (readonly unknown[])[]): RawBuilder<{ column1: unknown }> =>
  sql`(values ${sql.join(rows.map((row) => sql`(${sql.join(row)})`))})`;

const text = (column: number) => sql<string | null>`cast(${sql.ref(`v.column${column}`)} as text)`;
const integer = (column: number) => sql<number>`cast(${sql.ref(`v.column${column}`)} as bigint)`;

/** Rows of a job, by number: the first of each given values. */
const rowsOf = (s: ShippingSession, lease: Lease, given: readonly (readonly [number, ...unknown[]])[]) => {
  const numbers = given.map(([number]) => number);
  return (
    s.query
      .updateTable('job_rows')
      .from(values(given).as('v'))
      .where('job_id', '=', lease.job_id)
      .where('row_number', '=', integer(1))
      // without these, and without statistics, PostgreSQL reads the whole job for each window
      .where('row_number', '>=', Math.min(...numbers))
      .where('row_number', '<=', Math.max(...numbers))
  );
};

const assertAll = (changed: bigint, rows: readonly unknown[]): void => {
  if (changed === BigInt(rows.length)) return;
  throw new AshlarError('state-conflict', {
    message: `${rows.length - Number(changed)} of ${rows.length} rows are not as the worker that leases them left them.`,
    detail: 'Rows of a leased chunk were changed by something else than this system.',
    suggestion: 'Nothing was recorded. Find out who writes to job_rows, and run the job again.',
  });
};

/**
 * Writes that these rows are about to be attempted, each under its key, before anything outside is called.
 *
 * @throws AshlarError `state-conflict` when a row is not open
 */
export const recordIntents = async (
  s: ShippingSession,
  lease: Lease,
  rows: readonly JobRow[],
): Promise<void> => {
  const keys = rows.map(({ row_number }) => [row_number, idempotencyKey(lease.job_id, row_number)] as const);
  const { numUpdatedRows } = await rowsOf(s, lease, keys)
    .set((eb) => ({ status: 'processing', attempts: eb('attempts', '+', 1), idempotency_key: text(2) }))
    .where('status', 'in', ['pending', 'processing'])
    .executeTakeFirstOrThrow();
  assertAll(numUpdatedRows, rows);
};

/**
 * Writes what became of rows that were being processed.
 *
 * @throws AshlarError `state-conflict` when a row is not being processed
 */
export const recordOutcomes = async (
  s: ShippingSession,
  lease: Lease,
  outcomes: readonly Outcome[],
  now: string,
): Promise<void> => {
  const shipped = outcomes.filter((outcome) => 'shipment' in outcome);
  if (shipped.length > 0) {
    const given = shipped.map(
      ({ row_number, shipment: { tracking_number, label_path = null, cost_cents } }) =>
        [row_number, tracking_number, label_path, cost_cents] as const,
    );
    const { numUpdatedRows } = await rowsOf(s, lease, given)
      .set({
        status: 'completed',
        tracking_number: text(2),
        label_path: text(3),
        cost_cents: integer(4),
        processed_at: now,
      })
      .where('status', '=', 'processing')
      .executeTakeFirstOrThrow();
    assertAll(numUpdatedRows, shipped);
  }
  const failed = outcomes.filter((outcome) => 'failure' in outcome);
  if (failed.length > 0) {
    const given = failed.map(
      ({ row_number, failure }) => [row_number, failure.code, failure.message] as const,
    );
    const { numUpdatedRows } = await rowsOf(s, lease, given)
      .set({ status: 'failed', error_code: text(2), error_message: text(3), processed_at: now })
      .where('status', '=', 'processing')
      .executeTakeFirstOrThrow();
    assertAll(numUpdatedRows, failed);
  }
};

/** What outcomes add to the counts. */
export const tallyOf = (outcomes: readonly Outcome[]): Tally => {
  let [completed, failed, cost] = [0, 0, 0];
  for (const outcome of outcomes) {
    if ('shipment' in outcome) {
      completed++;
      cost += outcome.shipment.cost_cents;
    } else failed++;
  }
  return { completed, failed, cost };
};

/** The log of outcomes: one entry for the calls together, and one for each row that failed. */
export const outcomeEvents = (executor: string, outcomes: readonly Outcome[]): LogEvent[] => {
  const [first, last] = [outcomes[0], outcomes.at(-1)];
  if (!first || !last) return [];
  const { completed, failed, cost } = tallyOf(outcomes);
  const summary: LogEvent = {
    level: 'INFO',
    event_type: 'api_call',
    message: `Rows ${first.row_number} to ${last.row_number}: ${completed} shipped, ${failed} failed.`,
    details: { executor, completed, failed, cost_cents: cost },
  };
  const failures = outcomes.flatMap((outcome): LogEvent[] =>
    'failure' in outcome
      ? [
          {
            level: outcome.failure.code === 'in_doubt' ? 'ERROR' : 'WARNING',
            event_type: 'row_event',
            message: `Row ${outcome.row_number} failed: ${outcome.failure.message}`,
            details: { error_code: outcome.failure.code },
            row_number: outcome.row_number,
          },
        ]
      : [],
  );
  return [summary, ...failures];
};
