import type { Period } from '../../contract/retention.js';

/** Converts a period to months and days; neither unit can be converted to the other. */
export function inMonthsAndDays({ years = 0, months = 0, days = 0 }: Period): {
  months: number;
  days: number;
} {
  return {
    months: 12 * years + months,
    days,
  };
}

/** A period in words: `5 years and 1 month`. */
export function periodText(period: Period): string {
  const parts = (['years', 'months', 'days'] as const).flatMap((unit) => {
    const count = period[unit] ?? 0;
    return count === 0 ? [] : [`${count} ${count === 1 ? unit.slice(0, -1) : unit}`];
  });
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
