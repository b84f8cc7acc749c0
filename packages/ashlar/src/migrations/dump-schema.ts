import { join } from 'node:path';
import { dialects } from '../engines/open.js';
import type { SqlName } from '../model/index.js';
import type { System } from '../model/system.js';
import { schemaOfSteps } from './shadow.js';
import { folderPath, readSteps } from './steps.js';

/**
 * The schema that all steps of a system make, as text: committed as `schema.sqlite.sql` and `schema.postgres.sql` next to
 * the migrations folder, so that reviewers see the whole schema and a test finds differences.
 *
 * @throws AshlarError `migration-failed`, `migration-invalid`, `driver-missing`
 */
export async function dumpSchema(system: System, dialectName: SqlName): Promise<string> {
  const dialect = await dialects[dialectName]();
  const schema = await schemaOfSteps(dialect, await readSteps(system.migrations, dialectName));
  return dialect.dump(schema);
}

/** Where the dump of a system is committed. */
export function dumpFile(system: System, dialect: SqlName): string {
  return join(folderPath(system.migrations), '..', `schema.${dialect}.sql`);
}
