import type { SqlName } from '../contract/sql.js';

/**
 * The kind of a token. `name` is a quoted identifier, `operator` one character of an operator or punctuation mark, and
 * `unread` the rest of the text from its first NUL character: neither engine reads past one.
 */
export type TokenKind =
  | 'space'
  | 'line-comment'
  | 'block-comment'
  | 'word'
  | 'name'
  | 'string'
  | 'number'
  | 'parameter'
  | 'operator'
  | 'unread';

/** A piece of an SQL text. */
export interface Token {
  readonly kind: TokenKind;
  /** The token's text, as written. */
  readonly text: string;
  /**
   * The offset at which the token starts in the SQL text, in UTF-16 code units; the token ends before the offset `end`.
   */
  readonly start: number;
  readonly end: number;
  /** Whether the token is complete: false if the SQL text ends before the token's closing mark. */
  readonly terminated: boolean;
}

/** The lexical rules in which the engines differ. */
interface Rules {
  /** Matches a run of white space. */
  readonly space: RegExp;
  readonly lineComment: RegExp;
  readonly nestedComments: boolean;
  /** The tokens that a single expression matches. */
  readonly plain: readonly (readonly [TokenKind, RegExp])[];
  /** The closing mark of each quoted identifier, by its opening mark. */
  readonly quotes: ReadonlyMap<string, string>;
}

const word = /[A-Za-z_\u0080-\uFFFF][\w$\u0080-\uFFFF]*/y;

