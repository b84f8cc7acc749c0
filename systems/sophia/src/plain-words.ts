import { literal, type SqlName } from 'ashlar/extend';

/**
 * The characters besides the space that separate words when the database compares names; of other scripts only common
 * ones.
 */
const separators = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~…–—‘’“”\u00a0';
const whitespace = {
  sqlite: ['char(9)', 'char(10)', 'char(13)'],
  postgres: ['chr(9)', 'chr(10)', 'chr(13)'],
};

/**
 * Returns an SQL expression for the words of a text, with ASCII letters in lower case, one space before each word and
 * one after the last word. Both dialects compute the same value.
 *
 * @param text - an SQL expression of type text
 */
export function plainWordsSql(dialect: SqlName, text: string): string {
  const spaced = { sqlite: spacedOnSqlite, postgres: spacedOnPostgres }[dialect](text);
  // collapses runs of spaces: the text contains neither < nor > at this point
  return `replace(replace(replace(' ' || ${spaced} || ' ', ' ', '<>'), '><', ''), '<>', ' ')`;
}

const characters = [...separators, "'"];

const spacedOnPostgres = (text: string): string =>
  `translate(lower(${text} COLLATE "C"), ${[...whitespace.postgres, literal(characters.join(''))].join(' || ')}, repeat(' ', ${characters.length + 3}))`;

const spacedOnSqlite = (text: string): string =>
  [...whitespace.sqlite, ...characters.map(literal)].reduce(
    (inner, character) => `replace(${inner}, ${character}, ' ')`,
    `lower(${text})`,
  );

/**
 * Splits a text of any script into words, in lower case and without accents or punctuation.
 *
 * @example
 * foldedWords('Café “Élan” & Co.') // ['cafe', 'elan', 'co']
 */
export function foldedWords(text: string): readonly string[] {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

const legalForms = new Set(
  'ab ag bv co company corp corporation gmbh inc incorporated kg limited llc llp ltd nv oy plc pty sa sarl'.split(
    ' ',
  ),
);

/**
 * Returns the words of a name (see {@link foldedWords}) without its legal form, such as `ltd`; `&` and `+` become the
 * word `and`. A name that consists of nothing but a legal form keeps it.
 */
export function bareName(name: string): readonly string[] {
  const words = foldedWords(name.replaceAll(/[&+]/g, ' and '));
  const bare = words.slice(0, words.findLastIndex((word) => !legalForms.has(word)) + 1);
  return bare.length > 0 ? bare : words;
}
