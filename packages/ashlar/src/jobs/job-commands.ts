import type { Database } from '../session/database.js';
import type { AnyExecutor } from './executor.js';
import type { JobMode, JobStatus, RowStatus } from './shapes.js';
import type { Totals } from './totals.js';

/** A job as a plain object with all columns of its row. Its counts and sums always equal its rows. */
export interface JobSummary {
  readonly id: string;
  readonly name: string;
  readonly status: JobStatus;
  readonly total_rows: number;
  /** The number of rows that are completed, failed or skipped. */
  readonly processed_rows: number;
  readonly successful_rows: number;
  readonly failed_rows: number;
  readonly error_code: string | null;
  readonly error_message: string | null;
  /** The time at which the job was created (ISO 8601, UTC, with milliseconds); all times of a job have this form. */
  readonly created_at: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  readonly mode: JobMode;
  readonly confirmed_at: string | null;
  /** The worker that imports the job; `null` once all its rows are there. */
  readonly importer: string | null;
  /** Whether a simulated executor runs the job; `null` until it is run. */
  readonly simulated: boolean | null;
  /** The sums (`total_NAME`) and the columns that the system adds. */
  readonly [column: string]: unknown;
}

/** A job with its row counts by status, its latest log entries and its first failed rows. */
export interface JobDetail extends JobSummary {
  /**
   * The number of rows with each status; `in_doubt` counts the failed rows whose last attempt may have taken effect.
   */
  readonly rows_by_status: Readonly<Record<string, number>>;
  /** The most recent entries of the log, newest first. */
  readonly log: readonly { readonly timestamp: string; readonly level: string; readonly message: string }[];
  /** The failed rows with the lowest row numbers. */
  readonly failures: readonly {
    readonly row_number: number;
    readonly error_code: string | null;
    readonly error_message: string | null;
    readonly attempts: number;
  }[];
}

/**
 * The progress of an import or a run, in numbers of rows. `total` is `undefined` while it is unknown (a file is still
 * being read).
 */
export interface JobProgress {
  readonly done: number;
  readonly total: number | undefined;
  readonly failed: number;
  readonly totals: Totals;
  /** Whether a simulated executor runs the job. */
  readonly simulated?: boolean;
}

/** Options of `ashlar jobs import`, which creates a job from a file. */
export interface ImportFileOptions {
  readonly name: string;
  /** The values that a line must have to be imported, by column: `{ State: 'California' }`. */
  readonly where?: Readonly<Record<string, string>> | undefined;
  /** The character between two fields, or its name, where the system reads such files. Default: found out. */
  readonly delimiter?: string | undefined;
  /** The encoding of the file. Default: found out. */
  readonly encoding?: string | undefined;
  /** Whether the job waits for `ashlar jobs confirm`. Default: the mode in the declaration of the jobs. */
  readonly mode?: JobMode | undefined;
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The result of an import: the job, line counts and rejected lines. Each rejected line is reported, and is a failed
 * row of the job.
 */
export interface ImportReport<Job = JobSummary> {
  readonly job: Job;
  /** The number of lines that were read. */
  readonly lines: number;
  /** The number of rows in the job, including the rejected ones. */
  readonly imported: number;
  /** The number of lines that were not imported because a filter excluded them. */
  readonly filtered: number;
  /** The first 1,000 rejected lines, each with the reason. */
  readonly rejected: readonly { readonly line: number; readonly reason: string }[];
  readonly rejected_rows: number;
  /** How the file was read, where that was found out: `CSV, semicolon, windows-1252`. */
  readonly format?: string | undefined;
}

/** The label and the number format with which `ashlar jobs` shows a sum. */
export interface JobSum {
  /** The column of the jobs table that holds the sum: `total_NAME`. */
  readonly column: string;
  readonly label: string;
  format(total: number): string;
}

/** Options of `ashlar jobs run`. */
export interface RunJobOptions {
  readonly concurrency?: number | undefined;
  /** The number of seconds that a call of the executor may take. Default: the value in the declaration of the jobs. */
  readonly callSeconds?: number | undefined;
  /** The executor that is called for each row. Default: that of the system. */
  readonly executor?: AnyExecutor | undefined;
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of `ashlar jobs export`. */
export interface ExportOptions {
  readonly format: 'csv' | 'json';
  /** Only rows with this status. */
  readonly status?: RowStatus | undefined;
}

/**
 * The functions that a system provides for the `ashlar jobs` commands, created by `defineJobs(…).commands(…)`. Each
 * method takes an open database and returns plain data. They throw AshlarError: `row-not-found` for an unknown id,
 * `state-conflict` if the status does not allow the operation, `input-invalid` for a file that cannot be read.
 */
export interface JobCommands {
  readonly sums: readonly JobSum[];
  /** Lists the jobs, newest first. */
  list(db: Database): Promise<readonly JobSummary[]>;
  show(db: Database, id: string): Promise<JobDetail>;
  /** Creates a job from a file; `undefined` if the system does not import files. */
  readonly import:
    | ((db: Database, path: string, options: ImportFileOptions) => Promise<ImportReport>)
    | undefined;
  /**
   * Writes the rows of a job with their results, as text; `undefined` if the system does not export rows. Calls `write` with
   * one piece after another and waits for it.
   */
  readonly export:
    | ((
        db: Database,
        id: string,
        options: ExportOptions,
        write: (text: string) => Promise<void>,
      ) => Promise<void>)
    | undefined;
  /** Confirms a job of mode `confirm`, which can be run from then on. */
  confirm(db: Database, id: string): Promise<JobSummary>;
  /** Runs or resumes a job until all its rows are done, the job is paused or cancelled, or `signal` is aborted. */
  run(db: Database, id: string, options?: RunJobOptions): Promise<JobSummary>;
  pause(db: Database, id: string): Promise<JobSummary>;
  /** Sets a paused job to `running`, without executing rows; call `run` for that. */
  resume(db: Database, id: string): Promise<JobSummary>;
  cancel(db: Database, id: string): Promise<JobSummary>;
  /** Sets failed rows to `pending`: either all that can be retried, or only those with the given numbers. */
  retry(db: Database, id: string, rows?: readonly number[]): Promise<JobSummary>;
}
