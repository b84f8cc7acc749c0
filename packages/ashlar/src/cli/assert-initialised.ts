import type { Engine } from '../contract/engine.js';
import { AshlarError } from '../errors.js';
import { history } from '../migrations/history.js';
import type { System } from '../system/system.js';

/** Asserts that a database is initialised. @throws AshlarError `migration-pending` where no step of the system is applied */
export async function assertInitialised(engine: Engine, system: System): Promise<void> {
  if ((await history(engine, system)).length > 0) return;
  throw new AshlarError('migration-pending', {
    message: `The system ${system.name} is not initialised in this database.`,
    suggestion: `Initialise it: ashlar up --system ${system.name}`,
  });
}
