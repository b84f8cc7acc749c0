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
   * @throws AshlarError `scope-key-wrong` when the database has other keys, `scope-key-early` where policies or trails of an
   *   earlier release do not verify; nothing is changed
   */
  install(owner: Owner, scopeKey: string): Promise<'written' | 'bound' | 'unchanged'>;
  /** Adds a second key, so that both are valid. @throws AshlarError `scope-key-wrong` when `scopeKey` is none of its keys */
  add(owner: Owner, scopeKey: string, next: string): Promise<void>;
  /** Removes all keys but one, and returns how many. @throws AshlarError `scope-key-wrong` */
  keepOnly(owner: Owner, scopeKey: string): Promise<number>;
}
