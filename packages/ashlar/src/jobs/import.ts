import { AshlarError } from '../errors.js';
import { ChunkCounter } from './chunk-counter.js';
import type { ImportReport, JobProgress } from './job-commands.js';
import { type LogEvent, logEvents } from './log.js';
import type { Job, JobDatabase, JobModel, JobSession, NewJobRow } from './model.js';
import { type ImportRow, makeRow } from './row-maker.js';
import { storableText } from './storable-text.js';
import { refreshTotals } from './totals.js';

/** A row, or `undefined` for a line that is left out: it is only counted. */
type Given<Data> = ImportRow<Data> | undefined;

/** The rows to import: an iterable that yields single rows or, which is faster, arrays of some hundreds of rows. */
export type RowSource<Data> =
  | Iterable<Given<Data> | readonly Given<Data>[]>
  | AsyncIterable<Given<Data> | readonly Given<Data>[]>;

/** The name and description of the job that an import creates. */
export interface ImportInput {
  readonly name: string;
  readonly description?: string | null | undefined;
}

/** Options of an import. */
export interface ImportOptions {
  /**
   * The number of rows in each chunk, which a worker leases as a whole. Default: the value in the declaration of the
   * jobs.
   */
  readonly chunkRows?: number | undefined;
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  /** A signal that stops the import: when it is aborted, the import is rolled back and throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The actor of the import's session. */
  readonly actor?: string | undefined;
}

const batchRows = 2_000;
const longestReport = 1_000;

interface RowImport {
  readonly model: JobModel;
  readonly db: JobDatabase;
  readonly source: RowSource<unknown>;
  readonly input: ImportInput;
  readonly options?: ImportOptions | undefined;
}

/** Creates a job from rows, in one transaction and in constant memory. */
export function importRows({
  model,
  db,
  source,
  input,
  options = {},
}: RowImport): Promise<ImportReport<Job>> {
  return db.session({ actor: options.actor ?? null }, async (s) => {
    const { id } = await s.insert(model.tables.jobs, input);
    return new Import(model, s, id, options).run(source);
  });
}

/** One import into a job. */
class Import {
  readonly #model: JobModel;
  readonly #session: JobSession;
  readonly #jobId: string;
  readonly #options: ImportOptions;
  readonly #chunks: ChunkCounter;
  readonly #rejected: { line: number; reason: string }[] = [];
  #lines = 0;
  #imported = 0;
  #failed = 0;
  #rows: NewJobRow[] = [];
  #events: LogEvent[] = [];

  constructor(model: JobModel, session: JobSession, jobId: string, options: ImportOptions) {
    this.#model = model;
    this.#session = session;
    this.#jobId = jobId;
    this.#options = options;
    this.#chunks = new ChunkCounter(jobId, options.chunkRows ?? model.chunkRows);
  }

  async run(source: RowSource<unknown>): Promise<ImportReport<Job>> {
    const [model, s, jobId] = [this.#model, this.#session, this.#jobId];
    const { onProgress, signal } = this.#options;
    for await (const given of source) {
      for (const row of isBatch(given) ? given : [given]) this.#take(row);
      if (this.#rows.length >= batchRows) await this.#flush();
      onProgress?.({ done: this.#lines, total: undefined, failed: this.#failed, totals: {} });
      signal?.throwIfAborted();
    }
    if (this.#imported === 0) throw nothingToImport(this.#lines);
    await this.#flush();
    await s.insertMany(model.tables.chunks, this.#chunks.all());
    await logEvents(model, s, jobId, [this.#summary()]);
    return {
      job: await refreshTotals(model, s, jobId, { total_rows: this.#imported }),
      lines: this.#lines,
      imported: this.#imported,
      filtered: this.#lines - this.#imported,
      rejected: this.#rejected,
      rejected_rows: this.#failed,
    };
  }

  #take(given: Given<unknown>): void {
    this.#lines++;
    if (!given) return;
    const { row, line, reason } = makeRow(this.#model, given, this.#lines);
    const row_number = ++this.#imported;
    this.#rows.push({ ...row, job_id: this.#jobId, row_number });
    this.#chunks.add(row_number, reason !== undefined);
    if (reason === undefined) return;
    this.#failed++;
    if (this.#rejected.length < longestReport) this.#rejected.push({ line, reason });
    this.#events.push(rejection(row_number, line, reason));
  }

  async #flush(): Promise<void> {
    await this.#session.insertMany(this.#model.tables.rows, this.#rows);
    await logEvents(this.#model, this.#session, this.#jobId, this.#events);
    [this.#rows, this.#events] = [[], []];
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

const rejection = (row_number: number, line: number, reason: string): LogEvent => ({
  level: 'WARNING',
  event_type: 'row_event',
  message: `Line ${line} is rejected: ${storableText(reason)}.`,
  details: { line },
  row_number,
});

const nothingToImport = (lines: number): AshlarError =>
  new AshlarError('input-invalid', {
    message:
      lines === 0 ? 'The source contains no rows to import.' : `The filter left out all ${lines} lines.`,
    suggestion: 'Import at least one row.',
  });
