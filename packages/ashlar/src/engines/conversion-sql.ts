import type { ConversionName, FormConversion } from '../model/conversions.js';

/** The column that an expression converts. */
export interface ConvertedColumn {
  /** The column before the step, as an SQL name. */
  readonly value: string;
  /** An expression of no value, which fails where it is evaluated for a row that is not NULL. */
  readonly fail: string;
  readonly conversion: FormConversion;
}

/** The SQL of one dialect for every conversion. */
export type ConversionSql = Readonly<Record<ConversionName, (column: ConvertedColumn) => string>>;

/**
 * Returns a CASE that converts a value by the first condition that holds; NULL stays NULL, and any other value fails.
 * No cast stands where a value that it would change or refuse could reach it.
 */
export function casesOf(
  { value, fail }: Pick<ConvertedColumn, 'value' | 'fail'>,
  ...cases: readonly (readonly [condition: string, result: string])[]
): string {
  const whens = cases.map(([condition, result]) => `WHEN ${condition} THEN ${result}`);
  return ['CASE', `WHEN ${value} IS NULL THEN NULL`, ...whens, `ELSE ${fail}`, 'END'].join(' ');
}
