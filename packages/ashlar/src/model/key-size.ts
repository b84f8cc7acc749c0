import type { Column } from '../contract/column.js';
import type { TableFacts } from '../contract/table.js';
import { longestText } from './longest-text.js';

/**
 * The most bytes that the texts of one key or B-tree index take together. A B-tree of PostgreSQL refuses an entry of more than
 * 2,704 bytes after compression (a third of a page); the rest is for the other columns, and for the row keys of trails.
 */
const mostBytes = 2_000;

// https://www.unicode.org/versions/latest/core-spec/chapter-3/#G7404
const bytesOfCharacter = 4;

/** Returns the most bytes that a value of a column takes by its declaration; infinity where it sets no limit. */
const declaredBytes = ({ rules: { oneOf, maxLength } }: Column): number => {
  if (oneOf) return Math.max(...oneOf.map((value) => Buffer.byteLength(String(value))));
  return (maxLength ?? Number.POSITIVE_INFINITY) * bytesOfCharacter;
};

/** Returns the columns whose values may take more than their share of a key, with the share. */
const sharesOf = (columns: readonly Column[], together: number): readonly (readonly [Column, number])[] => {
  const sized = columns
    .map((column) => [column, declaredBytes(column)] as const)
    .sort(([, one], [, other]) => one - other);
  let left = together;
  return sized.flatMap(([column, most], at) => {
    // what a short column leaves is for the longer ones
    const share = Math.floor(left / (sized.length - at));
    left -= Math.min(most, share);
    return most > share ? [[column, share] as const] : [];
  });
};

const keysOf = ({ primaryKey, uniques, indexes, facts }: TableFacts): readonly (readonly string[])[] => [
  ...[primaryKey, ...uniques, ...indexes].map(({ columns }) => columns),
  ...(facts.versions ? [facts.versions.key] : []),
  ...[facts.scope?.name, facts.encryption?.scope].flatMap((name) => (name === undefined ? [] : [[name]])),
];

/** The names of columns that are in one index, with the bytes that they may take together. */
interface Sized {
  readonly columns: readonly string[];
  readonly together: number;
}

const sizedOf = (table: TableFacts): readonly Sized[] => [
  ...keysOf(table).map((columns) => ({ columns, together: mostBytes })),
  // the texts of a full-text index are joined with a space between them
  ...(table.fullTexts ?? []).map(({ columns }) => ({
    columns,
    together: longestText - (columns.length - 1),
  })),
];

/**
 * Limits the text and the bytes in the keys and indexes of a table, full-text indexes among them, to what PostgreSQL can hold
 * there, so that every engine gives the same verdict. A trail and a keyring have what was limited in other tables.
 */
export function limitKeySizes(table: TableFacts): void {
  if (table.facts.trail || table.facts.keyring) return;
  for (const { columns: names, together } of sizedOf(table)) {
    const columns = names.flatMap((name) => table.columns[name] ?? []);
    const sized = columns.filter(
      ({ kind, plaintext }) => !plaintext && (kind === 'text' || kind === 'bytes'),
    );
    for (const [{ rules }, share] of sharesOf(sized, together)) {
      const maxBytes = Math.min(rules.maxBytes ?? share, share);
      // the columns exist before the keys that name them
      Object.assign(rules, { maxBytes });
    }
  }
}
