import type { z } from 'zod';
import type { Columns, Shape, TableItem } from '../model/index.js';
import { cancelJob } from './cancel.js';
import { type CommandParts, jobCommands } from './commands.js';
import { confirmJob } from './confirm.js';
import { deleteJob, pauseJob, resumeJob } from './control.js';
import type { AnyExecutor } from './executor.js';
import { type ImportInput, type ImportOptions, importRows, type RowSource } from './import.js';
import { findJob } from './job.js';
import type { JobSum } from './job-commands.js';
import { type LogPage, pageLog } from './log.js';
import { type JobDatabase, type JobModel, type JobSession, modelOf } from './model.js';
import { type JobFilter, jobStatus, listJobs, pageRows, type RowPage } from './query.js';
import { type RetryInput, retryFailed } from './retry.js';
import { type RunOptions, runJob } from './run.js';
import type { Jobs } from './services.js';
import { type ChunkColumns, type JobColumns, type JobMode, jobColumns, type RowColumns } from './shapes.js';
import { type JobTables, makeTables } from './tables.js';

/** The names of the results that can be summed up. */
type Summable<Result extends Shape> = {
  [K in keyof Result]: z.output<Result[K]> extends number ? K : never;
}[keyof Result] &
  string;

/** The label and the number format with which `ashlar jobs` shows a sum. */
export interface SumOptions {
  /** The label that `ashlar jobs` shows for the sum. Default: its name. */
  readonly label?: string;
  /** Formats the value of the sum as text. Default: the number without a format. */
  readonly format?: (total: number) => string;
}

/** The declaration of a kind of job: the data and results of its rows, its jobs table and its limits. */
export interface JobsDeclaration<
  Data extends z.ZodType,
  Result extends Shape,
  Sum extends Summable<Result>,
  Job extends JobColumns<Sum>,
  Log extends string,
> {
  /** The Zod type of a row's data, which is stored as JSON. */
  readonly data: Data;
  /**
   * The columns that store the result of a row: text, numbers or booleans. The executor returns their values; nullable
   * values may be left out.
   */
  readonly result?: Result;
  /**
   * The results to sum over a job's rows, each in a column `total_NAME` of the jobs table; they must be non-negative
   * integers.
   */
  readonly sums?: { readonly [K in Sum]: SumOptions };
  /**
   * Adds columns to the jobs table, or changes their order: `(columns) => ({ ...columns, campaign: z.string() })`.
   */
  readonly columns?: (columns: JobColumns<Sum>) => Job;
  /** The guarantees, keys and indexes that the jobs table has in addition to the built-in ones. */
  readonly items?: (columns: Columns<Job>) => readonly TableItem[];
  /** The name of the log table. Default: `NAME_log`. */
  readonly log?: Log;
  /** The number of rows in each chunk, which a worker leases as a whole. Default 500. */
  readonly chunkRows?: number;
  /** The number of seconds for which a lease on a chunk is valid after each renewal. Default 30. */
  readonly leaseSeconds?: number;
  /**
   * The number of attempts after which a row whose worker stopped during the last of them fails, as in doubt, rather than
   * stop another worker. Default 5.
   */
  readonly maxAttempts?: number;
  /** The number of seconds that a call of the executor may take. Default 300. */
  readonly callSeconds?: number;
  /** The mode of a job that is created without one. Default `auto`: it needs no confirmation. */
  readonly mode?: JobMode;
}

/**
 * Declares a kind of batch job: its four tables with their guarantees, and the functions that import, run and control
 * jobs.
 *
 * @param name - in the singular, snake_case: the tables are `NAMEs`, `NAME_rows`, `NAME_chunks` and `NAME_log`
 * @throws AshlarError `table-invalid`, `column-type-unsupported`
 *
 * @example
 * const emails = defineJobs('email_job', {
 *   data: z.object({ to: z.email(), subject: z.string() }),
 *   result: { message_id: z.string(), bytes: z.int().min(0) },
 *   sums: { bytes: {} },
 * });
 */
export function defineJobs<
  const Name extends string,
  Data extends z.ZodType,
  Result extends Shape = Record<never, z.ZodType>,
  Sum extends Summable<Result> = never,
  Job extends JobColumns<Sum> = JobColumns<Sum>,
  const Log extends string = `${Name}_log`,
>(
  name: Name,
  declaration: JobsDeclaration<Data, Result, Sum, Job, Log>,
): Jobs<
  JobTables<Name, Log, Job, RowColumns<Data, Result>, ChunkColumns<Sum>>,
  { data: Data; result: Result; sum: Sum; columns: Job }
> {
  const { data, items = () => [] } = declaration;
  const result = declaration.result ?? ({} as Result);
  const sums: { readonly [K in Sum]?: SumOptions } = declaration.sums ?? {};
  const names = Object.keys(sums) as Sum[];
  const columns = jobColumns(names, declaration.mode);
  const tables = makeTables({
    name,
    log: declaration.log ?? (`${name}_log` as Log),
    columns: declaration.columns?.(columns) ?? (columns as Job),
    items,
    data,
    result,
    sums: names,
  });
  const model = modelOf(tables as unknown as JobTables, { ...declaration, result, sums: names });
  const shown = names.map((sum) => ({
    column: `total_${sum}`,
    label: sums[sum]?.label ?? sum,
    format: sums[sum]?.format ?? String,
  }));
  return { tables, ...services(model, shown) } as unknown as Jobs<
    typeof tables,
    { data: Data; result: Result; sum: Sum; columns: Job }
  >;
}

const services = (model: JobModel, sums: readonly JobSum[]) => ({
  import: (db: JobDatabase, rows: RowSource<unknown>, input: ImportInput, options?: ImportOptions) =>
    importRows({ model, db, source: rows, input, options }),
  run: (db: JobDatabase, jobId: string, executor: AnyExecutor, options?: RunOptions) =>
    runJob(model, db, { jobId, executor }, options),
  confirm: (s: JobSession, jobId: string) => confirmJob(model, s, jobId),
  pause: (s: JobSession, jobId: string, reason?: string) => pauseJob(model, s, jobId, reason),
  resume: (s: JobSession, jobId: string) => resumeJob(model, s, jobId),
  cancel: (s: JobSession, jobId: string) => cancelJob(model, s, jobId),
  retry: (s: JobSession, input: RetryInput) => retryFailed(model, s, input),
  delete: (s: JobSession, jobId: string) => deleteJob(model, s, jobId),
  find: (s: JobSession, jobId: string) => findJob(model, s, jobId),
  status: (s: JobSession, jobId: string) => jobStatus(model, s, jobId),
  list: (s: JobSession, filter?: JobFilter) => listJobs(model, s, filter),
  rows: (s: JobSession, page: RowPage) => pageRows(model, s, page),
  log: (s: JobSession, page: LogPage) => pageLog(model, s, page),
  commands: (parts: CommandParts) => jobCommands(model, sums, parts),
});
