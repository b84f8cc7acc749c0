import type { AdoptionSql, DeclaredType, ForeignForm } from '../../../contract/adoption.js';
import type { ArrayElement, ColumnKind, StoredForm } from '../../../contract/column.js';
import { casesOf } from '../../conversion-sql.js';
import { foreignForm as formTo, unknownForm } from '../../foreign-value.js';
import { elementType } from './column-sql.js';
import { elementOf } from './plain-types.js';
import { storedForm } from './stored-form.js';

const formOf = (kind: ColumnKind, precision: 3 | 6 = 3): StoredForm => ({
  kind,
  precision,
  encrypted: false,
});

const plain = (value: string): string => value;

/** Types whose values are those of a kind, by a cast that is exact. */
const exact: Readonly<Record<string, readonly [kind: ColumnKind, cast: string]>> = {
  smallint: ['integer', 'integer'],
  oid: ['integer', 'bigint'],
  json: ['json', 'jsonb'],
  // the digits that one sees
  real: ['real', 'text::double precision'],
  name: ['text', 'text'],
  citext: ['text', 'text'],
};

/** Whether a cast from a type of elements to the declared one is exact. */
const isExactly = (found: DeclaredType | undefined, { kind, precision }: ArrayElement): boolean =>
  found?.as === kind && (found.as !== 'timestamp' || found.precision <= precision);

/** How the values of a column of another program become those of a declared column. */
export const foreignForm: AdoptionSql['foreignForm'] = (table, column, declared): ForeignForm | undefined => {
  if (storedForm(table, column)) return undefined;
  const { type } = column;
  const back = (value: string): string => `${value}::${type}`;
  // an explicit cast would cut a text that is too long
  if (/^character( varying)?(\(\d+\))?$/.test(type) || type === 'bpchar')
    return formTo({ form: formOf('text'), into: (value) => `${value}::text`, back: plain }, declared);
  if (/^timestamp(\(\d\))? without time zone$/.test(type)) return timeWithoutZone(type, declared);
  if (/^timestamptz(\(\d\))?$/.test(type)) {
    const precision = type === 'timestamptz(3)' ? 3 : 6;
    return formTo(
      { form: formOf('timestamp', precision), into: (value) => `${value}::timestamptz(${precision})`, back },
      declared,
    );
  }
  if (type === 'date') return formTo({ form: formOf('date'), into: plain, back: plain }, declared);
  // the conversion of decimals keeps every digit or fails
  if (type === 'numeric' || type === 'money') {
    const digits = type === 'money' ? { total: 19, scale: 2 } : { total: 1000, scale: 500 };
    const form = { ...formOf('decimal'), digits };
    const into = (value: string): string => `${value}::numeric`;
    // a decimal of another scale has zeros behind its digits
    return formTo(
      { form, into, back: type === 'money' ? back : (value) => `trim_scale(${value})` },
      declared,
    );
  }
  const found = exact[type];
  if (found) {
    const [kind, cast] = found;
    return formTo({ form: formOf(kind), into: (value) => `${value}::${cast}`, back }, declared);
  }
  if (type.endsWith('[]')) {
    const { element } = declared;
    if (!element || !isExactly(elementOf(type), element)) return unknownForm(declared);
    const into = (value: string): string => `${value}::${elementType({ ...element, rules: {} })}[]`;
    return formTo({ form: declared, into, back }, declared);
  }
  // enums, domains and every other type have a text from which the same value can be read
  return formTo({ form: formOf('text'), into: (value) => `${value}::text`, back }, declared);
};

// one expression, in which a person or --zone writes another zone
const timeWithoutZone = (type: string, declared: StoredForm): ForeignForm => {
  const inUtc = (value: string): string => `${value} AT TIME ZONE 'UTC'`;
  const exactly =
    (unit: string, result: (value: string) => string): ForeignForm['into'] =>
    (value, fail) =>
      casesOf({ value, fail }, [`date_trunc('${unit}', ${value}) = ${value}`, result(value)]);
  if (declared.kind === 'date')
    return {
      form: declared,
      into: exactly('day', (value) => `${value}::date`),
      back: plain,
      mark: undefined,
    };
  if (declared.kind !== 'timestamp') return unknownForm(declared);
  const typed = (value: string): string => `(${inUtc(value)})::timestamptz(${declared.precision})`;
  const isExact = declared.precision === 6 || /\([0-3]\)/.test(type);
  const into = isExact ? typed : exactly('milliseconds', typed);
  return { form: declared, into, back: inUtc, mark: 'time-without-zone' };
};
