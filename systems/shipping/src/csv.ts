import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { AshlarError, isAshlarError } from 'ashlar';
import { CsvError, parse } from 'csv-parse';
import { parse as parseAtOnce } from 'csv-parse/sync';
import {
  assertSplits,
  delimiterName,
  detectDelimiter,
  lineEnds,
  parseDelimiter,
  separatorOf,
} from './csv-delimiter.js';
import { decode } from './csv-encoding.js';
import { columnNames, cutToHeader } from './csv-header.js';

/** A CSV file to read: its path, or its content as a stream. */
export type CsvSource = string | AsyncIterable<string | Uint8Array>;

/** How a CSV file is read, where it is not to be found out. */
export interface CsvFormat {
  /** The character between two fields, or its name: `;`, `tab`. Default: found out from the first lines. */
  readonly delimiter?: string | undefined;
  /** The encoding: `utf-8`, `utf-16le`, `windows-1252`. Default: found out from the bytes. */
  readonly encoding?: string | undefined;
}

/** A line of a CSV file, split into its fields. A quoted field may span several lines of the file. */
export interface CsvLine {
  /** The line number in the file at which this CSV line starts, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
  /** Why the fields cannot be trusted: a clause without a full stop. */
  readonly problem?: string | undefined;
}

/** An open CSV file: its header, and a stream of its lines. */
export interface Csv {
  readonly header: readonly string[];
  /** The lines after the header, without blank lines, in batches of at most 500. */
  readonly batches: AsyncIterable<readonly CsvLine[]>;
  /** The delimiter, by its name, and the encoding in which the file is read. */
  format(): { readonly delimiter: string; readonly encoding: string };
  /** Closes the file, also before its lines are read. */
  close(): void;
}

/** The largest line of a file, in bytes: more than 200,000 columns, less than a process can hold many times. */
export const longestLine = 16 * 1024 * 1024;

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

/** A record of the parser, with the text that it was made from. */
interface Parsed {
  readonly record: string[];
  readonly raw: string;
}

// a blank line is not a line with one empty field in quotation marks
const isBlank = ({ record, raw }: Parsed): boolean =>
  record.length === 1 && record[0] === '' && !raw.includes('"');

// the parser reads on where text follows a closing quotation mark, so the lines before it are in this record as well
const quoteProblem = ({ record, raw }: Parsed, line: number, delimiter: string): string | undefined => {
  // then, and else only in an escaped mark, the mark is the first character of a value
  if (!record.some((field) => field.startsWith('"'))) return undefined;
  const codes = new Set<unknown>();
  const on_skip = (error: { readonly code?: unknown } | undefined) => void codes.add(error?.code);
  parseAtOnce(raw, { delimiter, record_delimiter: lineEnds, skip_records_with_error: true, on_skip });
  if (!codes.has('CSV_INVALID_CLOSING_QUOTE')) return undefined;
  const last = line + linesOf(record) - 1;
  const where = last === line ? 'the line has' : `the lines ${line} to ${last} are one line with`;
  return `${where} text after a closing quotation mark`;
};

const tooLong = (): CsvError => new CsvError('CSV_MAX_RECORD_SIZE', 'The line is too long.');

const pieceLength = 1 << 18;

// in batches, because each step of an asynchronous iteration costs as much as parsing half a line
const batchLines = 500;

async function* records(input: AsyncIterable<string>, delimiter: string): AsyncGenerator<Parsed[]> {
  let parsed: Parsed[] = [];
  const parser = parse({
    delimiter,
    record_delimiter: lineEnds,
    relax_column_count: true,
    relax_quotes: true,
    raw: true,
    max_record_size: longestLine,
    // records that wait in the stream would be lost with an error, and with them the line at which it begins
    on_record: (record) => {
      parsed.push(record as unknown as Parsed);
      return null;
    },
  });
  parser.on('error', () => undefined).resume();
  const write = (text: string) =>
    new Promise<Error | undefined>((resolve) => {
      parser.write(text, (error) => resolve(error ?? undefined));
    });
  const end = (): Promise<Error | undefined> => {
    parser.end();
    return finished(parser).then(
      () => undefined,
      (error: Error) => error,
    );
  };
  const taken = (): Parsed[] => {
    const records = parsed;
    parsed = [];
    return records;
  };
  try {
    // the parser's own limit does not count delimiters
    let open = 0;
    for await (const piece of input) {
      for (let at = 0; at < piece.length; at += pieceLength) {
        const text = piece.slice(at, at + pieceLength);
        const error = await write(text);
        const records = taken();
        yield* batchesOf(records);
        open = records.length > 0 ? text.length : open + text.length;
        if (error) throw error;
        if (open > longestLine + pieceLength || records.some(({ raw }) => raw.length > longestLine))
          throw tooLong();
      }
    }
    const error = await end();
    yield* batchesOf(taken());
    if (error) throw error;
  } finally {
    parser.destroy();
  }
}

function* batchesOf<T>(all: readonly T[]): Generator<T[]> {
  for (let start = 0; start < all.length; start += batchLines) yield all.slice(start, start + batchLines);
}

