import type { GuaranteeObject, GuardedTable } from '../contract/guarantee.js';
import type { SqlName } from '../contract/sql.js';

/** Everything that the guarantees of a table put beside it on one kind of engine. */
export function sideObjects(table: GuardedTable, dialect: SqlName): readonly GuaranteeObject[] {
  return table.guarantees.flatMap((guarantee) => {
    const enforcement = guarantee[dialect];
    return enforcement.level === 'refused' ? [] : enforcement.objects(table);
  });
}

/**
 * The tables beside a scoped one, by name. They may hold what stands in rows of every scope, so no session reads them
 * in a scope: Ashlar itself, the owner and the auditor do.
 */
export function hiddenTables(table: GuardedTable, dialect: SqlName): readonly string[] {
  return table.facts.scope === undefined
    ? []
    : sideObjects(table, dialect).flatMap(({ type, name }) => (type === 'table' ? [name] : []));
}
