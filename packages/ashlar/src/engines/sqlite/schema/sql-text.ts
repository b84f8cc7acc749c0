import { identifier } from '../../../model/index.js';

/** A word, name, literal or sign of an SQL text. */
export interface Token {
  /** As written; names without needless quotes. */
  readonly text: string;
  /** In upper case when it may be a keyword, else `''`. */
  readonly word: string;
  /** Whether white space or a comment stands before it. */
  readonly spaced: boolean;
  /** Where in the text it begins, and where it has ended. */
  readonly start: number;
  readonly end: number;
}

const kinds = {
  blank: /\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/,
  string: /'(?:[^']|'')*'/,
  quoted: /"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/,
  word: /[\p{L}_][\p{L}\p{N}_$]*/u,
  sign: /[\s\S]/,
};
const pattern = new RegExp(
  Object.entries(kinds)
    .map(([kind, { source }]) => `(?<${kind}>${source})`)
    .join('|'),
  'gu',
);

const unquote = (quoted: string): string => {
  const quote = quoted.charAt(0);
  const inner = quoted.slice(1, -1);
  return quote === '[' ? inner : inner.replaceAll(quote + quote, quote);
};

/** The tokens of an SQL text, without comments and white space. */
export const tokens = (sql: string): Token[] => {
  const found: Token[] = [];
  let spaced = false;
  for (const { 0: text, index, groups = {} } of sql.matchAll(pattern)) {
    if (groups.blank !== undefined) {
      spaced = true;
      continue;
    }
    found.push({
      text: groups.quoted === undefined ? text : identifier(unquote(groups.quoted)),
      word: groups.word?.toUpperCase() ?? '',
      spaced,
      start: index,
      end: index + text.length,
    });
    spaced = false;
  }
  return found;
};

/** The name that a token is. */
export const nameOf = (token: Token): string =>
  token.text.startsWith('"') ? unquote(token.text) : token.text;

/** Tokens as one line: white space folded, none inside brackets, one space after a comma. */
export const line = (list: readonly Token[]): string => {
  let text = '';
  let previous = '';
  for (const token of list) {
    const apart =
      previous === ',' || (token.spaced && previous !== '(' && token.text !== ')' && token.text !== ',');
    text += text !== '' && apart && token.text !== ',' ? ` ${token.text}` : token.text;
    previous = token.text;
  }
  return text;
};

/** An SQL text with white space, comments and needless quotes taken out: what two texts are compared by. */
export const folded = (sql: string): string => line(tokens(sql));

/** How deep in brackets each token stands; a bracket counts as outside itself. */
export const depths = (list: readonly Token[]): number[] => {
  let depth = 0;
  return list.map(({ text }) => {
    if (text === ')') depth--;
    const here = depth;
    if (text === '(') depth++;
    return here;
  });
};

/** Splits tokens at the commas that stand in no bracket. */
export const splitAtCommas = (list: readonly Token[]): Token[][] => {
  const depth = depths(list);
  const parts: Token[][] = [[]];
  list.forEach((token, i) => {
    if (token.text === ',' && depth[i] === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  });
  return parts;
};

/** Splits tokens at each AND that joins conditions; that of BETWEEN … AND does not. */
export const splitAtAnds = (list: readonly Token[]): Token[][] => {
  const depth = depths(list);
  const parts: Token[][] = [[]];
  let between = 0;
  list.forEach((token, i) => {
    if (depth[i] === 0 && token.word === 'BETWEEN') between++;
    if (depth[i] === 0 && token.word === 'AND' && between-- <= 0) {
      between = 0;
      parts.push([]);
    } else parts.at(-1)?.push(token);
  });
  return parts;
};
