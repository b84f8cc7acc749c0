import type { DecimalDigits, StoredForm } from '../../../contract/column.js';
import type { SchemaColumn, SchemaTable } from '../../../contract/schema.js';
import { conversionBetween, formText, sameForm } from '../../../model/conversions.js';
import { greatestScaled, identifier, literal } from '../../../model/index.js';
import { sqliteDecimalText } from '../../../sql/sqlite-decimal.js';
import { type ConversionSql, type ConvertedColumn, casesOf } from '../../conversion-sql.js';
import { backToForeign, intoDeclared } from '../../foreign-value.js';
import { foreignForm, isStrict, keptType } from './foreign-form.js';
import { storedForm } from './stored-form.js';

// the CHECK of the new kind refuses every other text
const checked: ConversionSql[keyof ConversionSql] = ({ value }) => value;

const safe = Number.MAX_SAFE_INTEGER;

const midnights = { 3: "'T00:00:00.000Z'", 6: "'T00:00:00.000000Z'" } as const;

const digitsOf = ({ digits = { total: 1, scale: 0 } }: StoredForm): DecimalDigits => digits;

// the product would be a real where it is beyond 64 bits
const rescaled = (column: ConvertedColumn, scale: number): string => {
  const { value } = column;
  const to = digitsOf(column.conversion.to);
  const factor = 10n ** BigInt(Math.abs(to.scale - scale));
  if (to.scale < scale) return casesOf(column, [`${value} % ${factor} = 0`, `${value} / ${factor}`]);
  const most = greatestScaled(to) / factor;
  return casesOf(column, [`${value} BETWEEN -${most} AND ${most}`, `${value} * ${factor}`]);
};

const conversions: ConversionSql = {
  'text → integer': (column) =>
    casesOf(column, [
      `CAST(CAST(${column.value} AS INTEGER) AS TEXT) = ${column.value}`,
      `CAST(${column.value} AS INTEGER)`,
    ]),
  'integer → text': ({ value }) => `CAST(${value} AS TEXT)`,
  'text → bigint': (column) =>
    casesOf(column, [
      `CAST(CAST(${column.value} AS INTEGER) AS TEXT) = ${column.value}`,
      `CAST(${column.value} AS INTEGER)`,
    ]),
  'bigint → text': ({ value }) => `CAST(${value} AS TEXT)`,
  'integer → bigint': checked,
  'bigint → integer': checked,
  'text → decimal': (column) => {
    const { total, scale } = digitsOf(column.conversion.to);
    const scaled = `CAST(replace(${column.value}, '.', '') AS INTEGER)`;
    return casesOf(column, [
      `length(${column.value}) <= ${total + 3} AND ${sqliteDecimalText(scaled, { scale })} = ${column.value}`,
      scaled,
    ]);
  },
  'decimal → text': ({ value, conversion: { from } }) =>
    `iif(${value} IS NULL, NULL, ${sqliteDecimalText(value, digitsOf(from))})`,
  'integer → decimal': (column) => rescaled(column, 0),
  'decimal → integer': (column) => {
    const factor = 10n ** BigInt(digitsOf(column.conversion.from).scale);
    return casesOf(column, [`${column.value} % ${factor} = 0`, `${column.value} / ${factor}`]);
  },
  'decimal → decimal': (column) => rescaled(column, digitsOf(column.conversion.from).scale),
  'text → boolean': (column) =>
    casesOf(column, [`${column.value} = 'true'`, '1'], [`${column.value} = 'false'`, '0']),
  'boolean → text': (column) =>
    casesOf(column, [`${column.value} = 1`, "'true'"], [`${column.value} = 0`, "'false'"]),
  'text → uuid': checked,
  'uuid → text': checked,
  'text → date': checked,
  'date → text': checked,
  'text → timestamp': checked,
  'timestamp → text': checked,
  'integer → boolean': checked,
  'boolean → integer': checked,
  'integer → real': ({ value }) => `CAST(${value} AS REAL)`,
  'real → integer': (column) =>
    casesOf(column, [
      `abs(${column.value}) <= ${safe} AND CAST(${column.value} AS INTEGER) = ${column.value}`,
      `CAST(${column.value} AS INTEGER)`,
    ]),
  'date → timestamp': ({ value, conversion: { to } }) => `${value} || ${midnights[to.precision]}`,
  'timestamp → date': (column) =>
    casesOf(column, [
      `substr(${column.value}, 11) = ${midnights[column.conversion.from.precision]}`,
      `substr(${column.value}, 1, 10)`,
    ]),
  'timestamp → timestamp': (column) =>
    column.conversion.to.precision === 6
      ? `substr(${column.value}, 1, 23) || '000Z'`
      : casesOf(column, [`substr(${column.value}, 24) = '000Z'`, `substr(${column.value}, 1, 23) || 'Z'`]),
};

/** A described column with its table. */
type ColumnIn = readonly [table: SchemaTable, column: SchemaColumn];

/**
 * Returns the expression that copies a column into a rebuilt table. A change of the kind is a conversion: it keeps the
 * value, or gives a text that the type or the CHECK of the new column refuses.
 */
export function copiedValue([before, from]: ColumnIn, [after, to]: ColumnIn): string {
  const value = identifier(from.name);
  const [was, is] = [storedForm(before, from), storedForm(after, to)];
  const isKept = to.type === keptType(after, from) || from.type === keptType(before, to);
  if (!was && !is && isKept) return value;
  const foreign = is && foreignForm(before, from, is);
  if (!foreign && (was && is ? sameForm(was, is) : from.type === to.type)) return value;
  const conversion = was && is && conversionBetween(was, is);
  const place = `${after.name}.${from.name}`;
  const text = literal(`${place} cannot be converted${is ? ` to ${formText(is)}` : ''}`);
  // a column of text without a CHECK would store it; no constant, which would be evaluated before any row is read
  const fail =
    is?.kind === 'text' || !isStrict(after) ? `json(${text} || coalesce(substr(${value}, 1, 0), ''))` : text;
  if (foreign) return intoDeclared({ foreign, declared: is, conversions, value, fail, place });
  const origin = was && !conversion ? foreignForm(after, to, was) : undefined;
  if (was && origin)
    return backToForeign({ foreign: origin, declared: was, conversions, value, fail, place });
  return conversion ? conversions[conversion.name]({ value, fail, conversion }) : casesOf({ value, fail });
}
