import { errorIssues, issueText, storageProblem } from '../model/index.js';
import { dataChecksum } from './checksum.js';
import type { JobModel, NewJobRow } from './model.js';
import { storableJson, storableText } from './storable-text.js';

/** A row to import: its data or, for a rejected row, the values that were read and the reason for the rejection. */
export type ImportRow<Data> =
  | {
      readonly data: Data;
      readonly rejected?: undefined;
      /** Its line in the source, for reports. Default: its position, from 1. */
      readonly line?: number | undefined;
    }
  | {
      readonly data: unknown;
      /** A clause without a full stop: `"city" is empty`. */
      readonly rejected: string;
      readonly line?: number | undefined;
    };

/** A row to insert, before it gets its job and number; for a rejected row, also the reason for the rejection. */
export interface MadeRow {
  readonly row: Omit<NewJobRow, 'job_id' | 'row_number'>;
  readonly line: number;
  readonly reason: string | undefined;
  /** The length of its data as text, roughly. */
  readonly characters: number;
}

const problemOf = (model: JobModel, data: unknown): string | undefined => {
  const found = model.data.safeParse(data).error?.issues ?? [];
  const [issue] = errorIssues(found, { schema: model.data, given: data });
  if (issue) return issueText(issue);
  return storageProblem(model.tables.rows.columns.row_data, data);
};

/**
 * Creates a row to insert from data: pending, or failed if the data is rejected, does not pass the schema, or cannot
 * be stored.
 */
export function makeRow(model: JobModel, given: ImportRow<unknown>, position: number): MadeRow {
  const line = given.line ?? position;
  const reason = given.rejected ?? problemOf(model, given.data);
  if (reason === undefined) {
    const { checksum: row_checksum, characters } = dataChecksum(given.data);
    return { row: { row_data: given.data, row_checksum }, line, reason, characters };
  }
  const read = storableJson(given.data);
  const row_data = problemOf(model, read) === undefined ? read : { rejected: read };
  const { checksum: row_checksum, characters } = dataChecksum(row_data);
  return {
    row: {
      row_data,
      row_checksum,
      status: 'failed',
      error_code: 'invalid_row',
      error_message: `Line ${line}: ${storableText(reason)}.`,
    },
    line,
    reason,
    characters,
  };
}
