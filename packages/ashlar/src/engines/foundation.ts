import type { SqlDialect } from '../contract/dialect.js';
import type { Owner } from '../contract/owner.js';

/**
 * Creates those foundation objects that are missing: Ashlar's own database objects that guarantees rely on. Idempotent.
 */
export async function createFoundation(owner: Owner, dialect: SqlDialect): Promise<void> {
  for (const { exists, create } of dialect.foundation) {
    if ((await owner.run(exists)).length === 0) await owner.script(create);
  }
}
