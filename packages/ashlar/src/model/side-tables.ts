import type { GuaranteeObject, GuardedTable } from '../contract/guarantee.js';
import type { SqlName } from '../contract/sql.js';

/** Returns the database objects that the guarantees of a table add in one SQL dialect. */
export function sideObjects(table: GuardedTable, dialect: SqlName): readonly GuaranteeObject[] {
  return table.guarantees.flatMap((guarantee) => {
    const enforcement = guarantee[dialect];
    return enforcement.level === 'refused' ? [] : enforcement.objects(table);
  });
}

/** A table that a guarantee adds for the table which declares it. */
export interface SideTable {
  readonly name: string;
  readonly guarantee: string;
  /** As {@link GuaranteeObject.since}. */
  readonly since: number;
}

/** Returns the tables that the guarantees of a table add in one SQL dialect. */
export function sideTables(table: GuardedTable, dialect: SqlName): readonly SideTable[] {
  return table.guarantees.flatMap(({ name: guarantee, [dialect]: enforcement }) =>
    enforcement.level === 'refused'
      ? []
      : enforcement
          .objects(table)
          .flatMap(({ type, name, since = 1 }) => (type === 'table' ? [{ name, guarantee, since }] : [])),
  );
}

/**
 * Returns the side tables of a scoped table; the application's role has no rights on them. They may hold values of every
 * scope, so no session reads them in a scope: Ashlar, the owner and the auditor do.
 */
export function hiddenTables(table: GuardedTable, dialect: SqlName): readonly SideTable[] {
  return table.facts.scope === undefined ? [] : sideTables(table, dialect);
}
