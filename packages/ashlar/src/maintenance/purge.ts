import type { Engine } from '../contract/engine.js';
import type { GuardedTable, Purged, PurgeReport, PurgeTools } from '../contract/guarantee.js';
import type { SystemFacts } from '../contract/system.js';

/** Options of `purge`. */
export interface PurgeOptions {
  /**
   * The time by which a row must have expired to be purged; by default the current time. A row is purged only if it has
   * expired by the database's clock too, so a future time is useful only with `dryRun`.
   */
  readonly now?: Date | undefined;
  /** If true, `purge` deletes nothing and reports what it would delete. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** The result of a purge: the rows deleted (in a dry run, the rows to delete), and the expired rows that remain. */
export interface Purge {
  readonly purged: readonly Purged[];
  /**
   * For each table, the number of expired rows that remain because of a legal hold. Tables without any are left out.
   */
  readonly held: Readonly<Record<string, number>>;
  /**
   * For each table, the number of expired rows that remain because other rows refer to them. Tables without any are
   * left out.
   */
  readonly stuck: Readonly<Record<string, number>>;
}

/**
 * Deletes the expired rows of a system, as the owner: on PostgreSQL it drops partitions in which all rows have expired;
 * other rows are deleted in batches. Rows are deleted before the rows that they refer to. Each deletion is recorded in
 * the side table `TABLE_purges`.
 *
 * @throws AshlarError `migration-locked`, `lock-timeout`, `privilege-missing`
 *
 * @example
 * const { purged } = await purge(engine, system, { dryRun: true });
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
  // a row that its ledger has not sealed cannot be purged
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

/** The tables in an order in which each comes before the tables that it refers to, unless they refer to each other. */
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
