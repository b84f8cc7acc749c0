import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AshlarError } from 'ashlar';
import { CsvError, parse } from 'csv-parse';

/** A CSV file to read: its path, or its content as a stream. */
export type CsvSource = string | AsyncIterable<string | Uint8Array>;

/** A line of a CSV file, split into its fields. A quoted field may span several lines of the file. */
export interface CsvLine {
  /** The line number in the file at which this CSV line starts; the header is line 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** An open CSV file: its header, and a stream of its lines. */
export interface Csv {
  readonly header: readonly string[];
  /** The lines after the header, without blank lines, in batches of at most 500. */
  readonly batches: AsyncIterable<readonly CsvLine[]>;
}

const invalid = (message: string, suggestion: string, detail?: string, cause?: unknown): AshlarError =>
  new AshlarError('input-invalid', { message, detail, suggestion, cause });

const open = async (source: CsvSource): Promise<Readable> => {
  if (typeof source !== 'string') return Readable.from(source, { objectMode: false });
  try {
    if ((await stat(source)).isFile()) return createReadStream(source, { highWaterMark: 1 << 18 });
  } catch (error) {
    throw invalid(`The file ${source} cannot be read.`, 'Check the path.', (error as Error).message, error);
  }
  throw invalid(`${source} is not a file.`, 'Give the path of a CSV file.');
};

const newlines = /\r\n|\r|\n/g;

const linesOf = (fields: readonly string[]): number => {
  let lines = 1;
  for (const field of fields)
    if (field.includes('\n') || field.includes('\r')) lines += field.match(newlines)?.length ?? 0;
  return lines;
};

const isBlank = (fields: readonly string[]): boolean => fields.length === 1 && fields[0] === '';

const assertHeader = (header: readonly string[]): void => {
  const problem = headerProblem(header);
  if (problem === undefined) return;
  throw invalid(
    `The file has no usable header: ${problem}.`,
    'The first line of the file must name each column once.',
  );
};

const headerProblem = (header: readonly string[]): string | undefined => {
  const unnamed = header.findIndex((name) => name.trim() === '');
  if (unnamed >= 0) return `column ${unnamed + 1} has no name`;
  const number = header.find((name) => /^[-+]?\d+(\.\d+)?$/.test(name.trim()));
  if (number !== undefined) return `"${number}" is a value, not a name`;
  const twice = header.find((name, position) => header.indexOf(name) !== position);
  if (twice !== undefined) return `two columns are named "${twice}"`;
  if (header.includes('__proto__')) return 'a column cannot be named "__proto__"';
  if (header.some((name) => name.includes('\0') || name.includes('\uFFFD')))
    return 'the header is not UTF-8 text';
  return undefined;
};

// in batches, because each step of an asynchronous iteration costs as much as parsing half a line
const batchLines = 500;

// errors of the stream and of the parser become AshlarError
async function* records(source: CsvSource): AsyncGenerator<string[][]> {
  const input = await open(source);
  const parser = parse({ bom: true, relax_column_count: true, relax_quotes: true });
  pipeline(input, parser).catch(() => undefined);
  let batch: string[][] = [];
  try {
    for await (const record of parser) {
      if (batch.push(record) < batchLines) continue;
      yield batch;
      batch = [];
    }
  } catch (error) {
    throw unreadable(error);
  } finally {
    input.destroy();
  }
  yield batch;
}

const unreadable = (error: unknown): AshlarError => {
  const [message, advice] =
    error instanceof CsvError
      ? ['The file is not valid CSV.', 'Look for a quotation mark that is never closed, and try again.']
      : ['The file could not be read completely.', 'Try again.'];
  return invalid(message, `Nothing was imported. ${advice}`, (error as Error).message, error);
};

/**
 * Opens a CSV file (RFC 4180; UTF-8, with or without BOM; LF or CRLF) and reads its header.
 *
 * @throws AshlarError `input-invalid`, here or while its lines are read
 */
export async function openCsv(source: CsvSource): Promise<Csv> {
  const reader = records(source);
  try {
    const [header, ...rest] = (await reader.next()).value ?? [];
    if (!header || isBlank(header)) {
      throw invalid('The file is empty.', 'Give a CSV file whose first line names the columns.');
    }
    assertHeader(header);
    return { header, batches: numbered(rest, reader, 1 + linesOf(header)) };
  } catch (error) {
    await reader.return(undefined);
    throw error;
  }
}

async function* numbered(
  first: string[][],
  rest: AsyncGenerator<string[][]>,
  start: number,
): AsyncGenerator<CsvLine[]> {
  let line = start;
  const number = (batch: string[][]): CsvLine[] => {
    const lines: CsvLine[] = [];
    for (const fields of batch) {
      if (!isBlank(fields)) lines.push({ line, fields });
      line += linesOf(fields);
    }
    return lines;
  };
  try {
    yield number(first);
    for await (const batch of rest) yield number(batch);
  } finally {
    await rest.return(undefined);
  }
}
