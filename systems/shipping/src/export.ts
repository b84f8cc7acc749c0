import type { Database, Session, Tables } from 'ashlar';
import type { ExportOptions } from 'ashlar/jobs';
import { stringify } from 'csv-stringify/sync';
import { type Job, type JobRow, shipments } from './tables.js';

/** Which rows of a job to export, and how. */
export interface ExportRequest {
  readonly jobId: Job['id'];
  /** `csv`: RFC 4180, with a header, for a spreadsheet. `json`: an array of objects. */
  readonly format: ExportOptions['format'];
  readonly status?: JobRow['status'] | undefined;
}

type Cells = Readonly<Record<string, unknown>>;

const pageRows = 1_000;

// of each row, before the columns of its data
const results = [
  'row_number',
  'status',
  'simulated',
  'tracking_number',
  'label_path',
  'cost_cents',
  'error_code',
  'error_message',
  'attempts',
  'processed_at',
] as const;

const resultsOf = (row: JobRow, job: Job): Cells =>
  Object.fromEntries(results.map((name) => [name, name === 'simulated' ? job.simulated : row[name]]));

// the columns of a line that was rejected cannot be trusted: its row has the reason
const dataOf = ({ row_data, error_code }: JobRow): Cells =>
  error_code === 'invalid_row' ? {} : (row_data as Cells);

async function* pages<T extends Tables>(
  s: Session<T>,
  { jobId, status }: ExportRequest,
): AsyncGenerator<JobRow[]> {
  for (let after = 0; ; ) {
    const rows = await shipments.rows(s, { jobId, status, after, limit: pageRows });
    const last = rows.at(-1);
    if (!last) return;
    yield rows;
    after = last.row_number;
  }
}

/**
 * Streams the rows of a job with their tracking numbers, labels and costs, and the columns of the order lines. Memory use does
 * not grow with the job. Read the stream to its end inside the session.
 *
 * In CSV a cell in which a spreadsheet would see a formula, with whatever separator it opens the file, has an apostrophe before
 * the formula (OWASP, CSV injection).
 *
 * @throws AshlarError `row-not-found`
 */
export async function* exportRows<T extends Tables>(
  s: Session<T>,
  request: ExportRequest,
): AsyncGenerator<string> {
  const job = await shipments.find(s, request.jobId);
  yield* request.format === 'csv' ? asCsv(s, job, request) : asJson(s, job, request);
}

async function* asJson<T extends Tables>(
  s: Session<T>,
  job: Job,
  request: ExportRequest,
): AsyncGenerator<string> {
  let before = '[';
  for await (const rows of pages(s, request)) {
    const texts = rows.map((row) => JSON.stringify({ ...resultsOf(row, job), row_data: row.row_data }));
    yield `${before}\n${texts.join(',\n')}`;
    before = ',';
  }
  yield before === '[' ? '[]\n' : '\n]\n';
}

async function* asCsv<T extends Tables>(
  s: Session<T>,
  job: Job,
  request: ExportRequest,
): AsyncGenerator<string> {
  // the header needs the columns of all rows
  const names = new Set<string>();
  for await (const rows of pages(s, request))
    for (const row of rows) for (const name of Object.keys(dataOf(row))) names.add(name);
  const columns = [...names];
  const line = (cells: readonly unknown[]): string[] => cells.map(cellText);
  const taken = new Set<string>(results);
  const unlike = (name: string): string => {
    const free = taken.has(name) ? unlike(`data.${name}`) : name;
    taken.add(free);
    return free;
  };
  yield csvOf([line([...results, ...columns.map(unlike)])]);
  for await (const rows of pages(s, request)) {
    yield csvOf(
      rows.map((row) => {
        const data = dataOf(row);
        return line([
          ...Object.values(resultsOf(row, job)),
          ...columns.map((name) => (Object.hasOwn(data, name) ? data[name] : null)),
        ]);
      }),
    );
  }
}

const csvOf = (lines: string[][]): string => stringify(lines, { record_delimiter: 'windows' });

const cellText = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return withoutFormulas(typeof value === 'string' ? value : JSON.stringify(value));
};

// after the start of a cell, and after each character at which some spreadsheet splits a line
const formulas = /(?=[=+\-@\t\r＝＋－＠])(?<=(?:^|[,;\t|\r\n])"*)/g;

const withoutFormulas = (text: string): string => text.replace(formulas, "'");

/** Implements `ashlar jobs export`: writes what {@link exportRows} yields. */
export function exportFile(
  db: Database,
  jobId: string,
  options: ExportOptions,
  write: (text: string) => Promise<void>,
): Promise<void> {
  return db.read(async (s) => {
    for await (const text of exportRows(s, { jobId, ...options })) await write(text);
  });
}
