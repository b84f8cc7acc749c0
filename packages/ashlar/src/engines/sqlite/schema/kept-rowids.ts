import type { SchemaTable } from '../../../contract/schema.js';
import { codeOf, hasWords, nameOf, splitAtCommas } from '../../../sql/code.js';
import { rowidName } from '../rowid.js';

/** A function that takes a column's name in the new schema and returns its name in the old schema. */
export type FormerName = (column: string) => string;

/** How the numbers of the rows (rowids) go into the table that replaces another. */
export type KeptRowids =
  /** By their names in the new table and in the old one. */
  | { readonly into: string; readonly from: string }
  /** There are none, or a column that is copied holds them, or no statement can name them. */
  | 'nothing to do'
  /** The rows get other numbers: a column with other values becomes the number of a row, or rows have none any more. */
  | 'lost';

/**
 * Returns how the rows of a table keep their rowids when the table is replaced. An FTS5 index with external content, an R-Tree
 * and tables of users name rows by them.
 */
export function keptRowids(before: SchemaTable, after: SchemaTable, formerName: FormerName): KeptRowids {
  const from = nameIn(before);
  if (from === undefined) return 'nothing to do';
  const into = nameIn(after);
  if (into === undefined) return isWithoutRowid(after) ? 'lost' : 'nothing to do';
  const column = rowidColumn(after);
  const former = column === undefined ? undefined : formerName(column);
  if (!before.columns.some(({ name }) => name === former)) return { into, from };
  return rowidColumn(before) === former ? 'nothing to do' : 'lost';
}

const isWithoutRowid = ({ options }: SchemaTable): boolean =>
  codeOf(options, 'sqlite').some((_, at, tokens) => hasWords(tokens, at, 'WITHOUT', 'ROWID'));

const nameIn = (table: SchemaTable): string | undefined =>
  isWithoutRowid(table) ? undefined : rowidName(table.columns.map(({ name }) => name));

/** Returns the column of a table with rowids that holds them: https://sqlite.org/lang_createtable.html#rowid */
export function rowidColumn({ columns, constraints }: SchemaTable): string | undefined {
  const keys = constraints.flatMap(({ definition }) => {
    const tokens = codeOf(definition, 'sqlite');
    if (!hasWords(tokens, 0, 'PRIMARY', 'KEY')) return [];
    const close = tokens.findIndex(({ text }) => text === ')');
    const parts = splitAtCommas(tokens.slice(3, close));
    const [first] = parts[0] ?? [];
    return parts.length === 1 && first ? [nameOf(first)] : [];
  });
  return columns.find(({ name, type, rest }) => {
    if (type.toUpperCase() !== 'INTEGER') return false;
    const tokens = codeOf(rest, 'sqlite');
    const at = tokens.findIndex((_, index) => hasWords(tokens, index, 'PRIMARY', 'KEY'));
    // in the line of a column, and only there, DESC makes it an ordinary key
    if (at >= 0) return tokens[at + 2]?.word !== 'DESC';
    return keys.some((key) => key.toLowerCase() === name.toLowerCase());
  })?.name;
}
