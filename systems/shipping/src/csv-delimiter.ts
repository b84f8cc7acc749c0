import { AshlarError } from 'ashlar';
import { parse } from 'csv-parse/sync';

/** The delimiters that are looked for in a file. */
const candidates = [',', ';', '\t', '|'] as const;
const names: Readonly<Record<string, string>> = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'bar' };
const byName: Readonly<Record<string, string>> = {
  comma: ',',
  semicolon: ';',
  tab: '\t',
  '\\t': '\t',
  bar: '|',
  pipe: '|',
};

/** The ends of lines; all of them may occur in one file. */
export const lineEnds = ['\r\n', '\n', '\r'];

const invalid = (message: string, suggestion: string, detail?: string): AshlarError =>
  new AshlarError('input-invalid', { message, suggestion, detail });

/** A delimiter as people name it: `comma`, `tab`, or the character itself. */
export function delimiterName(delimiter: string): string {
  return names[delimiter] ?? delimiter;
}

/**
 * Reads a delimiter that a person gave: a character, or its name (`tab`, `\t`, `comma`, `semicolon`, `bar`).
 *
 * @throws AshlarError `input-invalid`
 */
export function parseDelimiter(given: string): string {
  const delimiter = byName[given.toLowerCase()] ?? given;
  if ([...delimiter].length === 1 && !/["\r\n\0]/.test(delimiter)) return delimiter;
  throw invalid(
    `The delimiter ${JSON.stringify(given)} is not one character.`,
    'Give a character, such as ";", or tab. A quotation mark and line ends cannot be delimiters.',
  );
}

const separatorLine = /^"?sep=([^\r\n"])"?(\r\n|\r|\n|$)/i;

/** The first line `sep=;` of a file, which names its delimiter for spreadsheets. */
export function separatorOf(
  sample: string,
): { readonly delimiter: string; readonly length: number } | undefined {
  const [line, delimiter] = separatorLine.exec(sample) ?? [];
  return line === undefined || delimiter === undefined ? undefined : { delimiter, length: line.length };
}

const widthOf = (fields: readonly string[]): number => fields.findLastIndex((field) => field !== '') + 1;

interface Split {
  readonly delimiter: string;
  /** The number of columns of the first line. */
  readonly columns: number;
  /** The share of the other lines that have as many fields as the first; 1 without any. */
  readonly agreeing: number;
  /** The share of the other lines that the delimiter splits into as many fields as the first of them; 0 without any. */
  readonly splitting: number;
}

const splitBy = (sample: string, delimiter: string): Split => {
  const [header = [], ...lines] = parse(sample, {
    delimiter,
    record_delimiter: lineEnds,
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    to: 50,
  }) as string[][];
  const width = lines[0]?.length ?? 0;
  const share = (of: (fields: string[]) => boolean): number =>
    lines.length === 0 ? 1 : lines.filter(of).length / lines.length;
  return {
    delimiter,
    columns: widthOf(header),
    agreeing: share((fields) => fields.length === header.length || fields.length === widthOf(header)),
    splitting: width < 2 ? 0 : share((fields) => fields.length === width),
  };
};

/**
 * Finds out the delimiter of a file from its first lines: the one that splits the header, and the lines into as many fields.
 *
 * @param sample - whole lines, the header first
 * @throws AshlarError `input-invalid` when two delimiters split the lines equally well
 */
export function detectDelimiter(sample: string): string {
  const splits = candidates.map((delimiter) => splitBy(sample, delimiter));
  const [first] = splits.filter(({ columns }) => columns > 1);
  // a title above the table: its lines are rejected, rather than imported as one column
  if (!first) return splits.find(({ splitting }) => splitting >= 0.9)?.delimiter ?? ',';
  const fitting = splits.filter(({ columns, agreeing }) => columns > 1 && agreeing >= 0.9);
  const rated = (fitting.length > 0 ? fitting : splits.filter(({ columns }) => columns > 1)).toSorted(
    (a, b) => b.columns - a.columns,
  );
  const [best = first, second] = rated;
  if (second?.columns !== best.columns) return best.delimiter;
  throw invalid(
    `The file can be split at ${delimiterName(best.delimiter)} and at ${delimiterName(second.delimiter)}.`,
    'Give the delimiter: --delimiter ";".',
    `Both make ${best.columns} columns.`,
  );
}

/**
 * Asserts that a delimiter that was given is that of the file: a header that it does not split, and another one does, would make
 * one column of all.
 *
 * @throws AshlarError `input-invalid`
 */
export function assertSplits(sample: string, delimiter: string): void {
  if (splitBy(sample, delimiter).columns > 1) return;
  const other = candidates.find((each) => each !== delimiter && splitBy(sample, each).columns > 1);
  if (other === undefined) return;
  throw invalid(
    `The delimiter ${delimiterName(delimiter)} does not occur in the header, which has the delimiter ${delimiterName(other)}.`,
    `Use --delimiter ${JSON.stringify(names[other])}, or leave --delimiter out.`,
  );
}
