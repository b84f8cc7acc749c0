import type { Database } from '../session/database.js';
import type { JobStatus } from './shapes.js';
import type { Totals } from './totals.js';

/** A job as plain data: all columns of its row. Its counts and sums always equal its rows. */
export interface JobSummary {
  readonly id: string;
  readonly name: string;
  readonly status: JobStatus;
  readonly total_rows: number;
  /** Rows in a final status or failed: completed, failed or skipped. */
  readonly processed_rows: number;
  readonly successful_rows: number;
  readonly failed_rows: number;
  readonly error_code: string | null;
  readonly error_message: string | null;
  /** Times in ISO 8601, UTC, milliseconds. */
  readonly created_at: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  /** The sums (`total_NAME`), and the system's own columns. */
  readonly [column: string]: unknown;
}

/** A job with the account of its rows, its log and its failures. */
export interface JobDetail extends JobSummary {
  /** How many rows have each status; `in_doubt` counts the failed rows whose effect is unknown. */
  readonly rows_by_status: Readonly<Record<string, number>>;
  /** The most recent entries of the log, newest first. */
  readonly log: readonly { readonly timestamp: string; readonly level: string; readonly message: string }[];
  /** The first failed rows, by row number. */
  readonly failures: readonly {
    readonly row_number: number;
    readonly error_code: string | null;
    readonly error_message: string | null;
    readonly attempts: number;
  }[];
}

/** The progress of an import or a run, in rows. `total` is `undefined` while it is unknown (a file is still being read). */
export interface JobProgress {
  readonly done: number;
  readonly total: number | undefined;
  readonly failed: number;
  readonly totals: Totals;
}

/** How `ashlar jobs import` makes a job of a file. */
export interface ImportFileOptions {
  readonly name: string;
  /** Only the lines whose columns have exactly these values: `{ State: 'California' }`. */
  readonly where?: Readonly<Record<string, string>> | undefined;
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The result of an import. Each rejected line is reported, and is a failed row of the job. */
export interface ImportReport<Job = JobSummary> {
  readonly job: Job;
  /** Lines read. */
  readonly lines: number;
  /** Rows of the job, the rejected ones included. */
  readonly imported: number;
  /** Lines left out on purpose. */
  readonly filtered: number;
  /** The first thousand rejected lines. */
  readonly rejected: readonly { readonly line: number; readonly reason: string }[];
  readonly rejected_rows: number;
}

/** A sum as `ashlar jobs` shows it. */
export interface JobSum {
  /** Its column in the jobs table, `total_NAME`. */
  readonly column: string;
  readonly label: string;
  format(total: number): string;
}

/** How `ashlar jobs run` runs a job. */
export interface RunJobOptions {
  readonly concurrency?: number | undefined;
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a system offers to `ashlar jobs`; `defineJobs(…).commands(…)` makes it. Each method takes an open database and
 * returns plain data. They throw AshlarError: `row-not-found` for an unknown id, `state-conflict` if the status does not
 * allow the operation, `input-invalid` for a file that cannot be read.
 */
export interface JobCommands {
  readonly sums: readonly JobSum[];
  /** Newest first. */
  list(db: Database): Promise<readonly JobSummary[]>;
  show(db: Database, id: string): Promise<JobDetail>;
  /** `undefined` if the system does not import files. */
  readonly import:
    | ((db: Database, path: string, options: ImportFileOptions) => Promise<ImportReport>)
    | undefined;
  /** Runs or resumes a job until all rows are done, it is paused or cancelled, or `signal` is aborted. */
  run(db: Database, id: string, options?: RunJobOptions): Promise<JobSummary>;
  pause(db: Database, id: string): Promise<JobSummary>;
  /** Makes a paused job runnable; `run` then runs it. */
  resume(db: Database, id: string): Promise<JobSummary>;
  cancel(db: Database, id: string): Promise<JobSummary>;
  /** Makes failed rows pending again: all of them, or only those with these numbers. */
  retry(db: Database, id: string, rows?: readonly number[]): Promise<JobSummary>;
}
