import type { DecimalDigits } from '../contract/column.js';

/**
 * An SQL expression of type text for a scaled integer that is not NULL, with the point and exactly its digits: 1230 →
 * `12.30`.
 */
export function sqliteDecimalText(value: string, { scale }: Pick<DecimalDigits, 'scale'>): string {
  if (scale === 0) return `CAST(${value} AS TEXT)`;
  const factor = 10n ** BigInt(scale);
  return `printf('%s%d.%0${scale}d', iif(${value} < 0, '-', ''), abs(${value} / ${factor}), abs(${value} % ${factor}))`;
}
