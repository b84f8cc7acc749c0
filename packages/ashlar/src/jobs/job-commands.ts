import type { Database } from '../session/database.js';

/** Where a job stands. */
export type JobStatus = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';

/** A job as plain data. The counts and the cost always equal what its rows say. Extra fields are shown as they are. */
export interface JobSummary {
  readonly id: string;
  readonly name: string;
  readonly status: JobStatus;
  readonly total_rows: number;
  /** Rows that reached an end: successful, failed or skipped. */
  readonly processed_rows: number;
  readonly successful_rows: number;
  readonly failed_rows: number;
  /** Integer cents; `null` before anything has cost something. */
  readonly total_cost_cents: number | null;
  readonly error_code?: string | null;
  readonly error_message?: string | null;
  readonly created_at: string;
  readonly started_at?: string | null;
  readonly completed_at?: string | null;
}

/** What `jobs show` tells beyond the summary. */
export interface JobDetail extends JobSummary {
  readonly description?: string | null;
  /** How many rows have each status; `in_doubt` is a row whose effect is not known after a crash. */
  readonly rows_by_status: Readonly<Record<string, number>>;
  /** The most recent entries of the job's log, newest first. */
  readonly log: readonly { readonly timestamp: string; readonly level: string; readonly message: string }[];
  /** The first failures, by row number. */
  readonly failures: readonly {
    readonly row_number: number;
    readonly error_code: string | null;
    readonly error_message: string | null;
    readonly attempts: number;
  }[];
}

/** How far long work has come. `total` is `undefined` while it is not known (a file is still being read). */
export interface JobProgress {
  readonly done: number;
  readonly total: number | undefined;
  readonly failed: number;
  readonly total_cost_cents: number | null;
}

/** How a file becomes a job. */
export interface ImportOptions {
  readonly name: string;
  readonly description?: string | undefined;
  /** Only the lines whose columns have these values: `{ State: 'California' }`. */
  readonly where?: Readonly<Record<string, string>> | undefined;
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What an import did. A line that cannot be a row is reported here and never left out silently. */
export interface ImportReport {
  readonly job: JobSummary;
  /** Lines read, the header not counted. */
  readonly lines: number;
  readonly imported: number;
  /** Lines that `where` left out. */
  readonly filtered: number;
  readonly rejected: readonly { readonly line: number; readonly reason: string }[];
}

/** How a job is run. */
export interface RunOptions {
  /** Rows in flight at once. */
  readonly concurrency?: number | undefined;
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  /** Aborted when the user asks to stop: finish the rows in flight, pause the job, return its summary. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a system offers to `ashlar jobs`. Each takes an open database and answers with plain data.
 * An unknown id is an AshlarError `row-not-found`; a status that does not allow it, `state-conflict`;
 * a file that cannot be read, `input-invalid`.
 */
export interface JobCommands {
  /** Newest first. */
  list(db: Database): Promise<readonly JobSummary[]>;
  show(db: Database, id: string): Promise<JobDetail>;
  import(db: Database, path: string, options: ImportOptions): Promise<ImportReport>;
  /** Runs, or resumes, until all rows are done, the job is paused or cancelled, or `signal` aborts. */
  run(db: Database, id: string, options?: RunOptions): Promise<JobSummary>;
  pause(db: Database, id: string): Promise<JobSummary>;
  /** Makes a paused job runnable again; `run` then runs it. */
  resume(db: Database, id: string): Promise<JobSummary>;
  cancel(db: Database, id: string): Promise<JobSummary>;
  /** Makes failed rows pending again: all of them, or only those with these numbers. */
  retry(db: Database, id: string, rows?: readonly number[]): Promise<JobSummary>;
}
