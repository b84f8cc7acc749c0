import type { SchemaTable } from '../../../contract/schema.js';
import { referredTables } from '../../../sql/code.js';

/**
 * Returns the names of the tables that a table's foreign keys reference, including its own name if it references
 * itself.
 */
export function referenced(table: SchemaTable): Set<string> {
  const texts = [
    ...table.columns.map(({ rest }) => rest),
    ...table.constraints.map(({ definition }) => definition),
  ];
  return new Set(texts.flatMap((text) => referredTables(text, 'sqlite')));
}

/**
 * Sorts tables so that each table comes after the tables that it references; in a cycle of references, one reference is
 * ignored.
 */
export function parentsFirst(tables: readonly SchemaTable[]): SchemaTable[] {
  const waiting = new Map(tables.map((table) => [table.name, table]));
  const ordered: SchemaTable[] = [];
  const visit = (table: SchemaTable): void => {
    if (!waiting.delete(table.name)) return;
    for (const name of referenced(table)) {
      const parent = waiting.get(name);
      if (parent) visit(parent);
    }
    ordered.push(table);
  };
  for (const table of tables) visit(table);
  return ordered;
}
