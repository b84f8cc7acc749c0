import type { AdoptionSql, ForeignForm } from '../../../contract/adoption.js';
import type { ColumnKind, DecimalDigits, StoredForm } from '../../../contract/column.js';
import type { SchemaColumn } from '../../../contract/schema.js';
import { conversionBetween, sameForm } from '../../../model/conversions.js';
import { greatestScaled, identifier } from '../../../model/index.js';
import { codeOf } from '../../../sql/code.js';
import { casesOf } from '../../conversion-sql.js';
import { foreignForm as formTo, unknownForm } from '../../foreign-value.js';
import { storedForm } from './stored-form.js';

const formOf = (kind: ColumnKind): StoredForm => ({ kind, precision: 3, encrypted: false });

const plain = (value: string): string => value;

/** Whether SQLite itself holds the values of a table to the types of its columns. */
export function isStrict({ options }: { readonly options: string }): boolean {
  return codeOf(options, 'sqlite').some(({ word }) => word === 'STRICT');
}

/** Returns the type of an undeclared column in a table, which may be STRICT: https://sqlite.org/stricttables.html */
export const keptType: AdoptionSql['keptType'] = (table, { type }): string =>
  isStrict(table) && !/^(INT|INTEGER|REAL|TEXT|BLOB|ANY)$/i.test(type) ? 'ANY' : type;

// https://sqlite.org/datatype3.html#determination_of_column_affinity
const affinities: readonly (readonly [name: RegExp, kind: ColumnKind])[] = [
  [/INT/, 'integer'],
  [/CHAR|CLOB|TEXT/, 'text'],
  [/BLOB/, 'bytes'],
  [/REAL|FLOA|DOUB/, 'real'],
];

/** How the values of a column of another program become those of a declared column. */
export const foreignForm: AdoptionSql['foreignForm'] = (table, column, declared): ForeignForm | undefined => {
  const own = storedForm(table, column);
  const hasConversion = own && (sameForm(own, declared) || conversionBetween(own, declared));
  const isTime = declared.kind === 'timestamp' && own?.kind === 'text';
  if (own && (isStrict(table) || (hasConversion && !isTime))) return undefined;
  if (declared.encrypted) return unknownForm(declared);
  if (declared.kind === 'timestamp') return timestamps(table.name, column, declared);
  const kind = own?.kind ?? affinities.find(([name]) => name.test(column.type.toUpperCase()))?.[1];
  if (declared.kind === 'decimal' && kind !== 'text' && kind !== 'integer')
    return decimals(declared, declared.digits);
  if (declared.kind === 'boolean' && kind === undefined)
    return { form: declared, into: booleans, back: plain, mark: undefined };
  if (declared.kind === 'real' && kind === undefined)
    return { form: declared, into: reals, back: plain, mark: undefined };
  if (kind !== undefined && (kind === declared.kind || conversionBetween(formOf(kind), declared)))
    return formTo({ form: formOf(kind), into: plain, back: plain }, declared);
  // the type and the CHECK of the declared column refuse a value that is none of its kind
  return { form: declared, into: plain, back: plain, mark: undefined };
};

const booleans = (value: string, fail: string): string =>
  casesOf(
    { value, fail },
    [`${value} IN (0, 1)`, value],
    [`lower(${value}) IN ('true', 't')`, '1'],
    [`lower(${value}) IN ('false', 'f')`, '0'],
  );

// a column of reals rounds an integer that it cannot hold, without a word
const reals = (value: string, fail: string): string =>
  casesOf(
    { value, fail },
    [`typeof(${value}) = 'real'`, value],
    [`typeof(${value}) = 'integer' AND CAST(CAST(${value} AS REAL) AS INTEGER) = ${value}`, value],
  );

// a number that is no decimal of so many digits fails: nothing is rounded away
const decimals = (form: StoredForm, digits: DecimalDigits = { total: 1, scale: 0 }): ForeignForm => {
  const factor = 10n ** BigInt(digits.scale);
  const most = greatestScaled(digits) / factor;
  const into = (value: string, fail: string): string =>
    casesOf(
      { value, fail },
      [`typeof(${value}) = 'integer' AND ${value} BETWEEN -${most} AND ${most}`, `${value} * ${factor}`],
      [
        `typeof(${value}) = 'real' AND abs(${value}) <= ${BigInt(Number.MAX_SAFE_INTEGER) / factor} AND round(${value} * ${factor}) / ${factor}.0 = ${value}`,
        `CAST(round(${value} * ${factor}) AS INTEGER)`,
      ],
    );
  return { form, into, back: (value) => (factor === 1n ? value : `${value} / ${factor}.0`), mark: undefined };
};

const canonical = '%Y-%m-%dT%H:%M:%fZ';

// strftime reads more than times: a time of the day, the number of a day, and a day that no calendar has
/** Returns a condition: a text is a time, of a day that exists, with at most milliseconds. */
export function isTimeText(value: string): string {
  return `typeof(${value}) = 'text' AND date(substr(${value}, 1, 10)) = substr(${value}, 1, 10) AND ${value} NOT GLOB '*.[0-9][0-9][0-9][0-9]*' AND strftime('${canonical}', ${value}) IS NOT NULL`;
}

/**
 * As seconds since 1970, the times of the years 1840 to 2100 are below this number; as milliseconds, all times but those of 94 days
 * around 1970 are above it. A program writes one of the two, so the whole column decides: one that has both fails, and a person
 * says what its numbers are.
 */
const mostSeconds = 4_102_444_800;

const timestamps = (table: string, { name, type }: SchemaColumn, declared: StoredForm): ForeignForm => {
  const into = (value: string, fail: string): string => {
    const column = identifier(name);
    const others = (is: string): string =>
      `EXISTS (SELECT 1 FROM ${identifier(table)} WHERE typeof(${column}) = 'integer' AND ${column} <> 0 AND abs(${column}) ${is} ${mostSeconds})`;
    const at = (time: string): string => `strftime('${canonical}', ${time}, 'unixepoch')`;
    return casesOf(
      { value, fail },
      [isTimeText(value), `strftime('${canonical}', ${value})`],
      [`typeof(${value}) <> 'integer'`, fail],
      [`${value} = 0`, at('0')],
      [`abs(${value}) >= ${mostSeconds} AND NOT ${others('<')}`, at(`${value} / 1000.0`)],
      [`abs(${value}) < ${mostSeconds} AND NOT ${others('>=')}`, at(value)],
    );
  };
  const back = (value: string): string =>
    /INT/i.test(type)
      ? `CAST(strftime('%s', ${value}) AS INTEGER) * 1000 + CAST(substr(${value}, 21, 3) AS INTEGER)`
      : value;
  return formTo({ form: formOf('timestamp'), into, back, mark: 'time-without-zone' }, declared);
};
