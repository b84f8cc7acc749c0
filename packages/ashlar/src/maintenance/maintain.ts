import type { Engine } from '../contract/engine.js';
import type { GuardedTable, MaintenanceReport, MaintenanceTools } from '../contract/guarantee.js';
import type { Owner } from '../contract/owner.js';

/**
 * Runs the periodic maintenance of the guarantees of these tables: for example, it creates partitions ahead of time.
 * Idempotent; one process at a time. Opens no connection where no table needs maintenance.
 *
 * @param now - the current time
 * @returns one line for each thing that was done, and the time until which no more maintenance is needed
 * @throws AshlarError `migration-locked`, `lock-timeout`, `privilege-missing`, `partition-conflict`
 */
export async function maintain(
  engine: Engine,
  tables: readonly GuardedTable[],
  now: Date,
): Promise<MaintenanceReport> {
  const tasks = tables.flatMap((table) =>
    table.guarantees.flatMap((guarantee) => {
      const enforcement = guarantee[engine.dialect.name];
      const run = enforcement.level === 'refused' ? undefined : enforcement.maintain;
      return run ? [(tools: MaintenanceTools) => run(table, tools)] : [];
    }),
  );
  if (tasks.length === 0) return { done: [], goodUntil: undefined };
  return engine.asOwner(
    async (owner) => {
      const reports: MaintenanceReport[] = [];
      for (const task of tasks) reports.push(await task(maintenanceTools(owner, now)));
      return { done: reports.flatMap((report) => report.done), goodUntil: earliest(reports) };
    },
    { exclusive: true },
  );
}

/** Returns the tools with which a guarantee does its maintenance on a connection of the owner. */
export function maintenanceTools(owner: Owner, now: Date): MaintenanceTools {
  return { now, atomically: (work, options) => owner.atomically(() => work(owner.run), options) };
}

const earliest = (reports: readonly MaintenanceReport[]): Date | undefined =>
  reports
    .flatMap(({ goodUntil }) => goodUntil ?? [])
    .reduce<Date | undefined>((least, date) => (least && least < date ? least : date), undefined);
