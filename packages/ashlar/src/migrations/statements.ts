/** One statement of an SQL file. */
export interface SqlStatement {
  /** As written, without the semicolon; comments before it belong to it. */
  readonly sql: string;
  /** The statement without comments, with strings emptied and white space collapsed: for reading, not for running. */
  readonly code: string;
  /** The line of the file on which its code begins. */
  readonly line: number;
}

const token = /--[^\n]*|\/\*|'|"|`|\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$|;|[A-Za-z_][A-Za-z0-9_$]*|[\s\S]/y;
const compound = /^CREATE (OR REPLACE )?(TEMP |TEMPORARY |CONSTRAINT )?(TRIGGER|FUNCTION|PROCEDURE) /i;

/**
 * Cuts an SQL text into its statements. It knows strings, quoted names, comments, PostgreSQL's dollar quotes and
 * escape strings, and the bodies of SQLite triggers and of SQL-standard functions (`BEGIN … END`).
 */
export const splitStatements = (text: string): SqlStatement[] => {
  const statements: SqlStatement[] = [];
  let start = 0;
  let codeStart = -1;
  let code = '';
  let depth = 0;
  let word = '';

  const finish = (end: number): void => {
    if (codeStart >= 0) {
      statements.push({
        sql: text.slice(start, end).trim(),
        code: code.trim(),
        line: text.slice(0, codeStart).split('\n').length,
      });
    }
    start = end + 1;
    codeStart = -1;
    code = '';
    depth = 0;
  };

  for (let at = 0; at < text.length; ) {
    token.lastIndex = at;
    const [piece = ''] = token.exec(text) ?? [];
    const previous = word;
    word = '';
    if (piece === ';' && depth <= 0) {
      finish(at);
      at++;
      continue;
    }
    if (piece.startsWith('--')) {
      at += piece.length;
      continue;
    }
    if (piece === '/*') {
      at = endOfComment(text, at);
      continue;
    }
    if (/^\s$/.test(piece)) {
      if (code !== '' && !code.endsWith(' ')) code += ' ';
      at++;
      continue;
    }
    if (codeStart < 0) codeStart = at;
    if (piece === "'" || (piece.startsWith('$') && piece.endsWith('$') && piece.length > 1)) {
      at = piece === "'" ? endOfQuote(text, at, /^e$/i.test(previous)) : endOfDollarQuote(text, at, piece);
      code += "''";
      continue;
    }
    if (piece === '"' || piece === '`') {
      const end = endOfQuote(text, at, false);
      code += text.slice(at, end);
      at = end;
      continue;
    }
    if (/^[A-Za-z_]/.test(piece)) {
      word = piece;
      if (compound.test(code)) depth += /^(begin|case)$/i.test(piece) ? 1 : /^end$/i.test(piece) ? -1 : 0;
    }
    code += piece;
    at += piece.length;
  }
  finish(text.length);
  return statements;
};

const endOfQuote = (text: string, from: number, backslashes: boolean): number => {
  const quote = text[from];
  let at = from + 1;
  while (at < text.length) {
    if (backslashes && text[at] === '\\') at += 2;
    else if (text[at] !== quote) at++;
    else if (text[at + 1] === quote) at += 2;
    else return at + 1;
  }
  return text.length;
};

const endOfDollarQuote = (text: string, from: number, mark: string): number => {
  const end = text.indexOf(mark, from + mark.length);
  return end < 0 ? text.length : end + mark.length;
};

const endOfComment = (text: string, from: number): number => {
  const edges = /\/\*|\*\//g;
  edges.lastIndex = from;
  let depth = 0;
  for (let edge = edges.exec(text); edge; edge = edges.exec(text)) {
    depth += edge[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.index + 2;
  }
  return text.length;
};
