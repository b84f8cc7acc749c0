import type { BulkReader } from '../contract/bulk.js';
import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { SystemFacts } from '../contract/system.js';
import { maintenanceTools } from '../maintenance/maintain.js';
import { forIncoming } from '../migrations/incoming.js';
import { readSystemSteps } from '../migrations/plan.js';
import { upLocked } from '../migrations/up.js';
import type { MoveOptions } from './types.js';

/**
 * Runs the steps of a system in the target, and makes the partitions that its rows need.
 *
 * @param onRecorded - called in the transaction of each step
 */
export async function makeSchema(
  engine: Engine,
  owner: Owner,
  reader: BulkReader,
  system: SystemFacts,
  { actor, roles, onRoles }: MoveOptions,
  onRecorded: () => Promise<void>,
): Promise<void> {
  await upLocked({
    foundation: forIncoming(engine.dialect),
    engine,
    owner,
    system,
    steps: await readSystemSteps(engine, system),
    options: { actor, roles, onRoles, contract: true },
    onRecorded,
  });
  const tools = maintenanceTools(owner, new Date());
  for (const table of Object.values(system.tables)) {
    const enforcements = table.guarantees.map((guarantee) => guarantee[engine.dialect.name]);
    for (const enforcement of enforcements) {
      if (enforcement.level === 'refused') continue;
      await enforcement.maintain?.(table, tools);
      const { partition } = table.facts;
      if (partition && enforcement.makeRoom)
        await enforcement.makeRoom(table, await reader.months(table.name, partition.column), tools);
    }
  }
}
