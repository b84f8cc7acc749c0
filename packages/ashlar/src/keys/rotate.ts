import { sql } from 'kysely';
import type { TableFacts } from '../contract/table.js';
import { newWrappedKey, rewrappedKey } from '../encryption/index.js';
import { AshlarError } from '../errors.js';
import { everyScope, type Tables } from '../model/index.js';
import type { Database } from '../session/database.js';
import type { SessionContext } from '../session/types.js';
import { keyringsOf } from './keyrings.js';

const batchSize = 500;

interface Wrapped {
  readonly scope: string;
  readonly version: number;
  readonly wrapped: Uint8Array;
  readonly master_version: number;
}

/**
 * Re-encrypts every data key with the current master key, in batches, while sessions may run. Afterwards this
 * database does not need the old master keys. Destroy them once no backup needs them either.
 *
 * @returns the number of data keys rewrapped
 * @throws AshlarError `key-missing`, `key-wrong`
 */
export async function rotateMaster<T extends Tables>(
  db: Database<T>,
  { actor }: Pick<SessionContext, 'actor'> = {},
): Promise<number> {
  let count = 0;
  for (const keys of keyringsOf(db)) {
    for (;;) {
      const done = await db.session({ actor, scope: everyScope }, async (s) => {
        const keyring = sql.table(keys.name);
        const current = db.encryption.masters().current.version;
        const { rows } = await sql<Wrapped>`select scope, version, wrapped, master_version from ${keyring}
          where master_version <> ${current} and shredded_at is null
          order by scope, version limit ${batchSize}`.execute(s.query);
        for (const { scope, version, ...old } of rows) {
          const name = { keyring: keys.name, scope, version };
          const { wrapped, master_version } = rewrappedKey(db.encryption.masters(), name, old);
          // a key that was shredded or rewrapped since it was read stays as it is
          await sql`update ${keyring} set wrapped = ${wrapped}, master_version = ${master_version}
            where scope = ${scope} and version = ${version} and master_version = ${old.master_version}
              and shredded_at is null`.execute(s.query);
        }
        return rows.length;
      });
      count += done;
      if (done < batchSize) break;
    }
  }
  return count;
}

/**
 * Creates a new data key for a scope, which encrypts all values written from now on; existing values still need the
 * earlier keys. {@link reencrypt} re-encrypts existing rows.
 *
 * @returns the version of the new key, by keyring
 * @throws AshlarError `scope-shredded`, `key-missing`; `state-conflict` if the scope has no key yet
 */
export async function rotateDataKey<T extends Tables>(
  db: Database<T>,
  scope: string,
  { actor }: Pick<SessionContext, 'actor'> = {},
): Promise<Readonly<Record<string, number>>> {
  return db.session({ actor, scope: everyScope }, async (s) => {
    const versions: Record<string, number> = {};
    for (const keys of keyringsOf(db)) {
      const { rows } = await sql<{ version: number; shredded_at: string | null }>`
        select version, shredded_at from ${sql.table(keys.name)} where scope = ${scope}
        order by version desc limit 1`.execute(s.query);
      const [newest] = rows;
      if (!newest) continue;
      if (newest.shredded_at !== null) throw shredded(keys, scope);
      const version = newest.version + 1;
      const made = newWrappedKey(db.encryption.masters(), { keyring: keys.name, scope, version });
      await sql`insert into ${sql.table(keys.name)} (scope, version, wrapped, master_version)
        values (${scope}, ${version}, ${made.wrapped}, ${made.master_version})`.execute(s.query);
      versions[keys.name] = version;
    }
    if (Object.keys(versions).length > 0) return versions;
    throw new AshlarError('state-conflict', {
      message: `The scope ${scope} has no data key to rotate.`,
      suggestion: 'Insert a row into the scope first: the first row creates the first data key.',
    });
  });
}

const shredded = (keys: TableFacts, scope: string): AshlarError =>
  new AshlarError('scope-shredded', {
    message: `The data of the scope ${scope} was shredded.`,
    detail: `The keyring ${keys.name} refuses new keys for a shredded scope.`,
    suggestion: 'Use another scope: a shredded scope cannot be used again.',
  });
