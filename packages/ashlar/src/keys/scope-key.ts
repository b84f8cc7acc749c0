import type { ContextKeys } from '../contract/context.js';
import type { Engine } from '../contract/engine.js';
import { AshlarError } from '../errors.js';
import { reveal, type Secret } from '../settings/index.js';

/**
 * Gives a database the key with which it verifies actor and scope of each session. From then on every instance of the
 * application needs the key (`SCOPE_KEY`). In a restored database it binds the key to that database. Where the engine has no
 * roles (SQLite) it does nothing.
 *
 * @param engine - the database, opened as its owner
 * @param scopeKey - 64 hex digits
 * @param next - the other key of a rotation
 * @returns `written`, `bound` after a restore, `unchanged`, or `unexplained` where the database also accepts a key that is neither
 * @throws AshlarError `settings-invalid` for a text that is no key; `scope-key-wrong` when the database has another key;
 *   `scope-key-early` where policies or trails of an earlier release do not verify
 */
export async function installScopeKey(
  engine: Engine,
  scopeKey: string | Secret,
  next?: string | Secret,
): Promise<'written' | 'bound' | 'unchanged' | 'unexplained'> {
  const keys = engine.dialect.contextKeys;
  if (!keys) return 'unchanged';
  return engine.asOwner(
    (owner) => keys.install(owner, reveal(scopeKey), next === undefined ? undefined : reveal(next)),
    { exclusive: true },
  );
}

/**
 * Adds a second key to a database that verifies actor and scope. Both are valid until {@link finishScopeKeyRotation}: give
 * the new key to every instance of the application meanwhile.
 *
 * @param engine - the database, opened as its owner
 * @throws AshlarError `usage` where the engine has no roles; `settings-invalid`; `scope-key-wrong` when `current` is no key of
 *   the database
 */
export async function rotateScopeKey(
  engine: Engine,
  current: string | Secret,
  next: string | Secret,
): Promise<void> {
  const keys = keysOf(engine);
  await engine.asOwner((owner) => keys.add(owner, reveal(current), reveal(next)), { exclusive: true });
}

/**
 * Removes all keys of a database but the current one.
 *
 * @param engine - the database, opened as its owner
 * @returns the number of keys removed
 * @throws AshlarError `usage`, `settings-invalid`, `scope-key-wrong`
 */
export async function finishScopeKeyRotation(engine: Engine, current: string | Secret): Promise<number> {
  const keys = keysOf(engine);
  return engine.asOwner((owner) => keys.keepOnly(owner, reveal(current)), { exclusive: true });
}

const keysOf = (engine: Engine): ContextKeys => {
  const keys = engine.dialect.contextKeys;
  if (keys) return keys;
  throw new AshlarError('usage', {
    message: `${engine.label} has no key that verifies scopes.`,
    detail: 'A file has no roles: SQL with the file would have its keys as well.',
    suggestion: 'Use PostgreSQL for a scope that SQL of a session cannot change.',
  });
};
