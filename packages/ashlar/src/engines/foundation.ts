import type { SqlDialect } from '../contract/dialect.js';
import type { Owner } from '../contract/owner.js';

/** Creates the objects that guarantees rely on, where they are missing or outdated. */
export async function layFoundation(owner: Owner, dialect: SqlDialect): Promise<void> {
  for (const { exists, create } of dialect.foundation) {
    if ((await owner.run(exists)).length === 0) await owner.script(create);
  }
}
