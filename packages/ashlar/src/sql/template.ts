import { tokenise } from './lexer.js';

/** A value in a template: text, a number, lines of text, or nothing. */
export type SqlPart = string | number | undefined | readonly string[];

// marks the position of a value; a literal part never contains it
const place = '\0';

const marginOf = (line: string): string => /^ */.exec(line)?.[0] ?? '';

const textOf = (value: SqlPart): string =>
  value === undefined ? '' : typeof value === 'object' ? value.join('\n') : String(value);

const isNothing = (value: SqlPart): boolean =>
  value === undefined || (typeof value === 'object' && value.length === 0);

/**
 * Indents every line of an SQL text except the first, so that the lines of a multi-line condition are aligned. Blank
 * lines stay empty; strings and quoted names are not changed.
 */
export function hanging(text: string, by = 2): string {
  if (by === 0 || !text.includes('\n')) return text;
  const margin = `\n${' '.repeat(by)}`;
  // in Ashlar's own SQL, SQLite's other quotes and comments contain no line break
  return tokenise(text, 'postgres')
    .map(({ kind, text: own, end }) => {
      if (kind !== 'space') return own;
      return own.replaceAll(end === text.length ? /\n(?=[^\n])/g : /\n(?!\n)/g, margin);
    })
    .join('');
}

/** A line of a template: its literal parts, and the width of its indentation. */
interface TemplateLine {
  readonly pieces: readonly string[];
  readonly width: number;
}

const templates = new WeakMap<TemplateStringsArray, readonly TemplateLine[]>();

const readTemplate = (strings: TemplateStringsArray): readonly TemplateLine[] => {
  const lines = strings.join(place).split('\n');
  const startsOnFirstLine = lines[0]?.trim() !== '';
  if (!startsOnFirstLine) lines.shift();
  if (lines.length > 1 && lines.at(-1)?.trim() === '') lines.pop();
  const margins = lines
    .slice(startsOnFirstLine ? 1 : 0)
    .flatMap((line) => (line.trim() === '' ? [] : [marginOf(line).length]));
  const margin = Math.min(...margins, Number.MAX_SAFE_INTEGER);
  return lines.map((line, at) => {
    const own = startsOnFirstLine && at === 0 ? line : line.slice(Math.min(margin, marginOf(line).length));
    return { pieces: own.split(place), width: marginOf(own).length };
  });
};

// each template of the source is one object, however often it is used
const linesOf = (strings: TemplateStringsArray): readonly TemplateLine[] => {
  const known = templates.get(strings);
  if (known) return known;
  const lines = readTemplate(strings);
  templates.set(strings, lines);
  return lines;
};

/**
 * A template tag for SQL: removes the indentation of the template, and its first and last line if they are blank. The
 * lines of a value are indented like the line that contains it, except inside strings. A line that consists only of
 * values that are `undefined` or an empty list is omitted.
 *
 * Values are inserted as they are: quote names with `identifier` and strings with `literal`.
 */
export function sql(strings: TemplateStringsArray, ...values: readonly SqlPart[]): string {
  let used = 0;
  return linesOf(strings)
    .flatMap(({ pieces, width }) => {
      const given = values.slice(used, used + pieces.length - 1);
      used += given.length;
      if (given.length > 0 && given.every(isNothing) && pieces.join('').trim() === '') return [];
      return [pieces.reduce((text, piece, i) => text + hanging(textOf(given[i - 1]), width) + piece)];
    })
    .join('\n');
}
