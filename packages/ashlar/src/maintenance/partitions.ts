import type { Engine, Partition } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';

/** The partitions of a table. */
export interface TablePartitions {
  readonly table: string;
  readonly partitions: readonly Partition[];
}

/**
 * Lists the partitions of the tables of a system, as the owner: each with its bounds and its estimated number of rows.
 * A table without partitions is left out; on SQLite every table is, because it has no partitions. {@link maintain}
 * creates the partitions that will be needed.
 *
 * @throws AshlarError `privilege-missing`
 *
 * @example
 * for (const { table, partitions } of await listPartitions(engine, shop))
 *   console.log(table, partitions.map(({ name, from, to, rows }) => `${name}: ${from} to ${to}, ${rows} rows`));
 */
export async function listPartitions(
  engine: Engine,
  { tables }: SystemFacts,
): Promise<readonly TablePartitions[]> {
  return engine.asOwner(async (owner) => {
    const found: TablePartitions[] = [];
    for (const { name: table } of Object.values(tables)) {
      const partitions = await engine.partitions(owner, table);
      if (partitions.length > 0) found.push({ table, partitions });
    }
    return found;
  });
}
