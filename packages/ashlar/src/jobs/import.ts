import { v7 as uuidv7 } from 'uuid';
import { AshlarError, isAshlarError } from '../errors.js';
import { abortable } from './abortable.js';
import { ChunkCounter } from './chunk-counter.js';
import { lockJob } from './job.js';
import type { ImportReport, JobProgress } from './job-commands.js';
import { type LogEvent, logEvents } from './log.js';
import type { Job, JobDatabase, JobModel, JobSession, NewJobRow } from './model.js';
import { newOwner } from './owner.js';
import { type ImportRow, type MadeRow, makeRow } from './row-maker.js';
import type { JobMode } from './shapes.js';
import { storableText } from './storable-text.js';

/** A row, or `undefined` for a line that is left out: it is only counted. */
type Given<Data> = ImportRow<Data> | undefined;

/** The rows to import: an iterable that yields single rows or, which is faster, arrays of some hundreds of rows. */
export type RowSource<Data> =
  | Iterable<Given<Data> | readonly Given<Data>[]>
  | AsyncIterable<Given<Data> | readonly Given<Data>[]>;

/** The name, description and mode of the job that an import creates. */
export interface ImportInput {
  readonly name: string;
  readonly description?: string | null | undefined;
  /** `confirm`: the job runs only after it was confirmed. Default: the mode in the declaration of the jobs. */
  readonly mode?: JobMode | undefined;
}

/** Options of an import. */
export interface ImportOptions {
  /**
   * The number of rows in each chunk, which a worker leases as a whole; at most 2,000, and fewer where rows are long. Default: the
   * value in the declaration of the jobs.
   */
  readonly chunkRows?: number | undefined;
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  /**
   * A signal that stops the import: when it is aborted, the import removes what it has written and throws the signal's
   * reason.
   */
  readonly signal?: AbortSignal | undefined;
  /** The actor of the import's sessions. */
  readonly actor?: string | undefined;
}

// the rows of one transaction: more would make other workers wait, fewer would cost more commits
const batchRows = 2_000;
// the rows may be long
const batchCharacters = 8 * 1024 * 1024;
const longestReport = 1_000;

interface RowImport {
  readonly model: JobModel;
  readonly db: JobDatabase;
  readonly source: RowSource<unknown>;
  readonly input: ImportInput;
  readonly options?: ImportOptions | undefined;
}

/**
 * Creates a job from rows, in constant memory and in transactions of some thousand rows. Until the last one the job's
 * `importer` says that it is not complete, and it cannot run.
 */
export async function importRows(parts: RowImport): Promise<ImportReport<Job>> {
  const importing = new Import(parts);
  try {
    return await importing.run();
  } catch (error) {
    const report = await importing.landed(error).catch(() => undefined);
    if (report) return report;
    // where this fails as well, the job stays as one that cannot run
    await importing.discard().catch(() => undefined);
    throw error;
  }
}

/** One import into a job. */
class Import {
  readonly #parts: RowImport;
  readonly #options: ImportOptions;
  readonly #importer = newOwner();
  readonly #chunks: ChunkCounter;
  readonly #flushRows: number;
  // known before the first commit, whose answer may be lost
  readonly #id = uuidv7();
  readonly #rejected: { line: number; reason: string }[] = [];
  #job: Job | undefined;
  #lines = 0;
  #imported = 0;
  #written = 0;
  #failed = 0;
  #rows: MadeRow[] = [];
  #characters = 0;

