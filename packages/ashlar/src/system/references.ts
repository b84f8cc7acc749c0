import type { GuardedTable } from '../contract/guarantee.js';
import type { ForeignKey } from '../contract/table.js';
import { AshlarError } from '../errors.js';
import { propertiesOf } from '../model/index.js';

/**
 * Throws if a foreign key of a system's tables refers to columns that are no key, which neither engine accepts. A table
 * that is not one of these tables may belong to another system.
 *
 * @throws AshlarError `table-invalid`
 */
export function assertReferences(tables: readonly GuardedTable[]): void {
  const byName = new Map(tables.map((table) => [table.name, table]));
  for (const table of tables) {
    for (const key of table.foreignKeys) {
      const target = byName.get(key.target.table);
      if (target && !isKey(target, key.target.columns)) throw noKey(table, key);
    }
  }
}

const isKey = (table: GuardedTable, columns: readonly string[]): boolean =>
  [
    table.primaryKey,
    ...table.uniques.filter(({ nullsEqual }) => nullsEqual.length === 0),
    ...table.indexes.filter(({ unique, where }) => unique && where === undefined),
  ].some(
    (key) => key.columns.length === columns.length && key.columns.every((name) => columns.includes(name)),
  );

const noKey = (table: GuardedTable, { columns, name, target }: ForeignKey): AshlarError =>
  new AshlarError('table-invalid', {
    message: `Table ${table.name}: the foreign key of ${columns.join(', ')} refers to ${target.table} (${target.columns.join(', ')}), which is no key.`,
    detail:
      'A foreign key refers to the columns of a primary key or of a unique key in which each NULL is distinct.',
    suggestion: `Refer to the primary key of ${target.table}, or declare unique(…) over these columns there.`,
    facts: { table: table.name, columns: propertiesOf(table, columns), constraint: name },
  });
