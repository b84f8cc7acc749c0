import type { Engine } from '../contract/engine.js';
import { AshlarError } from '../errors.js';
import { history } from '../migrations/index.js';
import type { System } from '../system/system.js';

/** @throws AshlarError `migration-pending` where no step of a system was ever applied to a database */
export async function assertInitialised(engine: Engine, system: System): Promise<void> {
  if ((await history(engine, system)).length > 0) return;
  throw new AshlarError('migration-pending', {
    message: `${system.name} is not set up in this database.`,
    suggestion: `Set it up: ashlar up --system ${system.name}`,
  });
}
