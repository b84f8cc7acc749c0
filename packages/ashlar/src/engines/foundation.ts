import type { SqlDialect } from '../contract/dialect.js';
import type { Owner } from '../contract/owner.js';

/** Makes what is missing of the objects that guarantees rely on. Changes nothing where all is there. */
export async function layFoundation(owner: Owner, dialect: SqlDialect): Promise<void> {
  for (const { exists, create } of dialect.foundation) {
    if ((await owner.run(exists)).length === 0) await owner.script(create);
  }
}
