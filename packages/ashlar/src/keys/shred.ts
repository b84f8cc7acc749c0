import { sql } from 'kysely';
import { AshlarError } from '../errors.js';
import { everyScope, type Tables } from '../model/index.js';
import { currentSession } from '../session/current.js';
import type { Database } from '../session/database.js';
import { ActiveSession } from '../session/session.js';
import type { SessionContext } from '../session/types.js';
import { keyringsOf } from './keyrings.js';

/** Options of {@link shred}. */
export interface ShredOptions {
  readonly actor?: SessionContext['actor'];
  /**
   * Whether to rewrite the database files that contained the erased keys, so that no copy of the keys remains in
   * them. Default true. On SQLite this is a VACUUM of the whole file.
   */
  readonly vacuum?: boolean;
}

/** The result of {@link shred}. */
export interface Shredded {
  readonly scope: string;
  /** The number of data keys that were erased; 0 if the scope had none, or had already been shredded. */
  readonly keys: number;
  /** The reason why a file of the database may still contain a copy of an erased key; `undefined` if none does. */
  readonly remains: string | undefined;
}

/**
 * Erases the data keys of a scope, which makes the scope's data permanently unreadable in this database, its
 * replicas, and all later backups. The keyring records the shredding, and the scope never gets another key. Earlier
 * backups still contain the wrapped key: they become unreadable when the master key of that time is destroyed. A
 * running session that has read the key can use it until it ends.
 *
 * @throws AshlarError `usage` inside a session, or for a system without encrypted columns
 *
 * @example
 * await shred(db, clientId, { actor: 'user:42' });
 */
export async function shred<T extends Tables>(
  db: Database<T>,
  scope: string,
  { actor, vacuum = true }: ShredOptions = {},
): Promise<Shredded> {
  const keyrings = keyringsOf(db);
  const outer = currentSession();
  if (outer instanceof ActiveSession && outer.unit.engine === db.engine && !outer.ended) {
    throw new AshlarError('usage', {
      message: 'A scope cannot be shredded inside a session.',
      detail: 'The session could be rolled back, and files cannot be rewritten while it is open.',
      suggestion: 'Call shred(db, scope) outside the session.',
    });
  }
  const now = sql.raw(db.engine.dialect.now(3));
  const keys = await db.session({ actor, scope: everyScope }, async (s) => {
    let erased = 0;
    for (const { name } of keyrings) {
      const keyring = sql.table(name);
      // a scope without a key must not get one later
      await sql`insert into ${keyring} (scope, version, wrapped, master_version, shredded_at)
        select ${scope}, 1, null, 0, ${now}
        where not exists (select 1 from ${keyring} where scope = ${scope})
        on conflict do nothing`.execute(s.query);
      // a key that another session was adding is visible once the earlier keys are locked
      for (let found = 1n; found > 0n; erased += Number(found)) {
        const { numAffectedRows = 0n } = await sql`update ${keyring} set wrapped = null, shredded_at = ${now}
          where scope = ${scope} and shredded_at is null`.execute(s.query);
        found = numAffectedRows;
      }
    }
    return erased;
  });
  const remains = vacuum ? await db.engine.vacuum(keyrings) : 'The files of the database were not rewritten.';
  return { scope, keys, remains };
}
