import type { GuaranteeObject, GuardedTable } from '../contract/guarantee.js';
import type { SqlName } from '../contract/sql.js';

/** The objects that the guarantees of a table add on one kind of engine. */
export function sideObjects(table: GuardedTable, dialect: SqlName): readonly GuaranteeObject[] {
  return table.guarantees.flatMap((guarantee) => {
    const enforcement = guarantee[dialect];
    return enforcement.level === 'refused' ? [] : enforcement.objects(table);
  });
}

/**
 * The names of the side tables of a scoped table. They may hold values of every scope, so no session reads them in a
 * scope: Ashlar, the owner and the auditor do.
 */
export function hiddenTables(table: GuardedTable, dialect: SqlName): readonly string[] {
  return table.facts.scope === undefined
    ? []
    : sideObjects(table, dialect).flatMap(({ type, name }) => (type === 'table' ? [name] : []));
}
