import type { BulkColumn } from '../../../contract/bulk.js';
import type { ColumnKind } from '../../../contract/column.js';
import { identifier } from '../../../model/index.js';
import { fieldSeparator, fieldWriter, nullField } from '../../bulk/row-line.js';
import { readValueOf, selected } from './bulk-value.js';

/** A part of a row's line, with the SQL that reads it. */
interface Piece {
  readonly sql: string;
  /** Returns the text of what was read; `undefined` if it has to be read value by value. */
  readonly text: (found: unknown) => string | undefined;
}

/** Reads rows as lines, without a value for each column. */
export interface LineReader {
  /** The SQL of what is read. */
  readonly columns: readonly string[];
  /** Returns the line of what was read, from a position on; `undefined` if the row has to be read value by value. */
  readonly line: (found: readonly unknown[], from: number) => string | undefined;
}

const mostJoined = 100;

/** A NUL: no text that can be moved has one. */
const refusal = 'char(0)';
const isText: ReadonlySet<ColumnKind> = new Set(['text', 'uuid', 'timestamp', 'date', 'inet']);

/** SQL for the field of a column that SQLite itself can write; `undefined` for the others. */
const joinable = ({ name, kind, source, isBytesOnPostgres }: BulkColumn): string | undefined => {
  if (source !== undefined || isBytesOnPostgres) return undefined;
  const column = identifier(name);
  if (isText.has(kind))
    return `CASE WHEN ${column} IS NULL THEN '${nullField}' WHEN instr(${column}, '\\') THEN ${refusal} ELSE ${column} END`;
  if (kind === 'integer' || kind === 'bigint') return `coalesce(${column}, '${nullField}')`;
  if (kind === 'boolean')
    return `CASE WHEN ${column} IS NULL THEN '${nullField}' WHEN ${column} IN (0, 1) THEN ${column} ELSE ${refusal} END`;
  return undefined;
};

/**
 * Returns what reads the rows of a STRICT table as lines: SQLite joins the fields of neighbouring columns, because a value in this
 * process costs more than its field there. A row with a text that needs an escape, or that cannot be moved, is left to what
 * reads each value.
 */
export function lineReader(columns: readonly BulkColumn[]): LineReader {
  const pieces: Piece[] = [];
  let run: string[] = [];
  const end = (): void => {
    if (run.length > 0) pieces.push(joined(run));
    run = [];
  };
  for (const column of columns) {
    const sql = joinable(column);
    // a function of SQLite takes 1,000 arguments at most, and two are for each field
    if (run.length === mostJoined) end();
    if (sql !== undefined) run.push(sql);
    else {
      end();
      pieces.push(single(column));
    }
  }
  end();
  return {
    columns: pieces.map(({ sql }) => sql),
    line: (found, from) => {
      let line = '';
      for (let at = 0; at < pieces.length; at++) {
        const text = (pieces[at] as Piece).text(found[from + at]);
        if (text === undefined) return undefined;
        line += at === 0 ? text : fieldSeparator + text;
      }
      return line;
    },
  };
}

const joined = (fields: readonly string[]): Piece => {
  const separators = fields.length - 1;
  return {
    sql: `concat(${fields.join(`, '${fieldSeparator}', `)})`,
    text: (found) => {
      const text = found as string;
      if (text.includes('\0') || text.includes('\uFFFD')) return undefined;
      let count = 0;
      for (let at = text.indexOf(fieldSeparator); at !== -1; at = text.indexOf(fieldSeparator, at + 1))
        count++;
      return count === separators ? text : undefined;
    },
  };
};

const single = (column: BulkColumn): Piece => {
  const read = readValueOf(column);
  const field = fieldWriter(column);
  return {
    sql: selected(column),
    text: (found) => {
      if (found === null) return nullField;
      try {
        const text = field(read(found) as string | number);
        return text.includes('\uFFFD') ? undefined : text;
      } catch {
        // reading it value by value names what is wrong
        return undefined;
      }
    },
  };
};
