import type { Engine } from '../contract/engine.js';
import { assertDatabaseUsable } from '../migrations/foundation.js';
import type { Invocation } from './invocation.js';

/**
 * Opens the database as the owner, passes it to `work`, and closes it.
 *
 * @throws AshlarError `database-newer`, and what opening the database throws
 */
export function withUsableDatabase<T>(
  invocation: Invocation,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  return invocation.withEngine(
    'owner',
    async (engine) => {
      await engine.asOwner((owner) => assertDatabaseUsable(owner, engine.dialect));
      return work(engine);
    },
    { create: false },
  );
}
