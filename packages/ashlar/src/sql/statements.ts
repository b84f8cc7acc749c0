import type { SqlName } from '../contract/sql.js';
import { asCode, type CodeToken, isBlank } from './code.js';
import { readTokens, type Token } from './lexer.js';

/** One statement of an SQL script. */
export interface SqlStatement {
  /** The statement as written, without the semicolon; includes the comments before it. */
  readonly sql: string;
  /**
   * The statement in a short form for messages, which is not executed: without comments and the contents of strings,
   * and with white space collapsed.
   */
  readonly code: string;
  /** The line number of the statement's first word in the script; the first line is 1. */
  readonly line: number;
  readonly tokens: readonly CodeToken[];
}

/** Returns a statement without the comments before it, such as the header of its file. */
export function withoutHeader({ sql, tokens }: SqlStatement): string {
  // offsets are those of the file
  const base = (tokens.at(-1)?.end ?? 0) - sql.length;
  return sql.slice((tokens[0]?.start ?? base) - base);
}

/** The words that may follow CREATE before the kind of object. */
const modifiers: ReadonlySet<string> = new Set(['OR', 'REPLACE', 'TEMP', 'TEMPORARY']);
const explaining: ReadonlySet<string> = new Set(['EXPLAIN', 'QUERY', 'PLAN']);
/**
 * The kinds of object whose body contains statements with semicolons, between BEGIN (PostgreSQL: BEGIN ATOMIC) and END.
 */
const bodied: Readonly<Record<SqlName, ReadonlySet<string>>> = {
  sqlite: new Set(['TRIGGER']),
  postgres: new Set(['FUNCTION', 'PROCEDURE']),
};

type State = 'start' | 'create' | 'before-body' | 'body' | 'plain';

/** Decides for each semicolon whether it ends the statement. */
class Boundary {
  readonly #dialect: SqlName;
  #state: State = 'start';
  #depth = 0;
  /** The token before this one, a word in upper case. */
  #previous = '';

  constructor(dialect: SqlName) {
    this.#dialect = dialect;
  }

  /** Takes the next token; true when it is a semicolon that ends the statement. */
  ends({ kind, text, word }: CodeToken): boolean {
    const isOperator = kind === 'operator';
    if (isOperator && text === ';') {
      this.#previous = text;
      if (this.#state === 'body' || this.#depth > 0) return false;
      this.#state = 'start';
      this.#depth = 0;
      return true;
    }
    // CREATE RULE … DO (…; …)
    if (isOperator && this.#dialect === 'postgres') this.#depth += text === '(' ? 1 : text === ')' ? -1 : 0;
    this.#state = this.#next(word);
    this.#previous = word;
    return false;
  }

  #next(word: string): State {
    switch (this.#state) {
      case 'start':
        if (word === 'CREATE') return 'create';
        return explaining.has(word) ? 'start' : 'plain';
      case 'create':
        if (bodied[this.#dialect].has(word)) return 'before-body';
        return modifiers.has(word) ? 'create' : 'plain';
      case 'before-body': {
        const begins =
          this.#dialect === 'sqlite' ? word === 'BEGIN' : word === 'ATOMIC' && this.#previous === 'BEGIN';
        return begins ? 'body' : 'before-body';
      }
      case 'body': {
        // every statement of a body ends with a semicolon, so an END after one ends the body; the END of a CASE never follows one
        const ends = word === 'END' && (this.#previous === ';' || this.#previous === 'ATOMIC');
        return ends ? 'plain' : 'body';
      }
      case 'plain':
        return 'plain';
    }
  }
}

const lineBreaks = ({ text }: Token): number => {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
};

const codeText = (tokens: readonly CodeToken[]): string =>
  tokens
    .map(({ kind, text, spaced }, at) => `${spaced && at > 0 ? ' ' : ''}${kind === 'string' ? "''" : text}`)
    .join('');

/**
 * Splits a script into its statements at the same semicolons as the engine's own parser. Semicolons in strings, quoted
 * names, comments, parentheses (PostgreSQL), and the bodies of triggers (SQLite) and of SQL-standard functions
 * (PostgreSQL) do not end a statement. A NUL character ends the script, as it does for both engines.
 */
export function splitStatements(script: string, dialect: SqlName): readonly SqlStatement[] {
  const statements: SqlStatement[] = [];
  const boundary = new Boundary(dialect);
  let tokens: CodeToken[] = [];
  let start = -1;
  let line = 1;
  let firstLine = 1;
  let spaced = false;

  const finish = (): void => {
    const last = tokens.at(-1);
    if (last)
      statements.push({
        sql: script.slice(start, last.end),
        code: codeText(tokens),
        line: firstLine,
        tokens,
      });
    tokens = [];
    start = -1;
  };

  for (const token of readTokens(script, dialect)) {
    if (token.kind === 'unread') break;
    if (start < 0 && token.kind !== 'space' && token.text !== ';') start = token.start;
    if (isBlank(token)) spaced = true;
    else {
      const code = asCode(token, spaced);
      spaced = false;
      if (boundary.ends(code)) finish();
      else {
        if (tokens.length === 0) firstLine = line;
        tokens.push(code);
      }
    }
    line += lineBreaks(token);
  }
  finish();
  return statements;
}
