import type { z } from 'zod';
import type { InsertOf, Row, Shape, Tables } from '../model/index.js';
import type { Database } from '../session/database.js';
import type { Session } from '../session/types.js';
import type { JobExecutor } from './executor.js';
import type { ImportInput, ImportOptions, RowSource } from './import.js';
import type { ImportFileOptions, ImportReport, JobCommands } from './job-commands.js';
import type { LogPage } from './log.js';
import type { LogEntry } from './model.js';
import type { JobFilter, RowPage } from './query.js';
import type { Retried, RetryInput } from './retry.js';
import type { RunOptions } from './run.js';
import type { JobColumns } from './shapes.js';
import type { JobTables } from './tables.js';
import type { RowAccount } from './totals.js';

/** The types that the declaration of one kind of job determines. */
export interface JobTypes {
  /** The Zod type of a row's data. */
  readonly data: z.ZodType;
  /** The columns of the rows table that store the results of rows. */
  readonly result: Shape;
  /** The names of the results that are summed over a job's rows. */
  readonly sum: string;
  /** The columns of the jobs table. */
  readonly columns: Shape;
}

type Executor<K extends JobTypes> = JobExecutor<z.output<K['data']>, InsertOf<K['result']>>;
type Sums<K extends JobTypes> = { readonly [N in K['sum'] as `total_${N}`]: number | null };
type OwnColumns<K extends JobTypes> = Omit<InsertOf<K['columns']>, keyof JobColumns<K['sum']>>;

/** The tables of one kind of job and the functions that import, run and control its jobs, created by `defineJobs`. */
export interface Jobs<T extends Readonly<Record<keyof JobTables, unknown>>, K extends JobTypes> {
  /** The four tables of the jobs, to be added to the tables of a system. */
  readonly tables: T;

  /**
   * Creates a job from rows, in constant memory and in transactions of some thousand rows, between which other workers write.
   * A row that does not pass the schema is reported and logged, and becomes a failed row. If the import fails, it removes
   * what it has written. A job whose import was killed cannot run; cancel or delete it.
   *
   * @throws AshlarError `input-invalid` when there is no row; `state-conflict` when the job was cancelled meanwhile; and what
   *   the source throws
   */
  import<D extends Tables>(
    db: Database<D>,
    rows: RowSource<z.input<K['data']>>,
    input: ImportInput & OwnColumns<K>,
    options?: ImportOptions,
  ): Promise<ImportReport<Row<T['jobs']>>>;

  /**
   * Runs a job as one worker, until all its rows are done, the job is paused or cancelled, or `signal` is aborted.
   * Any number of workers, in any number of processes, may run one job. After a worker was killed, another call
   * continues the job.
   *
   * A row is attempted at least once and recorded exactly once. With an idempotent or reconcilable provider, it also
   * has its effect exactly once. A call that takes longer than `callSeconds` fails, as `timed_out` if it can be repeated
   * safely and else as `in_doubt`.
   *
   * @returns the job: `completed`, `failed` if rows of it failed, `paused` or `cancelled`
   * @throws AshlarError `row-not-found`; `state-conflict` when the job is completed, failed or cancelled, waits for its
   *   confirmation, is still being imported, or was run by a simulated executor and this one is not, or the reverse
   */
  run<D extends Tables>(
    db: Database<D>,
    jobId: string,
    executor: Executor<K>,
    options?: RunOptions,
  ): Promise<Row<T['jobs']>>;

  /**
   * Confirms a job of mode `confirm`, which can be run from then on. The log records who did it. Confirming it again has no
   * effect.
   *
   * @throws AshlarError `row-not-found`; `state-conflict` when the job needs no confirmation, is still being imported, or is
   *   no longer pending
   */
  confirm<D extends Tables>(s: Session<D>, jobId: string): Promise<Row<T['jobs']>>;
  /**
   * Pauses a running job. Its workers record the rows in flight and stop; no other row is attempted.
   *
   * @throws AshlarError `row-not-found`, `state-conflict`
   */
  pause<D extends Tables>(s: Session<D>, jobId: string, reason?: string): Promise<Row<T['jobs']>>;
  /**
   * Sets a paused job to `running`, without executing rows; call `run` for that.
   *
   * @throws AshlarError `row-not-found`, `state-conflict`
   */
  resume<D extends Tables>(s: Session<D>, jobId: string): Promise<Row<T['jobs']>>;
  /**
   * Cancels a job permanently: pending rows are skipped, but workers still record the rows that they have begun to
   * execute. Call it again to fail, as in doubt, the rows of workers that have died since.
   *
   * @throws AshlarError `row-not-found`, `state-conflict` when the job is completed
   */
  cancel<D extends Tables>(s: Session<D>, jobId: string): Promise<Row<T['jobs']>>;
  /**
   * Sets failed rows to `pending`, and their job to `running` if it had failed; call `run` to execute them. Rejected
   * rows stay failed.
   *
   * @throws AshlarError `row-not-found`; `state-conflict` when the job's status does not allow it, or a named row or
   *   every row cannot be retried
   */
  retry<D extends Tables>(s: Session<D>, input: RetryInput): Promise<Retried<Row<T['jobs']>>>;
  /**
   * Deletes a job that is not running, with its rows and its log.
   *
   * @throws AshlarError `row-not-found`, `state-conflict`
   */
  delete<D extends Tables>(s: Session<D>, jobId: string): Promise<void>;

  /** Reads the job with this id. @throws AshlarError `row-not-found` */
  find<D extends Tables>(s: Session<D>, jobId: string): Promise<Row<T['jobs']>>;
  /**
   * Reads a job and computes its counts and sums from its rows, in one snapshot, without relying on the stored
   * counts.
   *
   * @throws AshlarError `row-not-found`
   */
  status<D extends Tables>(
    s: Session<D>,
    jobId: string,
  ): Promise<{
    readonly job: Row<T['jobs']>;
    readonly account: RowAccount & Sums<K>;
    /** Whether the job's counts and sums equal its rows: always, unless the database was changed past the services. */
    readonly balanced: boolean;
  }>;
  /** Lists jobs, newest first. */
  list<D extends Tables>(s: Session<D>, filter?: JobFilter): Promise<Row<T['jobs']>[]>;
  /** Reads a page of a job's rows, ordered by row number. */
  rows<D extends Tables>(s: Session<D>, page: RowPage): Promise<Row<T['rows']>[]>;
  /** Reads a page of a job's log. */
  log<D extends Tables>(s: Session<D>, page: LogPage): Promise<LogEntry[]>;

  /**
   * Creates the `ashlar jobs` commands of a system for these jobs:
   * `system(name, { …, jobs: shipments.commands(…) })`.
   */
  commands(parts: {
    /** Creates the executor that `ashlar jobs run` calls for each row. */
    readonly executor: () => Executor<K>;
    /** Creates a job from a file, for `ashlar jobs import`. Without this function, the command is refused. */
    readonly import?: (db: Database, path: string, options: ImportFileOptions) => Promise<ImportReport>;
    /** Writes the rows of a job, for `ashlar jobs export`. Without this function, the command is refused. */
    readonly export?: JobCommands['export'];
  }): JobCommands;
}

/** The type of the executor of a kind of job: `type Carrier = ExecutorOf<typeof shipments>`. */
export type ExecutorOf<J> =
  J extends Jobs<infer _T, infer K> ? JobExecutor<z.output<K['data']>, InsertOf<K['result']>> : never;
