import { join } from 'node:path';
import type { SqlName } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import { dialects } from '../engines/open.js';
import { schemaOfSteps } from './shadow.js';
import { folderPath, readSteps } from './steps.js';

/**
 * What all steps of a system make, as text: committed as `schema.sqlite.sql` and `schema.postgres.sql` beside the
 * migrations folder, so that a reviewer sees the whole and a test sees a difference.
 *
 * @throws AshlarError `migration-failed`, `migration-invalid`, `driver-missing`
 */
export const dumpSchema = async (system: SystemFacts, dialectName: SqlName): Promise<string> => {
  const dialect = await dialects[dialectName]();
  const schema = await schemaOfSteps(dialect, await readSteps(system.migrations, dialectName));
  return dialect.dump(schema);
};

/** Where the dump of a system is committed. */
export const dumpFile = (system: SystemFacts, dialect: SqlName): string =>
  join(folderPath(system.migrations), '..', `schema.${dialect}.sql`);
