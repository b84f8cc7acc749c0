const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });

/** Integer cents as dollars: `$1,234.56`; a dash where there is no amount. */
export const money = (cents: number | null): string =>
  cents === null ? '–' : dollars.format(decimal(cents));

// as text, because a division would lose cents in large sums
const decimal = (cents: number): `${number}` => {
  const digits = String(Math.abs(cents)).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}` as `${number}`;
};
