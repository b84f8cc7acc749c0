import { z } from 'zod';
import { AshlarError } from '../errors.js';
import { createdAt, id, json, type Shape, timestamp, updatedAt } from '../model/index.js';

/** The statuses of a job; `completed` and `cancelled` are final. */
export const jobStatuses = ['pending', 'running', 'paused', 'completed', 'failed', 'cancelled'] as const;
/** The statuses of a row; `completed` and `skipped` are final. */
export const rowStatuses = ['pending', 'processing', 'completed', 'failed', 'skipped'] as const;
/** The levels of a job's log. */
export const logLevels = ['INFO', 'WARNING', 'ERROR'] as const;
/** The modes of a job: a job of mode `confirm` runs only after a person has confirmed it. */
export const jobModes = ['confirm', 'auto'] as const;
/** The kinds of events in a job's log; an `api_call` event stands for a batch of calls of the executor. */
export const eventTypes = ['state_change', 'api_call', 'row_event', 'error'] as const;

/** One of {@link jobStatuses}. */
export type JobStatus = (typeof jobStatuses)[number];
/** One of {@link jobModes}. */
export type JobMode = (typeof jobModes)[number];
/** One of {@link rowStatuses}. */
export type RowStatus = (typeof rowStatuses)[number];

const assertFree = (table: string, names: readonly string[], taken: Shape): void => {
  const name = names.find((each) => each in taken);
  if (name === undefined) return;
  throw new AshlarError('table-invalid', {
    message: `The table of ${table} already has a column ${name}.`,
    detail:
      'A result is a column of the rows table. A sum is also a column of the chunks table, and total_NAME a column of the jobs table.',
    suggestion: 'Give the result another name.',
  });
};

const count = () => z.int().min(0).default(0);
const sum = () => z.int().min(0);
const sha256 = () => z.string().length(64);

const firstJobColumns = () => ({
  id: id(),
  name: z.string().min(1).max(200),
  description: z.string().nullable(),
  status: z.enum(jobStatuses).default('pending'),
  total_rows: count(),
  processed_rows: count(),
  successful_rows: count(),
  failed_rows: count(),
});

const lastJobColumns = (mode: JobMode) => ({
  error_code: z.string().nullable(),
  error_message: z.string().nullable(),
  created_at: createdAt(),
  started_at: timestamp().nullable(),
  completed_at: timestamp().nullable(),
  updated_at: updatedAt(),
  mode: z.enum(jobModes).default(mode),
  confirmed_at: timestamp().nullable(),
  // the worker that is importing; NULL once all rows are there
  importer: z.string().nullable(),
  // whether a simulated executor runs the job; NULL until it is run
  simulated: z.boolean().nullable(),
});

/**
 * The columns of every jobs table, including a column `total_NAME` for each sum (`null` while no row is completed).
 */
export type JobColumns<Sum extends string> = ReturnType<typeof firstJobColumns> &
  ReturnType<typeof lastJobColumns> & { [K in Sum as `total_${K}`]: z.ZodNullable<z.ZodInt> };

/**
 * Creates the columns of a jobs table, in the order of the table.
 *
 * @param mode - the mode of a job that is created without one
 * @throws AshlarError `table-invalid` for a name that is taken
 */
export function jobColumns<Sum extends string>(
  sums: readonly Sum[],
  mode: JobMode = 'auto',
): JobColumns<Sum> {
  const totals = Object.fromEntries(sums.map((name) => [`total_${name}`, sum().nullable()]));
  const [first, last] = [firstJobColumns(), lastJobColumns(mode)];
  assertFree('jobs', Object.keys(totals), { ...first, ...last });
  return { ...first, ...totals, ...last } as JobColumns<Sum>;
}

// what was read of a row that does not pass the schema of its kind
const rejectedData = z.strictObject({ rejected: z.json() });

/**
 * The type of the column `row_data`: data that passes the declared schema or, for a rejected row, the values that
 * were read.
 */
export type RowData<Data extends z.ZodType> = z.ZodUnion<readonly [Data, typeof rejectedData]>;

/** The types of the result columns, all nullable, because they are NULL until the row is completed. */
export type ResultColumns<Result extends Shape> = {
  [K in keyof Result]: Result[K] extends z.ZodNullable ? Result[K] : z.ZodNullable<Result[K]>;
};

const firstRowColumns = () => ({
  id: id(),
  job_id: z.uuid(),
  row_number: z.int().min(1),
  row_checksum: sha256(),
});

const lastRowColumns = () => ({
  error_code: z.string().nullable(),
  error_message: z.string().nullable(),
  attempts: count(),
  idempotency_key: sha256().nullable(),
  created_at: createdAt(),
  processed_at: timestamp().nullable(),
});

const rowStatus = () => z.enum(rowStatuses).default('pending');

/** The types of the columns of every rows table. */
export type RowColumns<Data extends z.ZodType, Result extends Shape> = ReturnType<typeof firstRowColumns> &
  ReturnType<typeof lastRowColumns> &
  ResultColumns<Result> & { row_data: RowData<Data>; status: ReturnType<typeof rowStatus> };

/**
 * Creates the columns of a rows table, in the order of the table.
 *
 * @throws AshlarError `table-invalid` for a name that is taken
 */
export function rowColumns<Data extends z.ZodType, Result extends Shape>(
  data: Data,
  result: Result,
): RowColumns<Data, Result> {
  const results = Object.entries(result).map(([name, type]) => [
    name,
    type.def.type === 'nullable' ? type : type.nullable(),
  ]);
  const first = { ...firstRowColumns(), row_data: json(z.union([data, rejectedData])), status: rowStatus() };
  const last = lastRowColumns();
  assertFree('rows', Object.keys(result), { ...first, ...last });
  return { ...first, ...Object.fromEntries(results), ...last } as RowColumns<Data, Result>;
}

const fixedChunkColumns = () => ({
  job_id: z.uuid(),
  chunk: z.int().min(1),
  lo: z.int().min(1),
  hi: z.int().min(1),
  state: z.enum(['open', 'leased', 'done']).default('open'),
  epoch: count(),
  owner: z.string().nullable(),
  lease_until: timestamp().nullable(),
  completed_rows: count(),
  failed_rows: count(),
  skipped_rows: count(),
});

/** The types of the columns of every chunks table, including one column for each sum. */
export type ChunkColumns<Sum extends string> = ReturnType<typeof fixedChunkColumns> & {
  [K in Sum]: z.ZodDefault<z.ZodInt>;
};

/**
 * Creates the columns of a chunks table, in the order of the table.
 *
 * @throws AshlarError `table-invalid` for a name that is taken
 */
export function chunkColumns<Sum extends string>(sums: readonly Sum[]): ChunkColumns<Sum> {
  const counted = Object.fromEntries(sums.map((name) => [name, sum().default(0)]));
  const fixed = fixedChunkColumns();
  assertFree('chunks', sums, fixed);
  return { ...fixed, ...counted } as ChunkColumns<Sum>;
}

/** Creates the columns of a log table. */
export function logColumns() {
  return {
    id: id(),
    job_id: z.uuid(),
    timestamp: createdAt(),
    level: z.enum(logLevels),
    event_type: z.enum(eventTypes),
    message: z.string(),
    details: z.record(z.string(), z.json()).nullable(),
    row_number: z.int().min(1).nullable(),
  };
}

/** The types of the columns of every log table. */
export type LogColumns = ReturnType<typeof logColumns>;
