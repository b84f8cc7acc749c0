import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { guardRefused } from '../model/guard-refused.js';
import type { AppliedStep } from './history.js';
import { ownSystem } from './own-system.js';

/** Returns why a guard cannot be put on the tool's tables of a database, one line each; empty for every other system. */
export async function obstaclesOf(
  { dialect }: Engine,
  owner: Owner,
  { guards, tables }: SystemFacts,
): Promise<readonly string[]> {
  if (!guards) return [];
  return dialect.guarding.obstacles(owner.run, guards, Object.values(tables));
}

/** Returns the columns of the tool's tables that no line of a trail has, one line each; empty for every other system. */
export async function untoldOf(
  { dialect }: Engine,
  owner: Owner,
  { guards, tables }: SystemFacts,
): Promise<readonly string[]> {
  return guards ? dialect.guarding.untold(owner.run, Object.values(tables)) : [];
}

/**
 * Throws if the schema of a guard's own objects has those of another guard: two guards would take each other's triggers for
 * something that a migration of the tool left.
 *
 * @param applied - the whole history of the schema
 * @throws AshlarError `guard-refused`
 */
export function assertOwnPlace(
  { name, guards }: SystemFacts,
  applied: readonly Pick<AppliedStep, 'system'>[],
): void {
  if (!guards) return;
  const other = applied.find(({ system }) => system !== name && system !== ownSystem);
  if (!other) return;
  throw guardRefused(
    `The schema ${guards.own} has the objects of ${other.system}, so ${name} cannot have its own there.`,
    `Give each guard a schema: guard('${name}', { own: 'ashlar_${name.replaceAll('-', '_')}', … }). Nothing was changed.`,
  );
}

/** Throws if a guard cannot be put on the tool's tables of a database. @throws AshlarError `guard-refused` */
export async function assertUnobstructed(engine: Engine, owner: Owner, system: SystemFacts): Promise<void> {
  const found = await obstaclesOf(engine, owner, system);
  const [first] = found;
  if (first === undefined) return;
  throw new AshlarError('guard-refused', {
    message: `The guard ${system.name} cannot be put on this database: ${first}.`,
    detail: found.length > 1 ? found.slice(1).join('\n') : undefined,
    suggestion:
      'Correct the declaration of the tables, or the tables in the tool’s own schema. Nothing was changed.',
  });
}
