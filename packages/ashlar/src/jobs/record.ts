import { type RawBuilder, sql } from 'kysely';
import { AshlarError } from '../errors.js';
import { type AnyExecutor, idempotencyKey } from './executor.js';
import type { Lease, Tally } from './lease.js';
import { leftCall } from './left-call.js';
import type { LogEvent } from './log.js';
import type { JobModel, JobRow, JobSession, ResultColumn } from './model.js';

/**
 * The outcome of an attempt to execute one row: the values of its result columns, or the code and message of the
 * failure.
 */
export type Outcome =
  | { readonly row_number: number; readonly result: Readonly<Record<string, unknown>> }
  | { readonly row_number: number; readonly failure: { readonly code: string; readonly message: string } };

// a table of values; both engines name its columns column1, column2, …
const values = (rows: readonly (readonly unknown[])[]): RawBuilder<{ column1: unknown }> =>
  sql`(values ${sql.join(rows.map((row) => sql`(${sql.join(row)})`))})`;

const cast = <T>(column: number, type: ResultColumn['sqlType']): RawBuilder<T> =>
  sql<T>`cast(${sql.ref(`v.column${column}`)} as ${sql.raw(type)})`;

const text = (column: number) => cast<string | null>(column, 'text');

/** An update of rows of a job by their numbers, the first of each of the given values. */
const rowsOf = (
  { tables }: JobModel,
  s: JobSession,
  lease: Lease,
  given: readonly (readonly [number, ...unknown[]])[],
) => {
  const numbers = given.map(([number]) => number);
  return (
    s.query
      .updateTable(tables.rows.name)
      .from(values(given).as('v'))
      .where('job_id', '=', lease.job_id)
      .where('row_number', '=', cast<number>(1, 'bigint'))
      // without these, and without statistics, PostgreSQL reads the whole job for each window
      .where('row_number', '>=', Math.min(...numbers))
      .where('row_number', '<=', Math.max(...numbers))
  );
};

/**
 * Changes rows of a job by their numbers, the first of each of the given values.
 *
 * @throws AshlarError `state-conflict` when `change` leaves out one of them
 */
const changeAll = async (
  model: JobModel,
  s: JobSession,
  lease: Lease,
  given: readonly (readonly [number, ...unknown[]])[],
  change: (rows: ReturnType<typeof rowsOf>) => {
    executeTakeFirstOrThrow(): Promise<{ readonly numUpdatedRows: bigint }>;
  },
): Promise<void> => {
  if (given.length === 0) return;
  const { numUpdatedRows } = await change(rowsOf(model, s, lease, given)).executeTakeFirstOrThrow();
  if (numUpdatedRows === BigInt(given.length)) return;
  throw new AshlarError('state-conflict', {
    message: `${given.length - Number(numUpdatedRows)} of ${given.length} rows were changed by another writer while a worker had leased them.`,
    detail: `Code other than the job functions of Ashlar writes to the table ${model.tables.rows.name}.`,
    suggestion: 'Nothing was recorded. Stop the other writer, and run the job again.',
  });
};

/**
 * Sets rows to `processing`, with their idempotency keys, to record before the executor is called that they are about
 * to be attempted.
 *
 * @throws AshlarError `state-conflict` when a row is not open
 */
export async function recordIntents(
  model: JobModel,
  s: JobSession,
  lease: Lease,
  rows: readonly Pick<JobRow, 'row_number'>[],
): Promise<void> {
  const keys = rows.map(({ row_number }) => [row_number, idempotencyKey(lease.job_id, row_number)] as const);
  await changeAll(model, s, lease, keys, (update) =>
    update
      .set((eb) => ({
        status: 'processing',
        attempts: eb('attempts', '+', 1),
        idempotency_key: text(2),
        error_code: null,
      }))
      .where('status', 'in', ['pending', 'processing']),
  );
}

/**
 * Withdraws the intents of rows that were not attempted after all: they are as they were before.
 *
 * @throws AshlarError `state-conflict` when a row is not being processed
 */
