import type { TableFacts } from '../../contract/table.js';
import { literal } from '../../model/index.js';
import { sql } from '../../sql/template.js';

/** The transaction-local setting of Postgres that names the table whose expired rows may be deleted; only the owner's counts. */
export const purgingSetting = 'ashlar.purging';

/** In a trigger function of Postgres: the condition that a purge of this table runs, as the owner of the trigger's table. */
export function isPurgingOnPostgres({ name }: Pick<TableFacts, 'name'>): string {
  return sql`
    current_setting('${purgingSetting}', true) IS NOT DISTINCT FROM ${literal(name)}
      AND (SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = TG_RELID)
  `;
}

/** In a trigger of SQLite: the condition that a purge of this table runs. SQLite cannot tell who runs it. */
export function isPurgingOnSqlite({ name }: Pick<TableFacts, 'name'>): string {
  return `EXISTS (SELECT 1 FROM ashlar_purge WHERE table_name = ${literal(name)})`;
}
