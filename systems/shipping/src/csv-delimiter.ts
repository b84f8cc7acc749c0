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

// a spreadsheet writes it with as many delimiters as the table has; blank lines may stand above
const separatorLine =
  /^(?:[ \t]*(?:\r\n|\r|\n))*[ \t]*"?sep=(\\t|tab|[^\r\n"])\1*[,;\t| ]*"?[,;\t| ]*(?:\r\n|\r|\n|$)/iu;

/** The first line `sep=;` of a file, which names its delimiter for spreadsheets, and the lines that it ends. */
export function separatorOf(
  sample: string,
): { readonly delimiter: string; readonly length: number; readonly lines: number } | undefined {
  const [start, named] = separatorLine.exec(sample) ?? [];
  if (start === undefined || named === undefined) return undefined;
  const lines = start.match(/\r\n|\r|\n/g)?.length ?? 0;
  return { delimiter: byName[named.toLowerCase()] ?? named, length: start.length, lines };
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
  /** Whether a quotation mark is left in a field. */
  readonly quotes: boolean;
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
    quotes: [header, ...lines].some((fields) => fields.some((field) => field.includes('"'))),
  };
};

// delimiters that are too seldom to be taken without a question
const unusual = ['^', '~', ':', '\x01', '\x1f', '\x1e', '#', '!'] as const;

const fits = ({ columns, agreeing }: Split): boolean => columns > 1 && agreeing >= 0.9;

// one column of all would be the wrong table, and each of its rows would look right
const assertOneColumn = (sample: string): void => {
  const lines = sample.split(/[\r\n]+/).filter((line) => line !== '');
  if (lines.length < 2) return;
  const found = unusual.find((delimiter) => fits(splitBy(sample, delimiter)));
  const blanks = found === undefined && lines.slice(0, 50).every((line) => /\S(\t| {2,})\S/.test(line));
  if (found === undefined && !blanks) return;
  throw invalid(
    blanks
      ? 'The columns of the file seem to be aligned by blanks.'
      : `The file seems to be split at ${JSON.stringify(found)}.`,
    blanks
      ? 'Export it with a delimiter. If it has one column, give --delimiter ",".'
      : `Give the delimiter: --delimiter ${JSON.stringify(found)}. If the file has one column, give --delimiter ",".`,
  );
};

/**
 * Finds out the delimiter of a file from its first lines: the one that splits the header, and the lines into as many fields.
 *
 * @param sample - whole lines, the header first
 * @throws AshlarError `input-invalid` when two delimiters split the lines, or one that is seldom does
 */
export function detectDelimiter(sample: string): string {
  const splits = candidates.map((delimiter) => splitBy(sample, delimiter));
  const [first] = splits.filter(({ columns }) => columns > 1);
  // a title above the table: its lines are rejected, rather than imported as one column
  if (!first) {
    const table = splits.find(({ splitting }) => splitting >= 0.9);
    if (!table) assertOneColumn(sample);
    return table?.delimiter ?? ',';
  }
  const fitting = splits.filter(fits);
  // at another delimiter than that of the file, quoted fields are cut in two
  const whole = fitting.filter(({ quotes }) => !quotes);
  const [only = first, ...others] = whole.length === 1 ? whole : fitting;
  if (fitting.length > 0 && others.length === 0) return only.delimiter;
  const rated = fitting.length > 0 ? fitting : splits.filter(({ columns }) => columns > 1);
  const [best = first, second] = rated.toSorted((a, b) => b.columns - a.columns);
  if (fitting.length === 0 && second?.columns !== best.columns) return best.delimiter;
  throw invalid(
    `The file can be split at ${delimiterName(best.delimiter)} and at ${delimiterName(second?.delimiter ?? '')}.`,
    'Give the delimiter: --delimiter ";".',
    `They make ${best.columns} and ${second?.columns} columns.`,
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
