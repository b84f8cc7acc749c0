import type { DeclaredType } from '../contract/adoption.js';
import type { SqlName } from '../contract/sql.js';
import { elementsOfLiteral } from '../engines/array-literal.js';
import { type CodeToken, codeOf, stringOf } from '../sql/code.js';

/** What a column gets if an insert omits it: TypeScript text of a constant, or the clock. */
export type ReadDefault = { readonly constant: string } | 'clock';

/**
 * Reads the default of a described column.
 *
 * @returns `undefined` where no declaration says the same: the next step drops such a default
 */
export function readDefault(text: string, type: DeclaredType, dialect: SqlName): ReadDefault | undefined {
  const tokens = withoutParentheses(codeOf(text, dialect));
  const clock = tokens
    .map(({ text: part }) => part)
    .join('')
    .toLowerCase();
  if (type.as === 'timestamp' && /^(now\(\)|current_timestamp)$/.test(clock)) return 'clock';
  if (type.as === 'date' && /^(current_date|current_timestamp|date\('now'\))$/.test(clock)) return 'clock';
  const value = constantIn(tokens);
  const constant = value === undefined ? undefined : constantText(value, type);
  return constant === undefined ? undefined : { constant };
}

const withoutParentheses = (tokens: readonly CodeToken[]): readonly CodeToken[] =>
  tokens[0]?.text === '(' && tokens.at(-1)?.text === ')' ? withoutParentheses(tokens.slice(1, -1)) : tokens;

const castName =
  '(?:double precision|(?:character|bit) varying|(?:timestamp|time)(?: \\( \\d+ \\))? with(?:out)? time zone|(?:"(?:[^"]|"")+"|[a-z_]\\w*)(?: \\. (?:"(?:[^"]|"")+"|[a-z_]\\w*))?)';
/** The casts behind a constant, as the server prints them. */
const casts = new RegExp(`^(?: ?:: ${castName}(?: \\( \\d+(?: , -?\\d+)* \\))?(?: \\[ ?\\])*)*$`, 'i');

/** The text of a constant, which PostgreSQL describes with a cast; `undefined` for every other expression. */
const constantIn = (tokens: readonly CodeToken[]): string | undefined => {
  const sign = tokens[0]?.text === '-' ? 1 : 0;
  const first = tokens[sign];
  // what follows is a cast, to the end: 'INV-'::text || nextval(…) begins with a constant, and is none
  const rest = tokens.slice(sign + 1).map(({ text }) => text);
  if (!first || !casts.test(rest.join(' ').replaceAll(': :', '::'))) return undefined;
  if (first.kind === 'string' && sign === 0) return stringOf(first);
  if (/^\d+(\.\d+)?$/.test(first.text)) return `${sign === 1 ? '-' : ''}${first.text}`;
  return sign === 0 && /^(true|false)$/i.test(first.text) ? first.text.toLowerCase() : undefined;
};

const quoted = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`;

const constantText = (value: string, type: DeclaredType): string | undefined => {
  switch (type.as) {
    case 'text':
      return [...value].length <= (type.maxLength ?? Number.POSITIVE_INFINITY) ? quoted(value) : undefined;
    case 'enum':
      return type.values.includes(value) ? quoted(value) : undefined;
    case 'integer': {
      const number = Number(value);
      const { minimum = -Number.MAX_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = type;
      return Number.isInteger(number) && number >= minimum && number <= maximum ? String(number) : undefined;
    }
    case 'bigint':
      return /^-?\d{1,18}$/.test(value) ? `${BigInt(value)}n` : undefined;
    case 'real':
      return value !== '' && Number.isFinite(Number(value)) ? String(Number(value)) : undefined;
    case 'boolean':
      if (/^(1|true|t)$/.test(value)) return 'true';
      return /^(0|false|f)$/.test(value) ? 'false' : undefined;
    case 'array': {
      const elements = elementsOfLiteral(value)?.map((each) => constantText(each, type.element));
      return elements?.every((each) => each !== undefined) ? `[${elements.join(', ')}]` : undefined;
    }
    case 'decimal':
      return decimalOf(value, type.total, type.scale);
    default:
      return undefined;
  }
};

const decimalOf = (value: string, total: number, scale: number): string | undefined => {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)0*(\d+?)(?:\.(\d+))?$/.exec(value) ?? [];
  const digits = fraction.replace(/0+$/, '');
  if (whole === '' || digits.length > scale || whole.length > Math.max(total - scale, 1)) return undefined;
  return quoted(`${sign}${whole}${scale > 0 ? `.${digits.padEnd(scale, '0')}` : ''}`);
};

/** Returns a text as a TypeScript string. */
export const tsText = quoted;
