/** The format that declares a text in a clause's schema as an amount of money. */
export const moneyFormat = 'money';

/** An amount of money as decimal text: `1234` or `1234.50`. Text, because binary fractions are not exact. */
export const moneyPattern = '^(0|[1-9][0-9]{0,14})(\\.[0-9]{2})?$';

/** The currency of an amount that names none. */
export const defaultCurrency = 'ZAR';

/**
 * Returns why amounts of a currency cannot be printed; `undefined` if they can. Amounts have two digits after the point: of
 * other currencies they would be rounded, or not say how many.
 *
 * @param currency - ISO 4217
 */
export function currencyProblem(currency: unknown): string | undefined {
  if (typeof currency !== 'string' || !Intl.supportedValuesOf('currency').includes(currency))
    return `${JSON.stringify(currency)} is not a currency of ISO 4217`;
  const { maximumFractionDigits } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
  }).resolvedOptions();
  return maximumFractionDigits === 2
    ? undefined
    : `${currency} is not a currency of two digits after the point`;
}

const formats = new Map<string, Intl.NumberFormat>();

/**
 * Returns an amount of money as it is printed in South Africa: `R 1 234,50`. The amount is formatted from its digits, so
 * it is exact.
 *
 * @param amount - decimal text that matches {@link moneyPattern}
 * @param currency - ISO 4217
 */
export function printedMoney(amount: string, currency: string): string {
  let format = formats.get(currency);
  if (!format) {
    format = new Intl.NumberFormat('en-ZA', { style: 'currency', currency });
    formats.set(currency, format);
  }
  return format.format(amount as `${number}`);
}

/**
 * Returns what is wrong with a number that is to be printed; `undefined` if its digits are its value. A sum of binary
 * fractions, such as 0.1 + 0.2, has digits that nobody wrote.
 */
export function inexact(value: number): string | undefined {
  if (Number.isSafeInteger(value)) return undefined;
  if (/^-?\d{1,15}\.\d{1,6}$/.test(String(value))) return undefined;
  return `${value} is not an exact number`;
}
