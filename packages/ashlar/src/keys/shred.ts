import { sql } from 'kysely';
import { AshlarError } from '../errors.js';
import { everyScope, type Tables } from '../model/index.js';
import { currentSession } from '../session/current.js';
import type { Database } from '../session/database.js';
import { ActiveSession } from '../session/session.js';
import type { SessionContext } from '../session/types.js';
import { keyringsOf } from './keyrings.js';

/** How a scope is shredded. */
export interface ShredOptions {
  /** Who shreds. */
  readonly actor?: SessionContext['actor'];
  /** Rewrite the files that held the keys. Default true. On SQLite that is a VACUUM of the whole file. */
  readonly vacuum?: boolean;
}

/** What was shredded. */
export interface Shredded {
  readonly scope: string;
  /** How many keys were erased; 0 when the scope had none, or was shredded before. */
  readonly keys: number;
  /** Why a copy of the wrapped key may still be in a file of the database; `undefined` when none is. */
  readonly remains: string | undefined;
}

/**
 * Erases the data keys of a scope, so that its data is unreadable for good: here, in every replica, and in each backup
 * made from now on. That it was done stays recorded, and the scope never gets another key. A backup made before still
 * holds the wrapped key: it is unreadable only once the master key of its time is destroyed. A session under way that
 * has read the key already may use it until it ends.
 *
 * @example
 * await shred(db, clientId, { actor: 'user:42' });
 */
export const shred = async <T extends Tables>(
  db: Database<T>,
  scope: string,
  { actor, vacuum = true }: ShredOptions = {},
): Promise<Shredded> => {
  const keyrings = keyringsOf(db);
  const outer = currentSession();
  if (outer instanceof ActiveSession && outer.unit.engine === db.engine && !outer.ended) {
    throw new AshlarError('usage', {
      message: 'A scope cannot be shredded inside a session.',
      detail: 'The session could be undone, and the files cannot be rewritten while it is open.',
      suggestion: 'Call shred(db, scope) outside of it.',
    });
  }
  const now = sql.raw(db.engine.dialect.now(3));
  const keys = await db.session({ actor, scope: everyScope }, async (s) => {
    let erased = 0;
    for (const { name } of keyrings) {
      const keyring = sql.table(name);
      // a scope that has no key yet must not get one either
      await sql`insert into ${keyring} (scope, version, wrapped, master_version, shredded_at)
        select ${scope}, 1, null, 0, ${now}
        where not exists (select 1 from ${keyring} where scope = ${scope})
        on conflict do nothing`.execute(s.query);
      // a key that was being added meanwhile is seen once the keys before it are locked
      for (let found = 1n; found > 0n; erased += Number(found)) {
        const { numAffectedRows = 0n } = await sql`update ${keyring} set wrapped = null, shredded_at = ${now}
          where scope = ${scope} and shredded_at is null`.execute(s.query);
        found = numAffectedRows;
      }
    }
    return erased;
  });
  const remains = vacuum ? await db.engine.vacuum(keyrings) : 'The files were not rewritten.';
  return { scope, keys, remains };
};
