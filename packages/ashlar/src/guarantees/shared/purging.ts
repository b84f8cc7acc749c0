import type { TableFacts } from '../../contract/table.js';
import { literal } from '../../model/index.js';
import { sql } from '../../sql/template.js';

/** The transaction-local setting of PostgreSQL that names the table being purged. It has an effect for the table's owner only. */
export const purgingSetting = 'ashlar.purging';

/** A condition for trigger functions of PostgreSQL: this table is being purged by an owner of the trigger's table. */
export function isPurgingOnPostgres({ name }: Pick<TableFacts, 'name'>): string {
  return sql`
    current_setting('${purgingSetting}', true) IS NOT DISTINCT FROM ${literal(name)}
      AND (SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = TG_RELID)
  `;
}

/** A condition for triggers of SQLite: this table is being purged. SQLite has no roles, so it cannot check by whom. */
export function isPurgingOnSqlite({ name }: Pick<TableFacts, 'name'>): string {
  return `EXISTS (SELECT 1 FROM ashlar_purge WHERE table_name = ${literal(name)})`;
}
