import type { ForeignForm } from '../contract/adoption.js';
import type { StoredForm } from '../contract/column.js';
import { conversionBetween, sameForm } from '../model/conversions.js';
import type { ConversionSql } from './conversion-sql.js';

/** The column of another program whose values a step converts, and the declared column. */
export interface ForeignValue {
  readonly foreign: ForeignForm;
  readonly declared: StoredForm;
  readonly conversions: ConversionSql;
  /** The column before the step, as an SQL name. */
  readonly value: string;
  /** An expression of no value, which fails where it is evaluated for a row that is not NULL. */
  readonly fail: string;
  /** What the mark names: `orders.placed_at`. */
  readonly place: string;
}

/**
 * Returns the expression that makes a declared value of one of another program: first in the form of its own kind, then by
 * the conversion between the kinds. One that only a person can say has its mark behind it.
 */
export function intoDeclared({ foreign, declared, conversions, value, fail, place }: ForeignValue): string {
  const own = foreign.into(value, fail);
  const conversion = sameForm(foreign.form, declared) ? undefined : conversionBetween(foreign.form, declared);
  const sql = conversion ? conversions[conversion.name]({ value: `(${own})`, fail, conversion }) : own;
  return marked(sql, foreign, place);
}

/** Returns the expression of the way back. */
export function backToForeign({ foreign, declared, conversions, value, fail, place }: ForeignValue): string {
  const conversion = sameForm(foreign.form, declared) ? undefined : conversionBetween(declared, foreign.form);
  const own = conversion ? `(${conversions[conversion.name]({ value, fail, conversion })})` : value;
  return marked(foreign.back(own), foreign, place);
}

const marked = (sql: string, { mark }: ForeignForm, place: string): string =>
  mark === undefined ? sql : `${sql} ${placeMark(place)}`;

/** Returns the comment beside an expression that only a person can say. */
export function placeMark(place: string): string {
  return `/* fill ${place.replaceAll('*/', '* /')} */`;
}

/**
 * Returns a form that a column is read in: its own, where Ashlar has a conversion to that of the declared column, else the
 * declared one by an expression that only a person can say.
 */
export function foreignForm(
  own: Omit<ForeignForm, 'mark'> & Partial<Pick<ForeignForm, 'mark'>>,
  declared: StoredForm,
): ForeignForm {
  if (sameForm(own.form, declared) || conversionBetween(own.form, declared))
    return { mark: undefined, ...own };
  return unknownForm(declared);
}

/** Returns the form of a column whose values no rule can convert: a person says what they become. */
export function unknownForm(form: StoredForm): ForeignForm {
  return { form, into: () => 'NULL', back: () => 'NULL', mark: 'no-conversion' };
}
