import { sql } from 'kysely';
import { everyScope, type Tables } from '../model/index.js';
import type { Database } from '../session/database.js';
import { keyringsOf } from './keyrings.js';

/** The number of scopes in a keyring, and the number of data keys that each master key wraps. */
export interface KeyringStatus {
  readonly keyring: string;
  readonly scopes: number;
  /** The number of scopes whose keys were erased. */
  readonly shredded: number;
  /**
   * The number of data keys that each master key wraps, by the version of the master key. The keyring does not need
   * any other version.
   */
  readonly wrappedBy: Readonly<Record<number, number>>;
}

/**
 * Counts the scopes and data keys in the keyrings of a system, which shows the master keys that are still needed.
 *
 * @throws AshlarError `usage` if the system has no encrypted column
 */
export async function keyringStatus<T extends Tables>(db: Database<T>): Promise<readonly KeyringStatus[]> {
  const all: KeyringStatus[] = [];
  for (const { name } of keyringsOf(db)) {
    const { rows } = await db.read({ scope: everyScope }, (s) =>
      sql<{ master_version: number; keys: unknown }>`select master_version, count(*) as keys
        from ${sql.table(name)} where shredded_at is null group by master_version`.execute(s.query),
    );
    const scopes = await db.read({ scope: everyScope }, (s) =>
      sql<{ all: unknown; shredded: unknown }>`select count(distinct scope) as "all",
        count(distinct case when shredded_at is null then null else scope end) as shredded
        from ${sql.table(name)}`.execute(s.query),
    );
    all.push({
      keyring: name,
      scopes: Number(scopes.rows[0]?.all),
      shredded: Number(scopes.rows[0]?.shredded),
      wrappedBy: Object.fromEntries(rows.map(({ master_version, keys }) => [master_version, Number(keys)])),
    });
  }
  return all;
}
