import type { GuardedTable } from '../../contract/guarantee.js';
import type { SchemaColumn } from '../../contract/schema.js';
import type { SqlName } from '../../contract/sql.js';
import { refused } from './refused.js';

/** The table whose rows would be filled, and the dialect. */
export interface Filled {
  readonly table: GuardedTable;
  readonly comparison: { readonly dialect: { readonly name: SqlName } };
}

/**
 * Throws if a guarantee refuses or records the fill of columns. A fill in place of NULL changes data, and may be recorded
 * as such; a copy from one column to another does not.
 *
 * @throws AshlarError `expansion-refused`
 */
export function assertCanBeFilled(
  { table, comparison }: Filled,
  columns: readonly SchemaColumn[],
  kind: 'required' | 'replaced',
): void {
  const { facts, name } = table;
  const never: readonly (readonly [holds: boolean, why: string])[] = [
    [facts.appendOnly !== undefined, 'its rows are never updated (append-only)'],
    [facts.versions !== undefined, 'its rows are never updated (versioned)'],
    [facts.ledger !== undefined, 'its rows are entries of a ledger'],
    [facts.trail === true, 'it is an audit trail'],
    [facts.keyring === true, 'it holds data keys'],
    [
      facts.partition !== undefined && comparison.dialect.name === 'postgres',
      'it is partitioned, and its rows cannot be filled by key',
    ],
    [
      kind === 'replaced' && facts.audited !== undefined,
      'it is audited, and the copy of each row would be a line of the audit trail',
    ],
  ];
  for (const [holds, why] of never) if (holds) throw refused(name, why);
  for (const column of columns) {
    if (facts.encryption?.columns.some((one) => one.name === column.name))
      throw refused(name, `${column.name} is encrypted, and the database has no key`);
    const guarantee = table.guarantees.find((one) => one.columns?.includes(column.name));
    if (guarantee) throw refused(name, `${guarantee.name} is declared over ${column.name}`);
  }
}
