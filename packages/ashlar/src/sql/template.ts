import { tokenise } from './lexer.js';

/** What a template takes: text, a number, lines of text, or nothing. */
export type SqlPart = string | number | undefined | readonly string[];

// marks the place of a value; a literal part never has one
const place = '\0';

const marginOf = (line: string): string => /^ */.exec(line)?.[0] ?? '';

const textOf = (value: SqlPart): string =>
  value === undefined ? '' : typeof value === 'object' ? value.join('\n') : String(value);

const isNothing = (value: SqlPart): boolean =>
  value === undefined || (typeof value === 'object' && value.length === 0);

/**
 * Moves every line of an SQL text but the first to the right, so that a condition of several lines stays under its
 * beginning. Blank lines stay empty, and what strings and quoted names hold stays as it is.
 */
export function hanging(text: string, by = 2): string {
  if (by === 0 || !text.includes('\n')) return text;
  const margin = `\n${' '.repeat(by)}`;
  // SQLite's other quotes and comments hold no line break in what is written here
  return tokenise(text, 'postgres')
    .map(({ kind, text: own, end }) => {
      if (kind !== 'space') return own;
      return own.replaceAll(end === text.length ? /\n(?=[^\n])/g : /\n(?!\n)/g, margin);
    })
    .join('');
}

/**
 * Text of SQL as it is read. The template's own indentation is taken off, with its first line break and its last line
 * when they are blank. The lines of a value get the indentation of the line on which it stands, outside of its strings.
 * A line on which there is nothing but values that are `undefined` or an empty list is left out.
 *
 * Values are inserted as they are: quote names with `identifier` and strings with `literal`.
 */
export function sql(strings: TemplateStringsArray, ...values: readonly SqlPart[]): string {
  const lines = strings.join(place).split('\n');
  const startsOnFirstLine = lines[0]?.trim() !== '';
  if (!startsOnFirstLine) lines.shift();
  if (lines.length > 1 && lines.at(-1)?.trim() === '') lines.pop();
  const margins = lines
    .slice(startsOnFirstLine ? 1 : 0)
    .flatMap((line) => (line.trim() === '' ? [] : [marginOf(line).length]));
  const margin = Math.min(...margins, Number.MAX_SAFE_INTEGER);
  let used = 0;
  return lines
    .flatMap((line, at) => {
      const own = startsOnFirstLine && at === 0 ? line : line.slice(Math.min(margin, marginOf(line).length));
      const pieces = own.split(place);
      const given = values.slice(used, used + pieces.length - 1);
      used += given.length;
      if (given.length > 0 && given.every(isNothing) && pieces.join('').trim() === '') return [];
      const width = marginOf(own).length;
      return [pieces.reduce((text, piece, i) => text + hanging(textOf(given[i - 1]), width) + piece)];
    })
    .join('\n');
}
