import { errorIssues, issueText } from '../model/index.js';
import { callWithin, type Unanswered } from './call.js';
import type { AnyExecutor, RowIdentity } from './executor.js';
import { idempotencyKey } from './executor.js';
import { leftCall } from './left-call.js';
import type { JobModel, JobRow } from './model.js';
import type { Outcome } from './record.js';
import { storableText } from './storable-text.js';

const longestMessage = 2_000;

// an executor may throw anything: text of any length, with characters that no database can store
const failure = (row: JobRow, code: string, message: string): Outcome => ({
  row_number: row.row_number,
  failure: {
    code: storableText(code.slice(0, longestMessage)),
    message: storableText(message.slice(0, longestMessage)),
  },
});

const thrown = (row: JobRow, error: unknown): Outcome => {
  const code = (error as { code?: unknown } | null)?.code;
  const message = error instanceof Error ? error.message : String(error);
  return failure(row, typeof code === 'string' && code !== '' ? code : 'executor_error', message);
};

const completed = (model: JobModel, row: JobRow, given: unknown): Outcome => {
  const values = (given ?? {}) as Readonly<Record<string, unknown>>;
  const result = Object.fromEntries(model.results.map(({ name }) => [name, values[name] ?? null]));
  const missing = model.results.find(({ name, required }) => required && result[name] === null);
  const { columns, update: schema } = model.tables.rows;
  const found = schema.safeParse(result).error?.issues ?? [];
  const [issue] = errorIssues(found, { schema, given: result, columns });
  if (!missing && !issue) return { row_number: row.row_number, result };
  const reason = issue ? issueText(issue) : `${missing?.name} is missing`;
  return failure(row, 'in_doubt', `The result of the executor cannot be recorded: ${reason}.`);
};

const isInterrupted = (row: JobRow): boolean => row.status === 'processing';

/**
 * Whether a row was interrupted in its last attempt and must not be attempted again, because the executor or the
 * limit on attempts forbids it. A row whose call was left is repeated by an idempotent executor only: the provider does not
 * know of a call that is still on its way.
 */
export function isHopeless(model: JobModel, row: JobRow, { reconcile, idempotent }: AnyExecutor): boolean {
  if (row.error_code === leftCall && !idempotent) return true;
  return isInterrupted(row) && !reconcile && (!idempotent || row.attempts >= model.maxAttempts);
}

/**
 * Creates the outcome of a row that must not be attempted again: it fails as `in_doubt`, and a person must check it
 * at the provider.
 */
export function inDoubt(row: JobRow): Outcome {
  return failure(
    row,
    'in_doubt',
    'The attempt was interrupted and may have taken effect. Check it at the provider; to execute the row again, retry it by its number.',
  );
}

type Found = { readonly outcome: Outcome } | 'not-effected';

// the result of an earlier attempt, if the provider knows one
const reconciled = async (
  model: JobModel,
  row: JobRow,
  executor: AnyExecutor,
  identity: RowIdentity,
): Promise<Found> => {
  if (row.attempts === 0 || !executor.reconcile) return 'not-effected';
  const last = isInterrupted(row) && row.attempts >= model.maxAttempts;
  try {
    const found = await executor.reconcile(row, identity);
    if (found !== 'not-effected') return { outcome: completed(model, row, found) };
    if (!last) return found;
    const message = `The row was interrupted in ${row.attempts} attempts; none of them took effect.`;
    return { outcome: failure(row, 'attempts_exhausted', message) };
  } catch (error) {
    if (executor.idempotent && !last) return 'not-effected';
    const message = `The executor could not find out at the provider whether the earlier attempt took effect: ${String(error)}`;
    return { outcome: failure(row, 'in_doubt', message) };
  }
};

/**
 * Attempts one row: reconciles it first if it was attempted before and the executor can, then executes it. Never
 * throws.
 *
 * @param row - as it was before the intent of this attempt was written
 * @returns `undefined` if the call was given up
 */
const attemptRow = async (
  row: JobRow,
  { model, executor, lost, givenUp, callSeconds: seconds }: AttemptOptions,
): Promise<Outcome | undefined> => {
  const identity = { idempotencyKey: idempotencyKey(row.job_id, row.row_number) };
  const limits = { lost, givenUp, seconds };
  const found = await callWithin(() => reconciled(model, row, executor, identity), limits);
  if ('unanswered' in found) return left(row, executor, found.unanswered, seconds);
  if (found.answer !== 'not-effected') return found.answer.outcome;
  try {
    const run = (signal: AbortSignal) =>
      executor.run(row, { ...identity, attempt: row.attempts + 1, signal });
    const called = await callWithin(run, limits);
    if ('unanswered' in called) return left(row, executor, called.unanswered, seconds);
    return completed(model, row, called.answer);
  } catch (error) {
    return thrown(row, error);
  }
};

// a call that was left may still have its effect, also after the provider was asked: only a repetition under the same key is safe
const left = (
  row: JobRow,
  { idempotent }: AnyExecutor,
  why: Unanswered,
  seconds: number,
): Outcome | undefined => {
  // the row stays `processing`, as after the death of its worker
  if (why === 'given-up' && idempotent) return undefined;
  const message =
    why === 'given-up'
      ? 'The run was stopped before the call ended.'
      : `The call did not end within ${seconds} seconds.`;
  return idempotent
    ? failure(row, leftCall, message)
    : failure(row, 'in_doubt', `${message} It may have taken effect. Check it at the provider.`);
};

/** How rows are attempted. */
interface AttemptOptions {
  readonly model: JobModel;
  readonly executor: AnyExecutor;
  readonly concurrency: number;
  readonly callSeconds: number;
  /** Aborted when this worker loses its lease. */
  readonly lost: AbortSignal;
  /** Aborted when the run no longer waits for calls in progress. */
  readonly givenUp: AbortSignal;
}

/** What became of rows that were to be attempted. */
export interface Attempted {
  /** In the order of the rows. Rows whose call was given up have none. */
  readonly outcomes: readonly Outcome[];
  /** The rows whose call was given up. */
  readonly left: readonly JobRow[];
  /** The rows that were not attempted, because the run was given up or its lease was lost before. */
  readonly untouched: readonly JobRow[];
}

/** Nothing was attempted. */
export const nothingAttempted: Attempted = { outcomes: [], left: [], untouched: [] };

/** Attempts rows, at most `concurrency` of them at the same time. */
export async function attemptRows(rows: readonly JobRow[], options: AttemptOptions): Promise<Attempted> {
  const { givenUp, lost, concurrency } = options;
  const outcomes: (Outcome | undefined)[] = [];
  const [left, untouched]: [JobRow[], JobRow[]] = [[], []];
  const remaining = rows.entries();
  const lane = async () => {
    for (const [position, row] of remaining) {
      // without the lease, another worker executes the row
      if (givenUp.aborted || lost.aborted) {
        untouched.push(row);
        continue;
      }
      const outcome = await attemptRow(row, options);
      if (outcome) outcomes[position] = outcome;
      else left.push(row);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, rows.length) }, lane));
  return { outcomes: outcomes.filter((outcome) => outcome !== undefined), left, untouched };
}
