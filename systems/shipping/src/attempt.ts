import type { Executor, Shipment } from './executor.js';
import { idempotencyKey } from './executor.js';
import type { Outcome } from './record.js';
import { type JobRow, jobRows } from './tables.js';

const longestMessage = 2_000;

// what an executor throws is not ours: it may be anything, of any length, and hold what no database can
const storable = (text: string): string => text.slice(0, longestMessage).toWellFormed().replaceAll('\0', '␀');

const failure = (row: JobRow, code: string, message: string): Outcome => ({
  row_number: row.row_number,
  failure: { code: storable(code), message: storable(message) },
});

const thrown = (row: JobRow, error: unknown): Outcome => {
  const code = (error as { code?: unknown } | null)?.code;
  const message = error instanceof Error ? error.message : String(error);
  return failure(row, typeof code === 'string' && code !== '' ? code : 'executor_error', message);
};

const shipped = (row: JobRow, shipment: Shipment): Outcome => {
  const { tracking_number, label_path = null, cost_cents } = shipment ?? {};
  const checked = jobRows.update.safeParse({ tracking_number, label_path, cost_cents });
  if (checked.success && tracking_number && cost_cents !== undefined) {
    return { row_number: row.row_number, shipment: { tracking_number, label_path, cost_cents } };
  }
  const reason = checked.error?.issues[0];
  return failure(
    row,
    'in_doubt',
    `The executor's answer cannot be recorded: ${reason ? `${reason.path.join('.')}: ${reason.message}` : 'it lacks a tracking number or a cost'}.`,
  );
};

/** Whether a row was left in the middle of an attempt, and this executor has no safe way to go on with it. */
export const isHopeless = (row: JobRow, executor: Executor): boolean =>
  row.status === 'processing' && !executor.reconcile && !executor.idempotent;

/** The outcome of such a row: a person has to look. */
export const inDoubt = (row: JobRow): Outcome =>
  failure(
    row,
    'in_doubt',
    'The attempt was interrupted and may have had its effect. Look it up at the provider; retry the row by its number to ship it again.',
  );

/**
 * Attempts one row: looks it up first if it was attempted before and the executor can, then ships it. Never throws.
 *
 * @param row - as it was before this attempt's intent was written
 */
export const attemptRow = async (row: JobRow, executor: Executor, signal: AbortSignal): Promise<Outcome> => {
  const identity = { idempotencyKey: idempotencyKey(row.job_id, row.row_number) };
  if (row.attempts > 0 && executor.reconcile) {
    try {
      const found = await executor.reconcile(row, identity);
      if (found !== 'not-effected') return shipped(row, found);
    } catch (error) {
      if (!executor.idempotent) {
        return failure(
          row,
          'in_doubt',
          `The provider could not be asked about the earlier attempt: ${String(error)}`,
        );
      }
    }
  }
  try {
    return shipped(row, await executor.ship(row, { ...identity, attempt: row.attempts + 1, signal }));
  } catch (error) {
    return thrown(row, error);
  }
};

/** Attempts rows, at most `concurrency` at once. The outcomes stand in the order of the rows. */
export const attemptRows = async (
  rows: readonly JobRow[],
  concurrency: number,
  executor: Executor,
  signal: AbortSignal,
): Promise<Outcome[]> => {
  const outcomes: Outcome[] = [];
  const remaining = rows.entries();
  const lane = async () => {
    for (const [position, row] of remaining) outcomes[position] = await attemptRow(row, executor, signal);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, rows.length) }, lane));
  return outcomes;
};
