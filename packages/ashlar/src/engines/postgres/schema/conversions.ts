import type { ColumnKind, StoredForm } from '../../../contract/column.js';
import type { SchemaColumn, SchemaTable } from '../../../contract/schema.js';
import { conversionBetween, formText, sameForm } from '../../../model/conversions.js';
import { identifier, literal } from '../../../model/index.js';
import { type ConversionSql, type ConvertedColumn, casesOf } from '../../conversion-sql.js';
import { backToForeign, intoDeclared } from '../../foreign-value.js';
import { foreignForm } from './foreign-form.js';
import { storedForm } from './stored-form.js';

const safe = Number.MAX_SAFE_INTEGER;

const cast =
  (type: string) =>
  ({ value }: ConvertedColumn): string =>
    `${value}::${type}`;

const inUtc = (value: string): string => `(${value} AT TIME ZONE 'UTC')`;

const datePattern = '(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])';
const timePattern = (digits: number): string =>
  `T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{${digits}}Z`;

// a cast of 2023-02-30 would fail with the value in its message
const isDay = (value: string): string =>
  `to_char((left(${value}, 8) || '01')::date + substr(${value}, 9, 2)::integer - 1, 'YYYY-MM-DD') = left(${value}, 10)`;

// the inner CASE is evaluated only for a text of the form; PostgreSQL does not order the conditions of an AND
const readDay = (column: ConvertedColumn, pattern: string, type: string): string =>
  casesOf(column, [
    `${column.value} ~ '^${pattern}$'`,
    `CASE WHEN ${isDay(column.value)} THEN ${column.value}::${type} ELSE ${column.fail} END`,
  ]);

// a cast rounds
const rescaled = (column: ConvertedColumn, scale: string): string => {
  const { digits = { total: 1, scale: 0 } } = column.conversion.to;
  const most = 10n ** BigInt(digits.total - digits.scale);
  return casesOf(column, [
    `abs(${column.value}::numeric) < ${most} AND trunc(${column.value}::numeric, ${scale}) = ${column.value}`,
    `${column.value}::numeric(${digits.total},${digits.scale})`,
  ]);
};

