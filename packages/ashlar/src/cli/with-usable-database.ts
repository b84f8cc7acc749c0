import type { Engine } from '../contract/engine.js';
import { assertDatabaseUsable } from '../migrations/foundation.js';
import type { System } from '../system/system.js';
import type { Invocation } from './invocation.js';

/**
 * Opens the database of a system as the owner, passes it to `work`, and closes it.
 *
 * @throws AshlarError `database-newer`, and what opening the database throws
 */
export function withUsableDatabase<T>(
  invocation: Invocation,
  system: System,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  return invocation.withEngine(
    'owner',
    async (engine) => {
      await engine.asOwner((owner) => assertDatabaseUsable(owner, engine.dialect));
      return work(engine);
    },
    { create: false, system },
  );
}
