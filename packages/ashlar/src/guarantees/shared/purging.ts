import type { TableFacts } from '../../contract/table.js';
import { literal } from '../../model/index.js';
import { sql } from '../../sql/template.js';

/** The transaction-local setting of Postgres that names the table whose due rows may leave; for its owner alone it counts. */
export const purgingSetting = 'ashlar.purging';

/** In a trigger function of Postgres: that a retirement of this table runs, by somebody who owns the trigger's table. */
export function isPurgingOnPostgres({ name }: Pick<TableFacts, 'name'>): string {
  return sql`
    current_setting('${purgingSetting}', true) IS NOT DISTINCT FROM ${literal(name)}
      AND (SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = TG_RELID)
  `;
}

/** In a trigger of SQLite: that a retirement of this table runs. A file cannot ask by whom. */
export function isPurgingOnSqlite({ name }: Pick<TableFacts, 'name'>): string {
  return `EXISTS (SELECT 1 FROM ashlar_purge WHERE table_name = ${literal(name)})`;
}
