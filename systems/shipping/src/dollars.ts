const currency = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });

// as text, because a division would lose cents in large sums
const decimal = (cents: number): `${number}` => {
  const digits = String(Math.abs(cents)).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}` as `${number}`;
};

/** Formats an integer number of cents as dollars, for example `$1,234.56`. */
export function dollars(cents: number): string {
  return currency.format(decimal(cents));
}
