import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import type { AppliedStep } from './history.js';

/**
 * Throws if a database or schema contains tables with the names of a system's tables although no step of the system was
 * applied to it.
 *
 * @param applied - the whole history of the database or schema, of all systems
 * @throws AshlarError `system-collision`
 */
export async function assertNoCollision(
  engine: Engine,
  owner: Owner,
  system: SystemFacts,
  applied: readonly AppliedStep[],
): Promise<void> {
  if (applied.some((step) => step.system === system.name)) return;
  const present = new Set(
    (await engine.introspect(owner)).tables.flatMap(({ name, external }) => (external ? [] : [name])),
  );
  const taken = Object.values(system.tables)
    .filter(({ external }) => !external)
    .map((table) => table.name)
    .filter((name) => present.has(name));
  if (taken.length === 0) return;
  const others = [...new Set(applied.map((step) => step.system))];
  throw new AshlarError('system-collision', {
    message: `${system.name} cannot be created here: ${taken.join(', ')} already exist${taken.length > 1 ? '' : 's'}.`,
    detail:
      others.length > 0
        ? `The database or schema belongs to ${others.join(', ')}; no step of ${system.name} was ever applied.`
        : `No step of ${system.name} was ever applied here, so another program may have created the table${taken.length > 1 ? 's' : ''}.`,
    suggestion: `Give ${system.name} its own file, or on a server its own schema: ?schema=NAME in the URL. If the tables are its own: ashlar migrate stamp --system ${system.name} head`,
  });
}
