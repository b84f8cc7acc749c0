import type { SqlDialect } from '../contract/dialect.js';
import type { Owner } from '../contract/owner.js';

/** Creates the missing foundation objects: the database objects of Ashlar that guarantees rely on. Idempotent. */
export async function createFoundation(owner: Owner, dialect: SqlDialect): Promise<void> {
  for (const { exists, create } of dialect.foundation) {
    if ((await owner.run(exists)).length === 0) await owner.script(create);
  }
}
