import { codeOf, isName, nameOf } from '../../../sql/code.js';

/** Functions that raise an error for no value. JSON that is none, abs() of the least number and patterns that are too long do. */
const total = new Set(
  'lower upper coalesce ifnull nullif trim ltrim rtrim substr substring length octet_length typeof instr unicode iif round sign min max likely unlikely'.split(
    ' ',
  ),
);

const raising = new Set(['LIKE', 'GLOB', 'REGEXP', 'MATCH', 'COLLATE']);
const collations = new Set(['binary', 'nocase', 'rtrim']);
const notCalls = new Set([
  'ON',
  'WHERE',
  'AND',
  'OR',
  'NOT',
  'IN',
  'CASE',
  'WHEN',
  'THEN',
  'ELSE',
  'IS',
  'BETWEEN',
  'CAST',
]);

/**
 * Whether an index can refuse a row that its table accepts: it is unique, or its expressions or its condition call what is not known to
 * take any value.
 *
 * @param text - the statement that makes the index
 */
export function refuses(text: string): boolean {
  const tokens = codeOf(text, 'sqlite');
  if (tokens[1]?.word === 'UNIQUE') return true;
  const begin = tokens.findIndex(({ word }) => word === 'ON') + 2;
  return tokens.some((token, at) => {
    if (at < begin) return false;
    if (token.text === '->' || token.text === '->>' || (token.text === '-' && tokens[at + 1]?.text === '>'))
      return true;
    if (!isName(token)) return false;
    if (token.word === 'COLLATE') return !collations.has(nameOf(tokens[at + 1] ?? token).toLowerCase());
    if (raising.has(token.word)) return true;
    return (
      tokens[at + 1]?.text === '(' && !notCalls.has(token.word) && !total.has(nameOf(token).toLowerCase())
    );
  });
}