  constructor(parts: RowImport) {
    this.#parts = parts;
    this.#options = parts.options ?? {};
    const chunkRows = Math.min(batchRows, Math.max(1, this.#options.chunkRows ?? parts.model.chunkRows));
    this.#chunks = new ChunkCounter(chunkRows);
    // whole chunks
    this.#flushRows = Math.max(1, Math.floor(batchRows / chunkRows)) * chunkRows;
  }

  async run(): Promise<ImportReport<Job>> {
    const { onProgress, signal } = this.#options;
    for await (const given of abortable(this.#parts.source, signal)) {
      for (const row of isBatch(given) ? given : [given]) {
        // the last rows are written with the end of the import
        if (this.#rows.length >= this.#flushRows || this.#characters > batchCharacters) await this.#flush();
        this.#take(row);
      }
      onProgress?.({
        done: this.#lines,
        total: undefined,
        failed: this.#failed,
        totals: {},
        simulated: false,
      });
    }
    signal?.throwIfAborted();
    if (this.#imported === 0) throw nothingToImport(this.#lines);
    return this.#report(await this.#flush(true));
  }

  /**
   * What became of an import whose last answer was lost: its report where the last commit was made.
   *
   * @param error - with which the import ended
   */
  async landed(error: unknown): Promise<ImportReport<Job> | undefined> {
    if (!isAshlarError(error, 'outcome-unknown')) return undefined;
    const job = await this.#parts.db.read((s) => s.get(this.#parts.model.tables.jobs, this.#id));
    return job?.importer === null ? this.#report(job) : undefined;
  }

  #report(job: Job): ImportReport<Job> {
    return {
      job,
      lines: this.#lines,
      imported: this.#imported,
      filtered: this.#lines - this.#imported,
      rejected: this.#rejected,
      rejected_rows: this.#failed,
    };
  }

  /**
   * Removes the rows and the job that were written, some thousand rows at a time, the last ones first: the counts of the job equal
   * its rows between the steps as well. A job that no longer is this import's is left alone.
   */
  async discard(): Promise<void> {
    while (await this.#session((s) => this.#discardSome(s)));
  }

  async #discardSome(s: JobSession): Promise<boolean> {
    const { jobs, rows, chunks } = this.#parts.model.tables;
    const found = await s.get(jobs, this.#id);
    if (!found) return false;
    const job = await lockJob(this.#parts.model, s, found);
    if (job.importer !== this.#importer || !['pending', 'cancelled'].includes(job.status)) return false;
    const last = await s.query
      .selectFrom(chunks.name)
      .select(['chunk', 'lo', 'failed_rows', 'skipped_rows'])
      .where('job_id', '=', job.id)
      .where('lo', '>', Math.max(0, job.total_rows - batchRows))
      .execute();
    if (last.length === 0) {
      await s.delete(jobs, job.id);
      return false;
    }
    const lo = Math.min(...last.map((each) => each.lo));
    const sum = (of: 'failed_rows' | 'skipped_rows') => last.reduce((total, each) => total + each[of], 0);
    const [failed, skipped] = [sum('failed_rows'), sum('skipped_rows')];
    for (const [name, column] of [
      [rows.name, 'row_number'],
      [chunks.name, 'lo'],
    ] as const)
      await s.query.deleteFrom(name).where('job_id', '=', job.id).where(column, '>=', lo).execute();
    await s.update(jobs, job.id, {
      total_rows: lo - 1,
      processed_rows: job.processed_rows - failed - skipped,
      failed_rows: job.failed_rows - failed,
    });
    return true;
  }

  #session<T>(work: (s: JobSession) => Promise<T>): Promise<T> {
    return this.#parts.db.session({ actor: this.#options.actor ?? null }, work);
  }

  #take(given: Given<unknown>): void {
    this.#lines++;
    if (!given) return;
    const made = makeRow(this.#parts.model, given, this.#lines);
    this.#imported++;
    this.#rows.push(made);
    this.#characters += made.characters;
    if (made.reason === undefined) return;
    this.#failed++;
    if (this.#rejected.length < longestReport) this.#rejected.push({ line: made.line, reason: made.reason });
  }

  #flush(last = false): Promise<Job> {
    this.#characters = 0;
    return this.#write(this.#rows.splice(0), last);
  }

  // the work of a session may be done twice: everything that this changes in the import is changed after its commit
  async #write(made: readonly MadeRow[], last = false): Promise<Job> {
    const { model, input } = this.#parts;
    const first = this.#written + 1;
    const chunks = this.#chunks.chunksOf(made, first);
    const job = await this.#session(async (s) => {
      const before = this.#job
        ? await this.#hold(s, this.#job)
        : await s.insert(model.tables.jobs, { ...input, id: this.#id, importer: this.#importer });
      const { id } = before;
      await s.insertMany(
        model.tables.rows,
        made.map(({ row }, at): NewJobRow => ({ ...row, job_id: id, row_number: first + at })),
      );
      await s.insertMany(
        model.tables.chunks,
        chunks.map((chunk) => ({ ...chunk, job_id: id })),
      );
      await logEvents(model, s, id, rejections(made, first));
      if (last) await logEvents(model, s, id, [this.#summary()]);
      const failed = made.filter(({ reason }) => reason !== undefined).length;
      return s.update(model.tables.jobs, id, {
        importer: last ? null : this.#importer,
        total_rows: before.total_rows + made.length,
        processed_rows: before.processed_rows + failed,
        failed_rows: before.failed_rows + failed,
      });
    });
    this.#job = job;
    this.#written += made.length;
    this.#chunks.advance(chunks);
    return job;
  }

  async #hold(s: JobSession, job: Job): Promise<Job> {
    const held = await lockJob(this.#parts.model, s, job);
    if (held.status === 'pending' && held.importer === this.#importer) return held;
    throw new AshlarError('state-conflict', {
      message: `The job "${job.name}" is ${held.status}: its import ends, and the job is removed.`,
      suggestion: 'Import the rows again as a new job.',
    });
  }

  #summary(): LogEvent {
    const [lines, imported, failed] = [this.#lines, this.#imported, this.#failed];
    return {
      level: 'INFO',
      event_type: 'state_change',
      message: `${imported} of ${lines} lines imported; ${failed} of them rejected.`,
      details: { lines, imported, failed },
    };
  }
}

const isBatch = (given: Given<unknown> | readonly Given<unknown>[]): given is readonly Given<unknown>[] =>
  Array.isArray(given);

const rejections = (made: readonly MadeRow[], first: number): LogEvent[] =>
  made.flatMap(({ line, reason }, at): LogEvent[] =>
    reason === undefined
      ? []
      : [
          {
            level: 'WARNING',
            event_type: 'row_event',
            message: `Line ${line} is rejected: ${storableText(reason)}.`,
            details: { line },
            row_number: first + at,
          },
        ],
  );

const nothingToImport = (lines: number): AshlarError =>
  new AshlarError('input-invalid', {
    message:
      lines === 0 ? 'The source contains no rows to import.' : `The filter left out all ${lines} lines.`,
    suggestion: 'Import at least one row.',
  });
