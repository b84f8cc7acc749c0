import { AshlarError, type Database, type Tables } from 'ashlar';
import type { ImportFileOptions, ImportOptions, ImportReport, ImportRow } from 'ashlar/jobs';
import { type Csv, type CsvFormat, type CsvSource, openCsv } from './csv.js';
import { type RowData, type RowRules, rowReader } from './row-reader.js';
import { type Job, shipments } from './tables.js';

/**
 * The options of an import: the name, request and mode of the job, how the file is to be read, and the rules that turn CSV
 * lines into the rows of the job.
 */
export interface ImportJobInput extends RowRules, CsvFormat, ImportOptions {
  readonly name: string;
  /** The request in the user's words, for example `Ship all California orders`. */
  readonly command: string;
  readonly description?: string | undefined;
  readonly mode?: Job['mode'] | undefined;
}

/**
 * Creates a job from a CSV file, in constant memory and in transactions of some thousand lines, so that other workers go on.
 * The first line names the columns. A line that cannot be shipped is reported and logged, and becomes a failed row. If the
 * import fails, nothing is stored. `format` of the report says how the file was read.
 *
 * @throws AshlarError `input-invalid` when the file does not exist, is not a CSV file, or has no header or no line that
 *   `where` selects
 */
export async function importJob<T extends Tables>(
  db: Database<T>,
  source: CsvSource,
  input: ImportJobInput,
): Promise<ImportReport<Job>> {
  const { name, description, command: original_command, mode } = input;
  const csv = await openCsv(source, input);
  try {
    const rows = csvRows(csv, input);
    const report = await shipments.import(db, rows, { name, description, original_command, mode }, input);
    const { delimiter, encoding } = csv.format();
    const split = csv.header.length === 1 ? 'one column' : delimiter;
    return { ...report, format: `CSV, ${split}, ${encoding}` };
  } finally {
    csv.close();
  }
}

async function* csvRows(
  csv: Csv,
  rules: RowRules,
): AsyncGenerator<readonly (ImportRow<RowData> | undefined)[]> {
  const read = rowReader(csv.header, rules);
  let [lines, rows] = [0, 0];
  for await (const batch of csv.batches) {
    const made = batch.map(read);
    lines += made.length;
    rows += made.filter((row) => row !== undefined).length;
    yield made;
  }
  if (rows === 0) throw nothingToImport(lines, rules.where);
}

const nothingToImport = (lines: number, where: RowRules['where']): AshlarError => {
  const conditions = Object.entries(where ?? {}).map(([name, value]) => `${name}=${value}`);
  return new AshlarError('input-invalid', {
    message:
      lines === 0
        ? 'The file has no lines after the header.'
        : `None of the ${lines} lines has ${conditions.join(' and ')}.`,
    suggestion:
      lines === 0
        ? 'Give a file with at least one line after the header.'
        : 'Values are compared exactly. Upper and lower case differ.',
  });
};

/** Implements `ashlar jobs import`: calls {@link importJob} and records the command line as the request. */
export function importFile(
  db: Database,
  path: string,
  { name, where, ...options }: ImportFileOptions,
): Promise<ImportReport> {
  const { delimiter, encoding, mode } = options;
  const conditions = Object.entries(where ?? {}).map(([column, value]) => ` --where ${column}=${value}`);
  const given = Object.entries({ delimiter, encoding, mode }).flatMap(([option, value]) =>
    value === undefined ? [] : ` --${option} ${value}`,
  );
  const command = `jobs import ${path} --name ${name}${[...conditions, ...given].join('')}`;
  return importJob(db, path, { ...options, name, where, command, actor: 'cli' });
}
