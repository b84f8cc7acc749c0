import type { TableFacts } from '../contract/table.js';
import { invalidTable } from './invalid-table.js';
import { assertName } from './names.js';
import type { Parts } from './table-parts.js';

/**
 * Refuses keys that cannot hold. @returns the columns of the primary key
 *
 * @throws AshlarError `table-invalid`
 */
export function assertKeys(table: string, columns: TableFacts['columns'], parts: Parts): string[] {
  const [primary, another] = parts.primaryKeys;
  if (!primary)
    throw invalidTable(table, 'there is no primary key.', 'Add one: id: id(), or primaryKey(c.a, c.b).');
  if (another) {
    throw invalidTable(
      table,
      `there are two primary keys: ${primary.join(', ')} and ${another.join(', ')}.`,
      'Keep one; unique(…) makes the other.',
    );
  }
  for (const name of primary) {
    if (columns[name]?.nullable)
      throw invalidTable(table, `the primary key column ${name} is nullable.`, 'Remove .nullable().');
  }
  for (const column of Object.values(columns)) {
    if (column.generated === 'identity' && (primary.length !== 1 || primary[0] !== column.name)) {
      throw invalidTable(
        table,
        `${column.name} counts by itself but is not the primary key.`,
        'Let autoincrement() be the primary key.',
      );
    }
  }
  for (const key of parts.foreignKeys) {
    if (key.onDelete === 'set null' && key.columns.some((name) => !columns[name]?.nullable)) {
      throw invalidTable(
        table,
        `${key.columns.join(', ')} cannot be set to null.`,
        'Make it .nullable(), or choose another onDelete.',
      );
    }
  }
  return primary;
}

/**
 * Refuses names of constraints and indexes that an engine would not take, and names that are used twice.
 *
 * @throws AshlarError `table-invalid`
 */
export function assertNames(table: string, columns: TableFacts['columns'], parts: Parts): void {
  const named = [...parts.uniques, ...parts.foreignKeys, ...parts.checks, ...parts.indexes].map(
    (part) => part.name,
  );
  const checked = Object.keys(columns).map((name) => `${table}_${name}_check`);
  const seen = new Set([`${table}_pkey`]);
  for (const name of [...named, ...checked]) {
    assertName('A constraint or index', name);
    if (seen.has(name))
      throw invalidTable(
        table,
        `two constraints or indexes are named ${name}.`,
        'Give one of them { name }.',
      );
    seen.add(name);
  }
}
