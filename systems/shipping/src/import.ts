import { AshlarError, type ImportReport, type Insert, type JobProgress } from 'ashlar';
import { type CsvSource, openCsv } from './csv.js';
import type { ShippingDatabase, ShippingSession } from './database.js';
import { type LogEvent, logEvents } from './log.js';
import { type ReadLine, type RowRules, rowReader } from './row-reader.js';
import { type Job, jobChunks, jobRows, jobs } from './tables.js';
import { refreshTotals } from './totals.js';

/** How a file becomes a job. */
export interface ImportJobInput extends RowRules {
  readonly name: string;
  /** What the user asked for, in their words: `Ship all California orders`. */
  readonly command: string;
  readonly description?: string | undefined;
  readonly mode?: Job['mode'] | undefined;
  /** How many rows a worker leases at a time. Default 500. */
  readonly chunkRows?: number | undefined;
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  /** Aborted to stop: nothing of the import is kept, and it throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** In whose name the job is made. */
  readonly actor?: string | undefined;
}

/** What an import did. */
export interface ImportJobReport extends ImportReport {
  readonly job: Job;
  /** How many lines were rejected; `rejected` names the first thousand of them, the job's rows all. */
  readonly rejected_rows: number;
}

const batchRows = 2_000;
const longestReport = 1_000;

/**
 * Makes a job of a CSV file (first line: the names of the columns), in one transaction and in constant memory. A line
 * that cannot be shipped is reported, logged, and becomes a row that has failed: nothing is left out in silence.
 * When it fails, nothing of it is kept, and it can be called again.
 *
 * @throws AshlarError `input-invalid` when there is no such file, no header, no line that `where` lets through, or the
 *   file is not a CSV file
 */
export const importJob = (
  db: ShippingDatabase,
  source: CsvSource,
  input: ImportJobInput,
): Promise<ImportJobReport> =>
  db.session({ actor: input.actor ?? null }, (s) => importInto(s, source, input));

const importInto = async (
  s: ShippingSession,
  source: CsvSource,
  input: ImportJobInput,
): Promise<ImportJobReport> => {
  const csv = await openCsv(source);
  const read = rowReader(csv.header, input);
  const { id: job_id } = await s.insert(jobs, {
    name: input.name,
    description: input.description ?? null,
    original_command: input.command,
    mode: input.mode ?? 'confirm',
  });
  const chunks = new ChunkCounter(job_id, input.chunkRows ?? 500);
  const rejected: { line: number; reason: string }[] = [];
  let [lines, imported, failed] = [0, 0, 0];
  let rows: Insert<typeof jobRows>[] = [];
  let events: LogEvent[] = [];

  const flush = async () => {
    await s.insertMany(jobRows, rows);
    await logEvents(s, job_id, events);
    [rows, events] = [[], []];
  };
  const take = ({ row, reason }: ReadLine, line: number) => {
    const row_number = ++imported;
    rows.push({ ...row, job_id, row_number });
    chunks.add(row_number, reason !== undefined);
    if (reason === undefined) return;
    failed++;
    if (rejected.length < longestReport) rejected.push({ line, reason });
    events.push(rejection(row_number, line, reason));
  };
  for await (const batch of csv.batches) {
    lines += batch.length;
    for (const line of batch) {
      const made = read(line);
      if (made) take(made, line.line);
    }
    if (rows.length >= batchRows) await flush();
    input.onProgress?.({ done: lines, total: undefined, failed, total_cost_cents: null });
    input.signal?.throwIfAborted();
  }
  if (imported === 0) throw nothingToImport(lines, input.where);
  await flush();
  await s.insertMany(jobChunks, chunks.all());
  await logEvents(s, job_id, [imports(lines, imported, failed)]);
  const job = await refreshTotals(s, job_id, { total_rows: imported });
  return { job, lines, imported, filtered: lines - imported, rejected, rejected_rows: failed };
};

/** Divides rows, as they come, into chunks that workers lease. One whose every row failed has nothing left to do. */
class ChunkCounter {
  readonly #jobId: string;
  readonly #size: number;
  readonly #chunks: { lo: number; hi: number; failed: number }[] = [];

  constructor(jobId: string, size: number) {
    this.#jobId = jobId;
    this.#size = Math.max(1, size);
  }

  add(rowNumber: number, failed: boolean): void {
    let chunk = this.#chunks.at(-1);
    if (!chunk || rowNumber - chunk.lo >= this.#size) {
      chunk = { lo: rowNumber, hi: rowNumber, failed: 0 };
      this.#chunks.push(chunk);
    }
    chunk.hi = rowNumber;
    if (failed) chunk.failed++;
  }

  all(): Insert<typeof jobChunks>[] {
    return this.#chunks.map(({ lo, hi, failed }, position) => ({
      job_id: this.#jobId,
      chunk: position + 1,
      lo,
      hi,
      state: failed > hi - lo ? 'done' : 'open',
      failed_rows: failed,
    }));
  }
}

const rejection = (row_number: number, line: number, reason: string): LogEvent => ({
  level: 'WARNING',
  event_type: 'row_event',
  message: `Line ${line} cannot be shipped: ${reason}.`.toWellFormed().replaceAll('\0', '␀'),
  details: { line },
  row_number,
});

const imports = (lines: number, imported: number, failed: number): LogEvent => ({
  level: 'INFO',
  event_type: 'state_change',
  message: `${imported} of ${lines} lines imported; ${failed} of them cannot be shipped.`,
  details: { lines, imported, failed },
});

const nothingToImport = (lines: number, where: RowRules['where']): AshlarError => {
  const conditions = Object.entries(where ?? {}).map(([name, value]) => `${name}=${value}`);
  return new AshlarError('input-invalid', {
    message:
      lines === 0
        ? 'The file has a header and no lines.'
        : `None of the ${lines} lines has ${conditions.join(' and ')}.`,
    suggestion:
      lines === 0 ? 'Give a file with at least one line.' : 'Values are compared exactly, capitals included.',
  });
};
