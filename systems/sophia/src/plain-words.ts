import { literal, type SqlName } from 'ashlar';

/** What stands between words, besides the space, where the database compares names; of other scripts only what is common. */
const separators = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~…–—‘’“”\u00a0';
const unprintable = {
  sqlite: ['char(9)', 'char(10)', 'char(13)'],
  postgres: ['chr(9)', 'chr(10)', 'chr(13)'],
};

/**
 * The words of a text as SQL: in lower case (of ASCII letters), one space before each and after the last, and nothing
 * else between them. Both engines give the same.
 */
export const plainWordsSql = (dialect: SqlName, text: string): string => {
  const spaced = { sqlite: spacedOnSqlite, postgres: spacedOnPostgres }[dialect](text);
  // runs of spaces become one: no < or > is left by now
  return `replace(replace(replace(' ' || ${spaced} || ' ', ' ', '<>'), '><', ''), '<>', ' ')`;
};

const characters = [...separators, "'"];

const spacedOnPostgres = (text: string): string =>
  `translate(lower(${text} COLLATE "C"), ${[...unprintable.postgres, literal(characters.join(''))].join(' || ')}, repeat(' ', ${characters.length + 3}))`;

const spacedOnSqlite = (text: string): string =>
  [...unprintable.sqlite, ...characters.map(literal)].reduce(
    (inner, character) => `replace(${inner}, ${character}, ' ')`,
    `lower(${text})`,
  );

/**
 * The words of a text as people compare them: without case, accents or punctuation, in any script.
 *
 * @example
 * foldedWords('Café “Élan” & Co.') // ['cafe', 'elan', 'co']
 */
export const foldedWords = (text: string): readonly string[] =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');

const legalForms = new Set(
  'ab ag bv co company corp corporation gmbh inc incorporated kg limited llc llp ltd nv oy plc pty sa sarl'.split(
    ' ',
  ),
);

/** The {@link foldedWords} of a name without its legal form, `&` and `+` as `and`; all of them where it is nothing else. */
export const bareName = (name: string): readonly string[] => {
  const words = foldedWords(name.replaceAll(/[&+]/g, ' and '));
  const bare = words.slice(0, words.findLastIndex((word) => !legalForms.has(word)) + 1);
  return bare.length > 0 ? bare : words;
};
