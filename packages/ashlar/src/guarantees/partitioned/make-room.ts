import type { MaintenanceTools } from '../../contract/guarantee.js';
import { AshlarError } from '../../errors.js';
import { readCatalogue } from './catalogue.js';
import { alone, covers, farthest, type MonthlyTable } from './maintenance.js';
import { makeMonth } from './making.js';
import { firstMonth, monthOf } from './months.js';
import { mostMonths } from './rotation.js';

/**
 * Makes the partitions for rows of the given months (`2026-11`). Rows of other months, whose times must be wrong, go to the
 * default partition.
 *
 * @throws AshlarError `partition-conflict` for more than 1,200 months
 */
export async function makeRoom(
  { table, column, ahead }: MonthlyTable,
  texts: readonly string[],
  { now, atomically }: MaintenanceTools,
): Promise<void> {
  const last = monthOf(now) + Math.max(ahead, farthest);
  const months = texts
    .filter((text) => /^\d{4}-(0[1-9]|1[0-2])$/.test(text))
    .map((text) => Number(text.slice(0, 4)) * 12 + Number(text.slice(5)) - 1)
    .filter((month) => month >= firstMonth && month <= last);
  if (months.length > mostMonths) {
    throw new AshlarError('partition-conflict', {
      message: `The rows of ${table.name} are of ${months.length} months.`,
      detail: `At most ${mostMonths} partitions are created at once. Rows with wrong times may have been inserted.`,
      suggestion: 'Correct the times in the source.',
    });
  }
  for (const month of months)
    await atomically(async (run) => {
      await alone(run, table);
      if (!covers(table, await readCatalogue(run, table), month)) await makeMonth(run, table, column, month);
    });
}