const conversions: ConversionSql = {
  'text → integer': (column) =>
    casesOf(column, [`${column.value} ~ '^(0|-?[1-9][0-9]{0,15})$'`, `${column.value}::bigint`]),
  'integer → text': cast('text'),
  // the inner CASE is evaluated only for a text of the form
  'text → bigint': (column) =>
    casesOf(column, [
      `${column.value} ~ '^(0|-?[1-9][0-9]{0,18})$'`,
      `CASE WHEN ${column.value}::numeric BETWEEN ${-(2n ** 63n)} AND ${2n ** 63n - 1n} THEN ${column.value}::bigint ELSE ${column.fail} END`,
    ]),
  'bigint → text': cast('text'),
  'integer → bigint': cast('bigint'),
  'bigint → integer': (column) =>
    casesOf(column, [`${column.value} BETWEEN -${safe} AND ${safe}`, column.value]),
  'text → decimal': (column) => {
    const { total, scale } = column.conversion.to.digits ?? { total: 1, scale: 0 };
    const whole = total === scale ? '0' : `(0|[1-9][0-9]{0,${total - scale - 1}})`;
    const fraction = scale === 0 ? '' : `[.][0-9]{${scale}}`;
    return casesOf(column, [
      `${column.value} ~ '^-?${whole}${fraction}$' AND ${column.value} !~ '^-[0.]*$'`,
      `${column.value}::numeric(${total},${scale})`,
    ]);
  },
  'decimal → text': cast('text'),
  'integer → decimal': (column) => rescaled(column, '0'),
  'decimal → integer': (column) =>
    casesOf(column, [
      `abs(${column.value}) <= ${safe} AND trunc(${column.value}) = ${column.value}`,
      `${column.value}::bigint`,
    ]),
  'decimal → decimal': (column) => rescaled(column, String(column.conversion.to.digits?.scale ?? 0)),
  'text → boolean': (column) =>
    casesOf(column, [`${column.value} = 'true'`, 'true'], [`${column.value} = 'false'`, 'false']),
  'boolean → text': cast('text'),
  'text → uuid': (column) =>
    casesOf(column, [
      `${column.value} ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'`,
      `${column.value}::uuid`,
    ]),
  'uuid → text': cast('text'),
  'text → date': (column) => readDay(column, datePattern, 'date'),
  'date → text': ({ value }) => `to_char(${value}, 'YYYY-MM-DD')`,
  'text → timestamp': (column) => {
    const { precision } = column.conversion.to;
    return readDay(column, `${datePattern}${timePattern(precision)}`, `timestamptz(${precision})`);
  },
  'timestamp → text': ({ value, conversion: { from } }) =>
    `to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.${from.precision === 3 ? 'MS' : 'US'}"Z"')`,
  'integer → boolean': (column) =>
    casesOf(column, [`${column.value} = 1`, 'true'], [`${column.value} = 0`, 'false']),
  'boolean → integer': cast('integer'),
  'integer → real': cast('double precision'),
  'real → integer': (column) =>
    casesOf(column, [
      `abs(${column.value}) <= ${safe} AND trunc(${column.value}) = ${column.value}`,
      `${column.value}::bigint`,
    ]),
  'date → timestamp': ({ value, conversion: { to } }) =>
    `(${value}::timestamp AT TIME ZONE 'UTC')::timestamptz(${to.precision})`,
  'timestamp → date': (column) =>
    casesOf(column, [
      `date_trunc('day', ${inUtc(column.value)}) = ${inUtc(column.value)}`,
      `${inUtc(column.value)}::date`,
    ]),
  'timestamp → timestamp': (column) =>
    column.conversion.to.precision === 6
      ? `${column.value}::timestamptz(6)`
      : casesOf(column, [
          `date_trunc('milliseconds', ${column.value}) = ${column.value}`,
          `${column.value}::timestamptz(3)`,
        ]),
};

// what parses no text that says the table and the column
const parsedAs: Partial<Record<ColumnKind, string>> = {
  integer: 'bigint',
  bigint: 'bigint',
  decimal: 'numeric',
  boolean: 'boolean',
  uuid: 'uuid',
  date: 'date',
  timestamp: 'timestamptz',
};

/** A described column together with its table. */
export type ColumnIn = readonly [table: SchemaTable, column: SchemaColumn];

/**
 * Returns the expression of `ALTER COLUMN … TYPE … USING`. A change of the kind is a conversion: it keeps the value or
 * fails, without the value in the message.
 *
 * @param value - the column before, as an SQL name; by default it has the name of the column after
 */
export function conversionSql(
  [before, from]: ColumnIn,
  [after, to]: ColumnIn,
  value = identifier(to.name),
): string {
  const [was, is] = [storedForm(before, from), storedForm(after, to)];
  if (was && is && sameForm(was, is)) return `${value}::${to.type}`;
  const conversion = was && is && conversionBetween(was, is);
  const text = literal(`${after.name}.${to.name} cannot be converted${is ? ` to ${formText(is)}` : ''}`);
  // a constant would be evaluated before any row is read
  const failing = `(${text} || left(${value}::text, 0))`;
  const failAs = (kind: ColumnKind): string => {
    const type = parsedAs[kind];
    return type === undefined ? `${failing}::boolean::text` : `${failing}::${type}`;
  };
  const place = `${after.name}.${to.name}`;
  const foreign = is && foreignForm(before, from, is);
  if (foreign)
    return intoDeclared({ foreign, declared: is, conversions, value, fail: failAs(is.kind), place });
  const origin = was && !is ? foreignForm(after, to, was) : undefined;
  if (origin)
    return backToForeign({
      foreign: origin,
      declared: was as StoredForm,
      conversions,
      value,
      fail: failAs(origin.form.kind),
      place,
    });
  if (!conversion) return casesOf({ value, fail: `${failing}::boolean::text::${to.type}` });
  return conversions[conversion.name]({ value, fail: failAs(conversion.to.kind), conversion });
}
