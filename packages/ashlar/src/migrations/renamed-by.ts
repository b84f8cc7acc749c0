import type { CodeToken } from '../sql/code.js';
import { Reader } from './reader.js';

interface Names {
  readonly from: string;
  readonly to: string;
}

/** A table or a column that a statement renames. */
export interface Rename {
  readonly table: Names;
  /** The renamed column; `undefined` if the table is renamed. */
  readonly column: Names | undefined;
}

const others: ReadonlySet<string> = new Set(['CONSTRAINT', 'ATTRIBUTE', 'VALUE']);

/** Reads the rename that a statement makes: `ALTER TABLE … RENAME …`; `undefined` for any other statement. */
export function renameIn(tokens: readonly CodeToken[]): Rename | undefined {
  const statement = new Reader(tokens);
  if (!statement.take('ALTER', 'TABLE')) return undefined;
  const table = statement.table();
  if (!statement.take('RENAME')) return undefined;
  if (statement.take('TO')) return { table: { from: table, to: statement.table() }, column: undefined };
  if ([...others].some((word) => statement.next(word))) return undefined;
  statement.take('COLUMN');
  const from = statement.table();
  if (!statement.take('TO')) return undefined;
  return { table: { from: table, to: table }, column: { from, to: statement.table() } };
}
