import type { Owner } from './owner.js';

/**
 * How a database trusts the actor and the scope of a session. `settings`: they are settings, which SQL of the session can
 * change. `signed`: the session signs them, and the database verifies that. `key-missing`, `key-wrong`: the database wants a
 * signature, and this connection has no key for it, or another one. `key-absent`: the database has no key, and must have one:
 * the connection requires it, or has seen it.
 */
export type ContextState = 'settings' | 'signed' | 'key-missing' | 'key-wrong' | 'key-absent';

/** Writes the keys with which a database verifies actor and scope of sessions. Keys have 64 hex digits. */
export interface ContextKeys {
  /**
   * Writes the first key, or binds the key of a restored database to the database that it is now.
   *
   * @param next - the other key of a rotation
   * @returns `unexplained` where nothing was changed, and the database also accepts a key that is neither
   * @throws AshlarError `scope-key-wrong` when the database has other keys, `scope-key-early` where policies or trails of an
   *   earlier release do not verify; nothing is changed
   */
  install(
    owner: Owner,
    scopeKey: string,
    next?: string,
  ): Promise<'written' | 'bound' | 'unchanged' | 'unexplained'>;
  /**
   * Finds the keys that the database accepts and that are not made from the given ones: who has one signs every scope.
   * Without a given key, all where there is more than one.
   *
   * @param scopeKeys - SCOPE_KEY, and the other key of a rotation
   * @returns one line for each
   * @throws AshlarError `settings-invalid`
   */
  unexplained(owner: Owner, scopeKeys: readonly string[]): Promise<readonly string[]>;
  /** Adds a second key, so that both are valid. @throws AshlarError `scope-key-wrong` when `scopeKey` is none of its keys */
  add(owner: Owner, scopeKey: string, next: string): Promise<void>;
  /** Removes all keys but one, and returns how many. @throws AshlarError `scope-key-wrong` */
  keepOnly(owner: Owner, scopeKey: string): Promise<number>;
}
