import type {
  AdoptionSql,
  DeclaredType,
  FitRequest,
  FoundType,
  ValueFacts,
} from '../../../contract/adoption.js';
import { isTimeText } from './foreign-form.js';

const hex = '[0-9a-f]';
const uuid = [8, 4, 4, 4, 12].map((length) => hex.repeat(length)).join('-');
const digits = (count: number): string => '[0-9]'.repeat(count);
const canonical = `${digits(4)}-${digits(2)}-${digits(2)}T${digits(2)}:${digits(2)}:${digits(2)}.${digits(3)}Z`;
const safe = Number.MAX_SAFE_INTEGER;

const scaleOf = (type: string): number => Number(/\(\d+, ?(\d+)\)$/.exec(type)?.[1] ?? 0);

/** What the scan counts in a column: SQLite’s columns hold values of every type. */
export const measures: AdoptionSql['measures'] = ({ type }, value) => {
  const count = (condition: string): string => `coalesce(sum(CASE WHEN ${condition} THEN 1 ELSE 0 END), 0)`;
  const is = (name: string): string => `typeof(${value}) = '${name}'`;
  const text = (condition: string): string => count(`${is('text')} AND ${condition}`);
  const factor = 10 ** scaleOf(type);
  return {
    nulls: count(`${value} IS NULL`),
    values: `count(${value})`,
    integers: count(is('integer')),
    reals: count(is('real')),
    texts: count(is('text')),
    blobs: count(is('blob')),
    booleans: count(`${is('integer')} AND ${value} IN (0, 1)`),
    words: text(`lower(${value}) IN ('true', 'false', 't', 'f')`),
    unsafe: count(`${is('integer')} AND ${value} NOT BETWEEN -${safe} AND ${safe}`),
    scaled: count(
      `${is('integer')} OR (${is('real')} AND abs(${value}) < 1e13 AND round(${value} * ${factor}) / ${factor}.0 = ${value})`,
    ),
    times: count(isTimeText(value)),
    canonical: count(`${isTimeText(value)} AND ${value} GLOB '${canonical}'`),
    dates: text(`date(${value}) = ${value}`),
    uuids: text(`${value} GLOB '${uuid}'`),
    json: count(
      `CASE WHEN ${is('text')} AND json_valid(${value}) THEN json_type(${value}) IN ('object', 'array') ELSE 0 END`,
    ),
    documents: text(`json_valid(${value})`),
    nul: text(`instr(CAST(${value} AS BLOB), X'00') > 0`),
    longest: `coalesce(max(CASE WHEN ${is('text')} THEN length(${value}) END), 0)`,
  };
};

interface Facts {
  readonly of: (name: string) => number;
  /** Whether every value is one of those that some measures count. */
  readonly all: (...names: readonly string[]) => boolean;
}

const factsOf = (facts: ValueFacts): Facts => {
  const of = (name: string): number => facts[name] ?? 0;
  return { of, all: (...names) => names.reduce((sum, name) => sum + of(name), 0) === of('values') };
};

/** The declaration that leaves the values as they are. */
const asStored = ({ of, all }: Facts): FoundType => {
  if (all('integers')) return { type: { as: of('unsafe') > 0 ? 'bigint' : 'integer' } };
  if (all('integers', 'reals') && of('unsafe') === 0) return { type: { as: 'real' } };
  if (all('texts')) return of('nul') > 0 ? { reason: 'values-nul' } : { type: { as: 'text' } };
  return all('blobs') ? { type: { as: 'bytes' } } : { reason: 'values-mixed' };
};

const time = (precision: 3 | 6 = 3): FoundType => ({
  type: { as: 'timestamp', precision },
  mark: 'time-without-zone',
});

const ofText = (facts: Facts, type: DeclaredType, keepsValues: boolean): FoundType => {
  const { of, all } = facts;
  if (!all('texts') || of('nul') > 0) return asStored(facts);
  if (!keepsValues) {
    if (all('uuids')) return { type: { as: 'uuid' } };
    if (all('canonical')) return { type: { as: 'timestamp', precision: 3 } };
    if (all('dates')) return { type: { as: 'date' } };
    if (all('times')) return time();
    if (all('json')) return { type: { as: 'json' } };
  }
  const isLonger = type.as === 'text' && type.maxLength !== undefined && of('longest') > type.maxLength;
  return { type: isLonger ? { as: 'text' } : type };
};

const ofTime = (facts: Facts, type: DeclaredType, keepsValues: boolean): FoundType => {
  const { of, all } = facts;
  // what the other program writes into a column without values is not known
  if (keepsValues) return of('values') === 0 ? { type: { as: 'text' } } : asStored(facts);
  if (of('values') === 0) return { type, mark: 'time-without-zone' };
  if (all('canonical')) return { type };
  if (all('dates')) return { type: { as: 'date' } };
  return all('times', 'integers') ? time() : asStored(facts);
};

// 0 and 1 alone may be two quantities
const saysBoolean =
  /^(is|has|can|should|was|allows?)(_|[A-Z])|(active|enabled|disabled|deleted|published|verified|archived|completed|done|visible|hidden|public|private|locked|required|default)$/i;

const ofInteger = ({ column, facts, keepsValues }: FitRequest, type: DeclaredType): FoundType => {
  const known = factsOf(facts);
  if (!known.all('integers')) return asStored(known);
  const isBoolean = /^TINYINT ?\(1\)$/i.test(column.type) || saysBoolean.test(column.name);
  if (!keepsValues && isBoolean && known.all('booleans')) return { type: { as: 'boolean' } };
  return known.of('unsafe') > 0 ? { type: { as: 'bigint' } } : { type };
};

/** Returns the declaration that fits the values of a column. */
export const fit: AdoptionSql['fit'] = (request): FoundType => {
  const { found, keepsValues } = request;
  const facts = factsOf(request.facts);
  const { of, all } = facts;
  const isEmpty = of('values') === 0;
  if ('reason' in found) {
    const isByType = found.reason === 'type-unknown' || found.reason === 'type-without-digits';
    if (!isByType || isEmpty) return found;
    const isNumber = found.reason === 'type-without-digits' && !request.isKey;
    if (isNumber && all('integers', 'reals') && of('unsafe') === 0) return { type: { as: 'real' } };
    return asStored(facts);
  }
  const { type } = found;
  // numbers beyond 2^53 are not given by the database one after another
  if (type.as === 'autoincrement') return of('unsafe') > 0 ? { type: { as: 'bigint' } } : found;
  if (type.as === 'timestamp' && found.mark) return ofTime(facts, type, keepsValues);
  if (type.as === 'decimal' && keepsValues)
    return isEmpty || (all('integers', 'reals') && of('unsafe') === 0)
      ? { type: { as: 'real' } }
      : asStored(facts);
  if (isEmpty) return found;
  switch (type.as) {
    case 'integer':
    case 'bigint':
      return ofInteger(request, type);
    case 'text':
      return ofText(facts, type, keepsValues);
    case 'boolean': {
      const isConverted = !keepsValues && all('booleans', 'words');
      return all('booleans') || isConverted ? found : asStored(facts);
    }
    case 'date':
      if (all('dates')) return found;
      return all('times') && !keepsValues ? time() : asStored(facts);
    case 'uuid':
      return all('uuids') ? found : asStored(facts);
    case 'json':
      return all('documents') ? found : asStored(facts);
    case 'decimal':
      if (all('scaled')) return found;
      return asStored(facts);
    case 'real':
      return all('integers', 'reals') && of('unsafe') === 0 ? found : asStored(facts);
    case 'bytes':
      return all('blobs') ? found : asStored(facts);
    default:
      return found;
  }
};
