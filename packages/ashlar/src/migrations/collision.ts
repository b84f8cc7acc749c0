import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import type { AppliedStep } from './history.js';

/**
 * Refuses to start a system where tables of its names already stand and are not its own.
 *
 * @param applied - the whole history of this place, of every system
 * @throws AshlarError `system-collision`
 */
export const assertNoCollision = async (
  engine: Engine,
  owner: Owner,
  system: SystemFacts,
  applied: readonly AppliedStep[],
): Promise<void> => {
  if (applied.some((step) => step.system === system.name)) return;
  const present = new Set((await engine.introspect(owner)).tables.map((table) => table.name));
  const taken = Object.values(system.tables)
    .map((table) => table.name)
    .filter((name) => present.has(name));
  if (taken.length === 0) return;
  const others = [...new Set(applied.map((step) => step.system))];
  throw new AshlarError('system-collision', {
    message: `${system.name} cannot be created here: ${taken.join(', ')} already exist${taken.length > 1 ? '' : 's'}.`,
    detail:
      others.length > 0
        ? `Here ${others.length > 1 ? 'live' : 'lives'} ${others.join(', ')}; no step of ${system.name} was ever applied.`
        : `No step of ${system.name} was ever applied here, so the table${taken.length > 1 ? 's are' : ' is'} not known to be its own.`,
    suggestion: `Give ${system.name} a file of its own, or on a server a schema: ?schema=NAME in the URL. If they are its own: ashlar migrate stamp --system ${system.name} head`,
  });
};
