import { literal } from '../model/index.js';

const casts = /::(?:[a-z]+ ?)+(?:\(\d+(?:,\d+)?\))?(?:\[\])?/g;
const quotedNumbers = /'(-?[\d.]+)'::(?:bigint|integer|numeric|double precision)/g;

// PostgreSQL writes numbers with casts and parentheses
const plain = (check: string): string =>
  check
    .replaceAll(quotedNumbers, '$1')
    .replaceAll(casts, '')
    .replaceAll(/\((-[\d.]+)\)/g, '$1');

const firstOfList = /(?:\bIN \(|= ANY \(ARRAY\[)\s*('(?:[^']|'')*'|-?\d+)/i;
const isOne = /(?:"[^"]+"|\b\w+) = ('(?:[^']|'')*')\s*(?:\)|$)/;

const string = /'((?:[^']|'')*)'/.source;
const beginning = new RegExp(`(?:starts_with\\([^']*, |substr\\([^']*, 1, \\d+\\) = )${string}`, 'i');
const end = new RegExp(`(?:"?right"?\\([^']*, \\d+\\) = |substr\\([^']*, -\\d+\\) = )${string}`, 'i');
const shortest = /length\([^)]*\) (?:>=|=|BETWEEN) (\d+)/i;

const textFor = (check: string): string => {
  const [, start = ''] = beginning.exec(check) ?? [];
  const [, last = ''] = end.exec(check) ?? [];
  const [, length = '0'] = shortest.exec(check) ?? [];
  const [first, ending] = [start, last].map((text) => text.replaceAll("''", "'")) as [string, string];
  const missing = Number(length) - [...first].length - [...ending].length;
  return literal(`${first}${'-'.repeat(Math.max(missing, 0))}${ending}`);
};

const bounds = /(>=|>|<=|<|=|BETWEEN) (-?\d+(?:\.\d+)?)(?: AND (-?\d+(?:\.\d+)?))?/gi;
const multiples = /% (\d+)\)? = 0/;

/** The number nearest to zero within bounds, of which SQLite divides some. */
const numberFor = (check: string): string => {
  const [, step = '1'] = multiples.exec(check) ?? [];
  let [least, most]: [string | undefined, string | undefined] = [undefined, undefined];
  const above = (bound: string): void => {
    if (least === undefined || Number(bound) > Number(least)) least = bound;
  };
  const below = (bound: string): void => {
    if (most === undefined || Number(bound) < Number(most)) most = bound;
  };
  for (const [, operator = '', one = '0', other] of check.replace(multiples, '').matchAll(bounds)) {
    const isWhole = /^-?\d+$/.test(one);
    if (operator === '>=' || operator === '=' || other !== undefined) above(one);
    if (operator === '<=' || operator === '=') below(one);
    if (other !== undefined && operator.toUpperCase() === 'BETWEEN') below(other);
    if (operator === '>') above(isWhole ? String(BigInt(one) + 1n) : String(Number(one) + 1));
    if (operator === '<') below(isWhole ? String(BigInt(one) - 1n) : String(Number(one) - 1));
  }
  const [low, high] = [Number(least ?? 0), Number(most ?? 0)];
  const nearest = low > 0 ? least : high < 0 ? most : '0';
  return stepped(nearest ?? '0', BigInt(step));
};

const stepped = (number: string, step: bigint): string => {
  if (step === 1n || !/^-?\d+$/.test(number)) return number;
  const value = BigInt(number);
  const rest = value % step;
  return String(rest === 0n ? value : value - rest + (value > 0n ? step : -step));
};

/**
 * Returns a value for a column that its CHECK allows, as an SQL literal, as far as the CHECK is one of a declared column: the
 * first value of a list, a text of the shortest length, the number nearest to zero.
 *
 * @param standard - the value where the CHECK says nothing: an empty text, or zero
 */
export function allowedValue(standard: string, check: string): string {
  const text = plain(check);
  const [, listed] = firstOfList.exec(text) ?? [];
  if (listed !== undefined && (standard === "''" || standard === '0')) return listed;
  if (standard === '0') return numberFor(text);
  if (standard !== "''") return standard;
  // PostgreSQL writes a list of one value as a comparison
  const [, only] = beginning.test(text) || end.test(text) ? [] : (isOne.exec(text) ?? []);
  return only ?? textFor(text);
}
