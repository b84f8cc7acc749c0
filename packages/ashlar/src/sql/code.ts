import type { SqlName } from '../contract/sql.js';
import { identifier } from '../model/index.js';
import { readTokens, type Token } from './lexer.js';

/** A token that is neither white space nor a comment. */
export interface CodeToken extends Token {
  /** The text of a word in upper case, for comparison with keywords; `''` if the token is not a word. */
  readonly word: string;
  /** Whether white space or a comment precedes the token. */
  readonly spaced: boolean;
}

/** Whether a token is white space or a comment. */
export function isBlank({ kind }: Token): boolean {
  return kind === 'space' || kind === 'line-comment' || kind === 'block-comment';
}

/** Converts a token to a `CodeToken`. */
export function asCode(token: Token, spaced: boolean): CodeToken {
  const { kind, text, start, end, terminated } = token;
  return { kind, text, start, end, terminated, word: kind === 'word' ? text.toUpperCase() : '', spaced };
}

/** Reads the tokens of a text that are neither white space nor comments; stops at the first NUL character. */
export function* readCode(sql: string, dialect: SqlName): Generator<CodeToken, void> {
  let spaced = false;
  for (const token of readTokens(sql, dialect)) {
    if (token.kind === 'unread') return;
    if (!isBlank(token)) yield asCode(token, spaced);
    spaced = isBlank(token);
  }
}

/** Lists all tokens of an SQL text that are neither white space nor comments. */
export function codeOf(sql: string, dialect: SqlName): readonly CodeToken[] {
  return [...readCode(sql, dialect)];
}

const unquoted = (quoted: string): string => {
  const quote = quoted.charAt(0);
  const inner = quoted.slice(1, -1);
  return quote === '[' ? inner : inner.replaceAll(quote + quote, quote);
};

/**
 * The name in a token, without quotes and with its case unchanged; the token's text if the token is not a quoted name.
 * The escapes of `U&"…"` are not resolved.
 */
export function nameOf({ kind, text }: Token): string {
  return kind === 'name' && !text.startsWith('U&') && !text.startsWith('u&') ? unquoted(text) : text;
}

/** The value of an SQL string: `'it''s'` → `it's`. For any other token, its text. */
export function stringOf({ kind, text }: Token): string {
  return kind === 'string' && text.startsWith("'") ? unquoted(text) : text;
}

/** The number of parentheses that enclose each token; a parenthesis does not enclose itself. */
export function depths(tokens: readonly Token[]): readonly number[] {
  let depth = 0;
  return tokens.map(({ text }) => {
    if (text === ')') depth--;
    const here = depth;
    if (text === '(') depth++;
    return here;
  });
}