// errors of the stream and of the parser become AshlarError
const unreadable = (error: unknown, line: number): AshlarError => {
  if (isAshlarError(error)) return error;
  const detail = (error as Error).message;
  if (!(error instanceof CsvError))
    return invalid(
      'The file could not be read completely.',
      'Nothing was imported. Try again.',
      detail,
      error,
    );
  const message =
    error.code === 'CSV_MAX_RECORD_SIZE'
      ? `The line that begins at line ${line} is longer than ${longestLine / 1024 / 1024} MiB.`
      : `The file is not valid CSV from line ${line} on.`;
  const suggestion = 'Nothing was imported. Look for a quotation mark that is never closed, and try again.';
  return invalid(message, suggestion, detail, error);
};

/**
 * Opens a CSV file (RFC 4180, and what spreadsheets write in its place: other delimiters, encodings and line ends, also
 * mixed ones, a first line `sep=;`) and reads its header, the first line that is not blank.
 *
 * @throws AshlarError `input-invalid`, here or while its lines are read
 */
export async function openCsv(source: CsvSource, given: CsvFormat = {}): Promise<Csv> {
  const chosen = given.delimiter === undefined ? undefined : parseDelimiter(given.delimiter);
  const input = await open(source);
  const { text, encoding } = decode(input, given.encoding);
  const lines = await startOf(text, chosen).then(
    ({ rest, delimiter, line }) => new Lines(rest, delimiter, line),
    (error) => {
      input.destroy();
      throw unreadable(error, 1);
    },
  );
  try {
    const header = await lines.header();
    return {
      header,
      batches: lines.batches(),
      close: () => void input.destroy(),
      format: () => ({ delimiter: delimiterName(lines.delimiter), encoding: encoding() }),
    };
  } catch (error) {
    input.destroy();
    throw error;
  }
}

/** Where the lines of a file start, and what splits them. */
interface Start {
  readonly rest: AsyncIterable<string>;
  readonly delimiter: string;
  readonly line: number;
}

const sampleLength = 1 << 16;

const startOf = async (text: AsyncGenerator<string>, chosen: string | undefined): Promise<Start> => {
  let sample = '';
  let ended = false;
  while (sample.length < sampleLength && !ended) {
    const { value, done } = await text.next();
    if (done) ended = true;
    else sample += value;
  }
  const named = separatorOf(sample);
  const rest = sample.slice(named?.length ?? 0);
  // the last line of a sample may be cut off
  const end = Math.max(rest.lastIndexOf('\n'), rest.lastIndexOf('\r')) + 1;
  const whole = ended || end === 0 ? rest : rest.slice(0, end);
  const delimiter = chosen ?? named?.delimiter ?? detectDelimiter(whole);
  assertSplits(whole, delimiter);
  return { rest: joined(rest, text), delimiter, line: 1 + (named?.lines ?? 0) };
};

async function* joined(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

// a title above the table, with the delimiters of the table: its columns would be lost
const assertWidth = (names: number, width: number, lines: readonly Parsed[]): void => {
  const wider = lines.filter(({ record }) => record.slice(names, width).some((field) => field !== ''));
  if (wider.length === 0 || (names > 1 && wider.length * 2 < lines.length)) return;
  throw invalid(
    `The file has no usable header: it names ${names} of ${width} columns, and lines have values in the others.`,
    'The first line must name each column once. Remove a title above the table.',
  );
};

/** The lines of a file, of which the header is read first. */
class Lines {
  readonly delimiter: string;
  readonly #records: AsyncGenerator<Parsed[]>;
  #waiting: readonly Parsed[] = [];
  #line: number;
  #cut: (fields: readonly string[]) => readonly string[] = (fields) => fields;

  constructor(text: AsyncIterable<string>, delimiter: string, line: number) {
    this.delimiter = delimiter;
    this.#records = records(text, delimiter);
    this.#line = line;
  }

  async header(): Promise<readonly string[]> {
    for (;;) {
      const batch = await this.#next();
      if (!batch) throw invalid('The file is empty.', 'Give a CSV file whose first line names the columns.');
      const at = batch.findIndex((parsed) => !isBlank(parsed));
      const found = batch[at];
      if (!found) {
        this.#line += batch.length;
        continue;
      }
      this.#line += at;
      const problem = quoteProblem(found, this.#line, this.delimiter);
      if (problem) {
        throw invalid(
          `The header cannot be read: ${problem}.`,
          'Correct the quotation marks in the first line.',
        );
      }
      const names = columnNames(found.record);
      this.#cut = cutToHeader(found.record.length, names.length);
      this.#line += linesOf(found.record);
      this.#waiting = batch.slice(at + 1);
      assertWidth(names.length, found.record.length, this.#waiting);
      return names;
    }
  }

  async *batches(): AsyncGenerator<CsvLine[]> {
    try {
      yield this.#numbered(this.#waiting);
      for (let batch = await this.#next(); batch; batch = await this.#next()) yield this.#numbered(batch);
    } finally {
      await this.#records.return(undefined);
    }
  }

  async #next(): Promise<readonly Parsed[] | undefined> {
    try {
      const { value, done } = await this.#records.next();
      return done ? undefined : value;
    } catch (error) {
      throw unreadable(error, this.#line);
    }
  }

  #numbered(batch: readonly Parsed[]): CsvLine[] {
    const lines: CsvLine[] = [];
    for (const parsed of batch) {
      const line = this.#line;
      this.#line += linesOf(parsed.record);
      if (isBlank(parsed)) continue;
      const problem = quoteProblem(parsed, line, this.delimiter);
      lines.push({ line, fields: this.#cut(parsed.record), ...(problem === undefined ? {} : { problem }) });
    }
    return lines;
  }
}
