import type { Engine } from '../contract/engine.js';
import { reveal, type Secret } from '../settings/index.js';

/**
 * Finds the keys with which a database verifies actor and scope, and which are not made from the given ones. Who has one of
 * them acts as everybody.
 *
 * @param engine - the database, opened as its owner
 * @param scopeKeys - SCOPE_KEY, and during a rotation the other key; without any, more than one key is a finding
 * @returns one line for each; empty where the engine has no roles
 * @throws AshlarError `settings-invalid`
 */
export async function unexplainedScopeKeys(
  engine: Engine,
  scopeKeys: readonly (string | Secret)[],
): Promise<readonly string[]> {
  const keys = engine.dialect.contextKeys;
  if (!keys) return [];
  return engine.asOwner((owner) => keys.unexplained(owner, scopeKeys.map(reveal)));
}