/** Splits tokens at the commas outside of parentheses. */
export function splitAtCommas(tokens: readonly CodeToken[]): CodeToken[][] {
  const depth = depths(tokens);
  const parts: CodeToken[][] = [[]];
  tokens.forEach((token, i) => {
    if (token.text === ',' && depth[i] === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  });
  return parts;
}

/** Splits tokens at each AND that joins conditions, but not at the AND that belongs to a BETWEEN. */
export function splitAtAnds(tokens: readonly CodeToken[]): CodeToken[][] {
  const depth = depths(tokens);
  const parts: CodeToken[][] = [[]];
  let between = 0;
  tokens.forEach((token, i) => {
    if (depth[i] === 0 && token.word === 'BETWEEN') between++;
    if (depth[i] === 0 && token.word === 'AND' && between-- <= 0) {
      between = 0;
      parts.push([]);
    } else parts.at(-1)?.push(token);
  });
  return parts;
}

/**
 * Writes tokens as one line, without space inside parentheses, with one space after a comma, and without needless
 * quotes.
 */
export function line(tokens: readonly CodeToken[]): string {
  let text = '';
  let previous = '';
  for (const token of tokens) {
    const apart =
      previous === ',' || (token.spaced && previous !== '(' && token.text !== ')' && token.text !== ',');
    const written = token.kind === 'name' ? identifier(nameOf(token)) : token.text;
    text += text !== '' && apart && token.text !== ',' ? ` ${written}` : written;
    previous = token.text;
  }
  return text;
}

/** Removes insignificant white space, comments and quotes from an SQL text, so that equivalent texts become equal. */
export function folded(sql: string, dialect: SqlName): string {
  return line(codeOf(sql, dialect));
}

/** Whether the tokens from an offset on are the given words, in the given order. */
export function hasWords(tokens: readonly CodeToken[], at: number, ...words: readonly string[]): boolean {
  return words.every((word, i) => tokens[at + i]?.word === word);
}

/**
 * The position of the first token of the given sequence of words, outside parentheses; -1 if the sequence does not
 * occur.
 */
export function findWords(tokens: readonly CodeToken[], ...words: readonly string[]): number {
  const depth = depths(tokens);
  return tokens.findIndex((_, at) => depth[at] === 0 && hasWords(tokens, at, ...words));
}

/**
 * Whether an SQL text contains a name, in upper or lower case, with or without quotes. Strings and comments do not
 * count.
 */
export function mentions(sql: string, name: string, dialect: SqlName): boolean {
  const wanted = name.toLowerCase();
  for (const token of readCode(sql, dialect)) {
    if ((token.kind === 'word' || token.kind === 'name') && nameOf(token).toLowerCase() === wanted)
      return true;
  }
  return false;
}

/** The words and names in an SQL text, without quotes, each once; keywords among them. */
export function namesIn(sql: string, dialect: SqlName): readonly string[] {
  const named = codeOf(sql, dialect).filter(({ kind }) => kind === 'word' || kind === 'name');
  return [...new Set(named.map(nameOf))];
}

/** Replaces names in an SQL text. `rename` gets the name without quotes; `undefined` keeps it as it is written. */
export function replaceNames(
  sql: string,
  dialect: SqlName,
  rename: (name: string) => string | undefined,
): string {
  let text = '';
  for (const token of readTokens(sql, dialect)) {
    const now = token.kind === 'word' || token.kind === 'name' ? rename(nameOf(token)) : undefined;
    text += now === undefined ? token.text : identifier(now);
  }
  return text;
}

/**
 * Removes a table's name where it qualifies a column: `CHECK (notes.size > 0)` → `CHECK (size > 0)`. In an expression of the
 * table itself, both mean the same.
 */
export function withoutQualifier(sql: string, table: string, dialect: SqlName): string {
  const tokens = codeOf(sql, dialect);
  const wanted = table.toLowerCase();
  let text = '';
  let from = 0;
  for (const [at, token] of tokens.entries()) {
    const isName = token.kind === 'word' || token.kind === 'name';
    const point = tokens[at + 1];
    if (!isName || point?.text !== '.' || nameOf(token).toLowerCase() !== wanted) continue;
    text += sql.slice(from, token.start);
    from = point.end;
  }
  return text + sql.slice(from);
}

/** The tables that foreign keys in an SQL text refer to, in order of appearance. */
export function referredTables(sql: string, dialect: SqlName): readonly string[] {
  const tokens = codeOf(sql, dialect);
  return tokens.flatMap(({ word }, at) => {
    const target = tokens[at + 1];
    return word === 'REFERENCES' && target ? [nameOf(target)] : [];
  });
}

/** Returns the name of the table that CREATE TRIGGER puts a trigger on; '' if it names none. */
export function triggerTable(tokens: readonly CodeToken[]): string {
  const on = tokens[tokens.findIndex(({ word }) => word === 'ON') + 1];
  return on ? nameOf(on) : '';
}

/** Removes the white space around a statement, and the semicolon at its end. */
export function withoutSemicolon(sql: string): string {
  const text = sql.trim();
  return text.endsWith(';') ? text.slice(0, -1).trimEnd() : text;
}
