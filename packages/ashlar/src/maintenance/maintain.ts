import type { Engine } from '../contract/engine.js';
import type { GuardedTable, MaintenanceReport, MaintenanceTools } from '../contract/guarantee.js';
import type { Owner } from '../contract/owner.js';

/**
 * Does what the guarantees of these tables need done again as time passes: partitions are made ahead, and the like.
 * Idempotent, and one process at a time. Where no table needs any, nothing is opened.
 *
 * @param now - the moment to maintain for
 * @returns what was done, and until when that is enough
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
      for (const task of tasks) reports.push(await task(toolsOf(owner, now)));
      return { done: reports.flatMap((report) => report.done), goodUntil: earliest(reports) };
    },
    { exclusive: true },
  );
}

const toolsOf = (owner: Owner, now: Date): MaintenanceTools => ({
  now,
  atomically: (work, options) => owner.atomically(() => work(owner.run), options),
});

const earliest = (reports: readonly MaintenanceReport[]): Date | undefined =>
  reports
    .flatMap(({ goodUntil }) => goodUntil ?? [])
    .reduce<Date | undefined>((least, date) => (least && least < date ? least : date), undefined);