// each expression is tried at one offset only, and no two of its alternatives begin alike: matching takes linear time
const rules: Readonly<Record<SqlName, Rules>> = {
  // https://sqlite.org/src/file/src/tokenize.c
  sqlite: {
    // a vertical tab continues white space, but does not begin it; a byte order mark is white space anywhere
    space: /[ \t\n\f\r][ \t\n\v\f\r]*|\uFEFF/y,
    lineComment: /--[^\n]*/y,
    nestedComments: false,
    plain: [
      ['word', word],
      ['number', /(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?[\w$\u0080-\uFFFF]*/y],
      ['parameter', /\?\d*|[:@#$][\w$\u0080-\uFFFF]+/y],
    ],
    quotes: new Map([
      ['"', '"'],
      ['`', '`'],
      ['[', ']'],
    ]),
  },
  // src/backend/parser/scan.l of PostgreSQL, with standard_conforming_strings on
  postgres: {
    // psql skips a byte order mark at the beginning of a file
    space: /[ \t\n\v\f\r]+|^\uFEFF/y,
    lineComment: /--[^\n\r]*/y,
    nestedComments: true,
    plain: [
      ['word', word],
      // 1..10 is two numbers
      [
        'number',
        /(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?(?:[A-Za-z_\u0080-\uFFFF][\w$\u0080-\uFFFF]*)?/y,
      ],
      ['parameter', /\$\d+/y],
    ],
    quotes: new Map([['"', '"']]),
  },
};

const blob = /[xX]'[^']*'?/y;
const dollarTag = /\$(?:[A-Za-z_\u0080-\uFFFF][\w\u0080-\uFFFF]*)?\$/y;
const prefixedString = /[eEbBxX](?=')|[uU]&(?=['"])/y;

/** The end of what an expression matches at an offset; -1 when it does not. */
const matchEnd = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
};

interface End {
  readonly end: number;
  readonly terminated: boolean;
}

/**
 * The end of a quoted token; a doubled mark is an escaped one. `]` cannot be doubled, and E'…' has backslash escapes.
 */
const quoteEnd = (text: string, from: number, mark: string, backslashes = false): End => {
  let at = from;
  while (at < text.length) {
    const char = text[at];
    if (backslashes && char === '\\') at += 2;
    else if (char !== mark) at += 1;
    else if (mark !== ']' && text[at + 1] === mark) at += 2;
    else return { end: at + 1, terminated: true };
  }
  return { end: text.length, terminated: false };
};

/**
 * The offset at which a string continues after white space with a line break, as in PostgreSQL; -1 when it does not.
 */
const continuation = (text: string, from: number): number => {
  let broken = false;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === "'") return broken ? at : -1;
    if (char === '\n' || char === '\r') broken = true;
    else if (char === '-' && text[at + 1] === '-') at = matchEnd(rules.postgres.lineComment, text, at) - 1;
    else if (!' \t\v\f'.includes(char)) return -1;
  }
  return -1;
};

const postgresString = (text: string, quote: number, backslashes: boolean): End => {
  for (let from = quote; ; ) {
    const found = quoteEnd(text, from + 1, "'", backslashes);
    from = found.terminated ? continuation(text, found.end) : -1;
    if (from < 0) return found;
  }
};

const blockCommentEnd = (text: string, from: number, nested: boolean): End => {
  let depth = 1;
  for (let at = from + 2; at < text.length; at += 1) {
    if (text[at] === '*' && text[at + 1] === '/') {
      depth -= 1;
      if (depth === 0) return { end: at + 2, terminated: true };
      at += 1;
    } else if (nested && text[at] === '/' && text[at + 1] === '*') {
      depth += 1;
      at += 1;
    }
  }
  return { end: text.length, terminated: false };
};

type Piece = End & { readonly kind: TokenKind };

const whole = (kind: TokenKind, end: number): Piece => ({ kind, end, terminated: true });

/** The tokens that only PostgreSQL has: strings with a prefix and dollar quotes. */
const postgresPiece = (text: string, at: number): Piece | undefined => {
  const quote = matchEnd(prefixedString, text, at);
  if (quote >= 0) {
    if (text[quote] === '"') return { kind: 'name', ...quoteEnd(text, quote + 1, '"') };
    return { kind: 'string', ...postgresString(text, quote, text[at] === 'e' || text[at] === 'E') };
  }
  const body = matchEnd(dollarTag, text, at);
  if (body < 0) return undefined;
  const tag = text.slice(at, body);
  const close = text.indexOf(tag, body);
  return close < 0
    ? { kind: 'string', end: text.length, terminated: false }
    : whole('string', close + tag.length);
};

const sqlitePiece = (text: string, at: number): Piece | undefined => {
  const end = matchEnd(blob, text, at);
  if (end < 0) return undefined;
  return { kind: 'string', end, terminated: end > at + 2 && text[end - 1] === "'" };
};

/** The token at an offset. */
const pieceAt = (text: string, at: number, dialect: SqlName): Piece => {
  const rule = rules[dialect];
  const space = matchEnd(rule.space, text, at);
  if (space >= 0) return whole('space', space);
  const line = matchEnd(rule.lineComment, text, at);
  if (line >= 0) return whole('line-comment', line);
  const char = text[at] ?? '';
  // SQLite reads /* at the end of the text as two operators
  if (char === '/' && text[at + 1] === '*' && (rule.nestedComments || at + 2 < text.length)) {
    return { kind: 'block-comment', ...blockCommentEnd(text, at, rule.nestedComments) };
  }
  const own = dialect === 'postgres' ? postgresPiece(text, at) : sqlitePiece(text, at);
  if (own) return own;
  if (char === "'") {
    const found = dialect === 'postgres' ? postgresString(text, at, false) : quoteEnd(text, at + 1, "'");
    return { kind: 'string', ...found };
  }
  const close = rule.quotes.get(char);
  if (close !== undefined) return { kind: 'name', ...quoteEnd(text, at + 1, close) };
  for (const [kind, pattern] of rule.plain) {
    const end = matchEnd(pattern, text, at);
    if (end >= 0) return whole(kind, end);
  }
  return whole('operator', at + 1);
};

/**
 * Reads an SQL text token by token, in linear time. Every text has tokens, and their texts joined are the text.
 *
 * Never throws: text that no engine accepts becomes operators or an unterminated token.
 */
export function* readTokens(sql: string, dialect: SqlName): Generator<Token, void> {
  const nul = sql.indexOf('\0');
  const text = nul < 0 ? sql : sql.slice(0, nul);
  for (let start = 0; start < text.length; ) {
    const { kind, end, terminated } = pieceAt(text, start, dialect);
    const stop = Math.min(end, text.length);
    yield { kind, text: text.slice(start, stop), start, end: stop, terminated };
    start = stop;
  }
  if (nul >= 0) yield { kind: 'unread', text: sql.slice(nul), start: nul, end: sql.length, terminated: true };
}

/** Splits an SQL text into all its tokens, white space and comments included. */
export function tokenise(sql: string, dialect: SqlName): readonly Token[] {
  return [...readTokens(sql, dialect)];
}
