import { AshlarError } from 'ashlar';
import type { ImportRow } from 'ashlar/jobs';
import type { CsvLine } from './csv.js';
import type { JobRow } from './tables.js';

/** A line of a CSV file, as an object that maps column names to values. */
export type CsvRecord = Record<string, string>;
/** The data of a job row, as a JSON object. */
export type RowData = JobRow['row_data'];

/** The rules that turn lines of a CSV file into rows of a job. */
export interface RowRules {
  /** Values by column name: only lines that have exactly these values become rows. */
  readonly where?: Readonly<Record<string, string>> | undefined;
  /** The names of columns whose values must not be empty. */
  readonly required?: readonly string[] | undefined;
  /**
   * Computes the data of a job row from a CSV line. An error that this function throws rejects the line, with its
   * message as the reason.
   */
  readonly mapRow?: ((record: CsvRecord, line: number) => RowData) | undefined;
}

/** A function that makes a job row from a CSV line. The result is `undefined` for a line that `where` excludes. */
export type RowReader = (line: CsvLine) => ImportRow<RowData> | undefined;

const shownColumns = 30;
// of a rejected line; a line of delimiters has millions
const keptFields = 1_000;

const columnList = (header: readonly string[]): string => {
  const shown = header.slice(0, shownColumns).map((name) => `"${name}"`);
  const more = header.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

const assertColumns = (option: string, names: readonly string[], header: readonly string[]): void => {
  const missing = names.filter((name) => !header.includes(name));
  if (missing.length === 0) return;
  throw new AshlarError('input-invalid', {
    message: `\`${option}\` names ${missing.map((name) => `"${name}"`).join(', ')}, which is not a column of the file.`,
    detail: `The columns of the file are ${columnList(header)}.`,
    suggestion: 'Write the column name exactly as in the header. Upper and lower case differ.',
  });
};

const textProblem = (fields: readonly string[]): string | undefined => {
  for (const field of fields) {
    if (field.includes('\0')) return 'the line contains the NUL character, which no database can store';
    if (field.startsWith('\uFEFF'))
      return 'a field begins with a byte order mark, as where a second file begins within this one';
    if (field.includes('\uFFFD'))
      return 'the line contains U+FFFD: it is not text in the encoding of the file, or was damaged earlier';
  }
  return undefined;
};

/**
 * Creates a function that makes job rows from CSV lines with the given header.
 *
 * @throws AshlarError `input-invalid` when a rule names a column that the file does not have
 */
export function rowReader(header: readonly string[], rules: RowRules): RowReader {
  const { where = {}, required = [], mapRow } = rules;
  assertColumns('where', Object.keys(where), header);
  assertColumns('required', required, header);
  const conditions = Object.entries(where).map(([name, value]) => ({ at: header.indexOf(name), value }));
  const mandatory = required.map((name) => ({ at: header.indexOf(name), name }));

  // the columns of a rejected line cannot be trusted: its fields are kept in their order
  const reject = ({ line, fields }: CsvLine, rejected: string): ImportRow<RowData> => {
    const kept = fields.slice(0, Math.max(header.length, keptFields));
    const more = fields.length - kept.length;
    return { data: { line, fields: kept, ...(more > 0 ? { more_fields: more } : {}) }, rejected, line };
  };

  return (source) => {
    const { fields, line, problem: unreadable } = source;
    if (unreadable !== undefined) return reject(source, unreadable);
    if (fields.length !== header.length) {
      // its fields may be in the wrong columns, so `where` cannot be applied
      return reject(source, `the line has ${fields.length} fields, but the header has ${header.length}`);
    }
    for (const { at, value } of conditions) if (fields[at] !== value) return undefined;
    const problem = textProblem(fields);
    if (problem) return reject(source, problem);
    const empty = mandatory.filter(({ at }) => fields[at]?.trim() === '');
    if (empty.length > 0)
      return reject(source, `${empty.map(({ name }) => `"${name}"`).join(', ')} is empty`);
    const record: CsvRecord = {};
    for (let at = 0; at < header.length; at++) record[header[at] ?? ''] = fields[at] ?? '';
    try {
      return { data: mapRow?.(record, line) ?? record, line };
    } catch (error) {
      return reject(source, error instanceof Error ? error.message : String(error));
    }
  };
}
