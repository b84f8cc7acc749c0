import type { GuaranteeObject, GuardedTable } from '../contract/guarantee.js';
import type { SqlName } from '../contract/sql.js';

/** Returns the database objects that the guarantees of a table add in one SQL dialect. */
export function sideObjects(table: GuardedTable, dialect: SqlName): readonly GuaranteeObject[] {
  return table.guarantees.flatMap((guarantee) => {
    const enforcement = guarantee[dialect];
    return enforcement.level === 'refused' ? [] : enforcement.objects(table);
  });
}

/**
 * Returns the names of a scoped table's side tables; the application's role has no rights on them. They may hold values
 * of every scope, so no session reads them in a scope: Ashlar, the owner and the auditor do.
 */
export function hiddenTables(table: GuardedTable, dialect: SqlName): readonly string[] {
  return table.facts.scope === undefined
    ? []
    : sideObjects(table, dialect).flatMap(({ type, name }) => (type === 'table' ? [name] : []));
}
