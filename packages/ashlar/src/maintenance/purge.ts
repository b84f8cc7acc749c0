import type { Engine } from '../contract/engine.js';
import type { GuardedTable, Purged, PurgeReport, PurgeTools } from '../contract/guarantee.js';
import type { SystemFacts } from '../contract/system.js';

/** What is to leave. */
export interface PurgeOptions {
  /**
   * The moment to look from; default now. Rows leave when they are due at that moment and by the database's own clock,
   * so that a later one is of use with `dryRun` only.
   */
  readonly now?: Date | undefined;
  /** Change nothing, only tell. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** What left, or would, and what stays though its time is over. */
export interface Purge {
  readonly purged: readonly Purged[];
  /** For each table with rows that are due and held, how many. */
  readonly held: Readonly<Record<string, number>>;
  /** For each table with rows that are due and could not leave because others refer to them, how many. */
  readonly stuck: Readonly<Record<string, number>>;
}

/**
 * Lets the rows of a system leave whose time has come, as the owner: on Postgres whole months with their partition, else
 * by range in batches. Rows leave before those they refer to. What leaves is recorded beside its table.
 *
 * @throws AshlarError `migration-locked`, `lock-timeout`, `privilege-missing`
 *
 * @example
 * await retire(engine, system, { dryRun: true });
 */
export async function purge(
  engine: Engine,
  system: SystemFacts,
  { now = new Date(), dryRun = false }: PurgeOptions = {},
): Promise<Purge> {
  const tables = Object.values(system.tables) as readonly GuardedTable[];
  const tasks = childrenFirst(tables).flatMap((table) =>
    table.guarantees.flatMap((guarantee) => {
      const enforcement = guarantee[engine.dialect.name];
      const run = enforcement.level === 'refused' ? undefined : enforcement.purge;
      return run ? [{ table, run }] : [];
    }),
  );
  if (tasks.length === 0) return { purged: [], held: {}, stuck: {} };
  engine.register(tables);
  // rows that no ledger has sealed yet do not leave
  await engine.seal();
  return engine.asOwner(
    async (owner) => {
      const tools: PurgeTools = {
        now,
        dryRun,
        tables,
        atomically: (work, options) => owner.atomically(() => work(owner.run), options),
      };
      const reports: (PurgeReport & { readonly table: string })[] = [];
      for (const { table, run } of tasks) reports.push({ table: table.name, ...(await run(table, tools)) });
      const counts = (of: 'held' | 'stuck') =>
        Object.fromEntries(
          reports.filter((report) => report[of] > 0).map((report) => [report.table, report[of]]),
        );
      return {
        purged: reports.flatMap(({ purged }) => purged),
        held: counts('held'),
        stuck: counts('stuck'),
      };
    },
    { exclusive: true },
  );
}

/** Tables in an order in which each comes before those it refers to, as far as there is one. */
const childrenFirst = (tables: readonly GuardedTable[]): readonly GuardedTable[] => {
  const ordered: GuardedTable[] = [];
  const seen = new Set<GuardedTable>();
  const visit = (table: GuardedTable): void => {
    if (seen.has(table)) return;
    seen.add(table);
    for (const child of tables)
      if (child.foreignKeys.some(({ target }) => target.table === table.name)) visit(child);
    ordered.push(table);
  };
  for (const table of tables) visit(table);
  return ordered;
};
