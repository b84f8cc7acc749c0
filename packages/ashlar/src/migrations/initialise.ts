import type { Foundation, SqlDialect } from '../contract/dialect.js';
import type { Owner } from '../contract/owner.js';
import { missingOf } from '../engines/foundation.js';
import { assertUsable, packageVersion, readFoundation, versionSql } from './foundation.js';
import { historySql } from './history-sql.js';

/**
 * Creates the objects that Ashlar itself needs in a database, such as the table of applied steps, if they are missing. A
 * database whose objects have another version than this release keeps them: they are not this release's to repair.
 *
 * @param actor - who is recorded with the versions of a new database
 * @throws AshlarError `database-newer`
 */
export async function ensureHistory(
  owner: Owner,
  dialect: SqlDialect,
  actor: string,
  foundation: Foundation = dialect,
): Promise<void> {
  const history = historySql[dialect.name];
  const missing = await missingOf(owner, [...foundation.foundation, history]);
  const isNew = missing.includes(history);
  if (!isNew) {
    const state = await readFoundation(owner);
    assertUsable(state, foundation);
    if (state.version !== packageVersion(foundation)) return;
  }
  for (const { create } of missing) await owner.script(create);
  if (!isNew) return;
  for (const version of foundation.foundationVersions)
    await owner.script(versionSql(dialect, version, actor, 0));
}
