import { AshlarError, type Insert } from 'ashlar';
import { rowChecksum, sha256 } from './checksum.js';
import type { CsvLine } from './csv.js';
import type { JobRow, jobRows } from './tables.js';

/** What a line of the file says, by column. */
export type CsvRecord = Record<string, string>;

/** How lines become rows. */
export interface RowRules {
  /** Only lines whose columns have exactly these values. */
  readonly where?: Readonly<Record<string, string>> | undefined;
  /** Columns that must not be empty. */
  readonly required?: readonly string[] | undefined;
  /** Makes a row's data of a line's. What it throws is the reason why the line cannot be a row. */
  readonly mapRow?: ((record: CsvRecord, line: number) => JobRow['row_data']) | undefined;
}

/** A row to insert, but for its job and its number. */
export type ReadRow = Pick<
  Insert<typeof jobRows>,
  'row_checksum' | 'row_data' | 'status' | 'error_code' | 'error_message'
>;

/** A row, and where it cannot be shipped, why. */
export interface ReadLine {
  readonly row: ReadRow;
  readonly reason: string | undefined;
}

/** Makes a row of a line: `undefined` for one that `where` leaves out, a failed row for one that cannot be shipped. */
export type RowReader = (line: CsvLine) => ReadLine | undefined;

const assertColumns = (option: string, names: readonly string[], header: readonly string[]): void => {
  const missing = names.filter((name) => !header.includes(name));
  if (missing.length === 0) return;
  throw new AshlarError('input-invalid', {
    message: `The file has no column ${missing.map((name) => `"${name}"`).join(', ')}, which \`${option}\` names.`,
    detail: `Its columns are ${header.map((name) => `"${name}"`).join(', ')}.`,
    suggestion: 'Write the column as the header does, capitals included.',
  });
};

const textProblem = (fields: readonly string[]): string | undefined => {
  for (const field of fields) {
    if (field.includes('\0')) return 'it holds the character NUL, which no database keeps';
    if (field.includes('\uFFFD')) return 'it holds U+FFFD: it is not UTF-8, or was damaged before';
  }
  return undefined;
};

// every line has the same columns: their order is found once, and JSON.stringify then writes canonical JSON, because
// no column is named like a number, which an object would put first
const canonicalRecord = (header: readonly string[]): ((fields: readonly string[]) => string) => {
  const columns = header.map((name, at) => ({ name, at })).sort((a, b) => (a.name < b.name ? -1 : 1));
  return (fields) => {
    const record: CsvRecord = {};
    for (const { name, at } of columns) record[name] = fields[at] ?? '';
    return JSON.stringify(record);
  };
};

const withoutNul = (fields: readonly string[]): string[] =>
  fields.map((field) => field.replaceAll('\0', '␀'));

/**
 * A reader of lines under one header.
 *
 * @throws AshlarError `input-invalid` when a rule names a column that the file does not have
 */
export const rowReader = (header: readonly string[], rules: RowRules): RowReader => {
  const { where = {}, required = [], mapRow } = rules;
  assertColumns('where', Object.keys(where), header);
  assertColumns('required', required, header);
  const conditions = Object.entries(where).map(([name, value]) => ({ at: header.indexOf(name), value }));
  const canonical = canonicalRecord(header);
  const mandatory = required.map((name) => ({ at: header.indexOf(name), name }));

  const rejected = (line: CsvLine, reason: string) => {
    // what was read is kept as it stood, for its columns cannot be trusted
    const row_data = { line: line.line, fields: withoutNul(line.fields) };
    const error_message = `Line ${line.line}: ${reason}.`.toWellFormed().replaceAll('\0', '␀');
    const row = { row_checksum: rowChecksum(row_data), row_data, error_code: 'invalid_row', error_message };
    return { row: { ...row, status: 'failed' as const }, reason };
  };

  return (line) => {
    const { fields } = line;
    if (fields.length !== header.length) {
      // its fields may be in the wrong columns: whether `where` wanted it cannot be known, so it is not left out
      return rejected(line, `it has ${fields.length} fields where the header has ${header.length}`);
    }
    for (const { at, value } of conditions) if (fields[at] !== value) return undefined;
    const text = canonical(fields);
    // looked for in one text first; a NUL is written there as an escape
    const problem = text.includes('\uFFFD') || text.includes('\\u0000') ? textProblem(fields) : undefined;
    if (problem) return rejected(line, problem);
    const empty = mandatory.filter(({ at }) => fields[at]?.trim() === '');
    if (empty.length > 0)
      return rejected(line, `${empty.map(({ name }) => `"${name}"`).join(', ')} is empty`);
    const record: CsvRecord = {};
    for (let at = 0; at < header.length; at++) record[header[at] ?? ''] = fields[at] ?? '';
    if (!mapRow) return { row: { row_checksum: sha256(text), row_data: record }, reason: undefined };
    try {
      const row_data = mapRow(record, line.line);
      return { row: { row_checksum: rowChecksum(row_data), row_data }, reason: undefined };
    } catch (error) {
      return rejected(line, error instanceof Error ? error.message : String(error));
    }
  };
};