export async function withdrawIntents(
  model: JobModel,
  s: JobSession,
  lease: Lease,
  rows: readonly Pick<JobRow, 'row_number' | 'status' | 'error_code'>[],
): Promise<void> {
  const before = rows.map(({ row_number, status, error_code }) => [row_number, status, error_code] as const);
  await changeAll(model, s, lease, before, (update) =>
    update
      .set((eb) => ({
        status: cast<JobRow['status']>(2, 'text'),
        attempts: eb('attempts', '-', 1),
        error_code: text(3),
      }))
      .where('status', '=', 'processing'),
  );
}

/**
 * Marks rows whose call was given up: they stay `processing`, and an executor that is not idempotent must not execute them.
 *
 * @throws AshlarError `state-conflict` when a row is not being processed
 */
export async function markLeft(
  model: JobModel,
  s: JobSession,
  lease: Lease,
  rows: readonly Pick<JobRow, 'row_number'>[],
): Promise<void> {
  const numbers = rows.map(({ row_number }) => [row_number] as const);
  await changeAll(model, s, lease, numbers, (update) =>
    update.set({ error_code: leftCall }).where('status', '=', 'processing'),
  );
}

/**
 * Records the outcomes of attempted rows: their results, or why they failed.
 *
 * @throws AshlarError `state-conflict` when a row is not being processed
 */
export async function recordOutcomes(
  model: JobModel,
  s: JobSession,
  lease: Lease,
  { outcomes, now }: { readonly outcomes: readonly Outcome[]; readonly now: string },
): Promise<void> {
  const completed = outcomes
    .filter((outcome) => 'result' in outcome)
    .map(({ row_number, result }) => [row_number, ...model.results.map(({ name }) => result[name])] as const);
  const results = model.results.map(({ name, sqlType }, at) => [name, cast(at + 2, sqlType)]);
  await changeAll(model, s, lease, completed, (update) =>
    update
      .set({ status: 'completed', processed_at: now, ...Object.fromEntries(results) })
      .where('status', '=', 'processing'),
  );
  const failed = outcomes
    .filter((outcome) => 'failure' in outcome)
    .map(({ row_number, failure }) => [row_number, failure.code, failure.message] as const);
  await changeAll(model, s, lease, failed, (update) =>
    update
      .set({ status: 'failed', error_code: text(2), error_message: text(3), processed_at: now })
      // a pending row fails where its executor must not repeat it
      .where('status', 'in', ['pending', 'processing']),
  );
}

/**
 * Counts the outcomes of rows and sums their results, which are then added to the row counts and sums of the chunk.
 */
export function tallyOf({ sums }: JobModel, outcomes: readonly Outcome[]): Tally {
  let [completed, failed] = [0, 0];
  const added: Record<string, number> = Object.fromEntries(sums.map(({ name }) => [name, 0]));
  for (const outcome of outcomes) {
    if ('failure' in outcome) failed++;
    else {
      completed++;
      for (const { name } of sums) added[name] = (added[name] ?? 0) + Number(outcome.result[name]);
    }
  }
  return { completed, failed, sums: added };
}

/**
 * Creates the log entries for the outcomes of attempted rows: one summary of all calls, and one entry for each failed
 * row.
 */
export function outcomeEvents(
  model: JobModel,
  { name, simulated }: AnyExecutor,
  outcomes: readonly Outcome[],
): LogEvent[] {
  const [first, last] = [outcomes[0], outcomes.at(-1)];
  if (!first || !last) return [];
  const { completed, failed, sums } = tallyOf(model, outcomes);
  const summary: LogEvent = {
    level: 'INFO',
    event_type: 'api_call',
    message: `${simulated ? 'SIMULATED: ' : ''}Rows ${first.row_number} to ${last.row_number}: ${completed} completed, ${failed} failed.`,
    details: { executor: name, ...(simulated ? { simulated } : {}), completed, failed, ...sums },
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
}
