import type { MaintenanceTools } from '../../contract/guarantee.js';
import { readCatalogue } from './catalogue.js';
import { covers, type MonthlyTable } from './maintenance.js';
import { monthName, monthOf, monthsBetween } from './months.js';
import { defaultPartition } from './objects.js';
import { findRepairs } from './repair.js';

// maintenance creates the later months before they are needed
const soon = 2;

/** Reports the missing partitions of a table, and the missing objects of its guarantees on each partition. */
export function inspectPartitions(
  { table, ahead }: MonthlyTable,
  { now, atomically }: MaintenanceTools,
): Promise<readonly string[]> {
  return atomically(async (run) => {
    const catalogue = await readCatalogue(run, table);
    const current = monthOf(now);
    const made = monthsBetween(current, current + ahead).filter((month) => covers(table, catalogue, month));
    // all months ahead are made together: one that is missing before another one was taken away
    const missing = monthsBetween(current, Math.max(current + soon, made.at(-1) ?? current)).filter(
      (month) => !made.includes(month) && !covers(table, catalogue, month),
    );
    const repairs = await findRepairs(run, table, catalogue);
    return [
      ...(catalogue.default === undefined
        ? [`${table.name}: the default partition ${defaultPartition(table)} is missing`]
        : []),
      ...missing.map((month) => `${table.name}: the partition for ${monthName(month)} is missing`),
      ...repairs.map(({ lack }) => lack),
    ];
  });
}
