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
const integer = (column: number) => sql<number>`cast(${sql.ref(`v.column${column}`)} as integer)`;

/** Writes that these rows are about to be attempted, each under its key, before anything outside is called. */
export const recordIntents = async (
  s: ShippingSession,
  lease: Lease,
  rows: readonly JobRow[],
): Promise<void> => {
  if (rows.length === 0) return;
  await s.query
    .updateTable('job_rows')
    .from(values(rows.map((row) => [row.row_number, idempotencyKey(lease.job_id, row.row_number)])).as('v'))
    .set((eb) => ({ status: 'processing', attempts: eb('attempts', '+', 1), idempotency_key: text(2) }))
    .where('job_id', '=', lease.job_id)
    .where('row_number', '=', integer(1))
    .where('status', 'in', ['pending', 'processing'])
    .execute();
};

/** Writes what became of rows that were being processed. */
export const recordOutcomes = async (
  s: ShippingSession,
  lease: Lease,
  outcomes: readonly Outcome[],
  now: string,
) => {
  const shipped = outcomes.filter((outcome) => 'shipment' in outcome);
  const failed = outcomes.filter((outcome) => 'failure' in outcome);
  if (shipped.length > 0) {
    await s.query
      .updateTable('job_rows')
      .from(
        values(
          shipped.map(({ row_number, shipment }) => [
            row_number,
            shipment.tracking_number,
            shipment.label_path ?? null,
            shipment.cost_cents,
          ]),
        ).as('v'),
      )
      .set({
        status: 'completed',
        tracking_number: text(2),
        label_path: text(3),
        cost_cents: integer(4),
        processed_at: now,
      })
      .where('job_id', '=', lease.job_id)
      .where('row_number', '=', integer(1))
      .execute();
  }
  if (failed.length > 0) {
    await s.query
      .updateTable('job_rows')
      .from(
        values(failed.map(({ row_number, failure }) => [row_number, failure.code, failure.message])).as('v'),
      )
      .set({ status: 'failed', error_code: text(2), error_message: text(3), processed_at: now })
      .where('job_id', '=', lease.job_id)
      .where('row_number', '=', integer(1))
      .execute();
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
