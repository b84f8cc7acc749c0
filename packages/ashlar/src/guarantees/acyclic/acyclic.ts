import type { Probe } from '../../contract/attack.js';
import type { Column } from '../../contract/column.js';
import type { Guarantee } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { invalidTable } from '../../model/invalid-table.js';
import { assertOwn } from '../shared/declaration.js';
import { acyclicAttacks } from './attacks.js';
import { acyclicData } from './data.js';
import { acyclicOnPostgres } from './postgres.js';
import { acyclicOnSqlite } from './sqlite.js';
import { treeOf } from './tree.js';

/**
 * Guarantees that no row is its own ancestor: following `parent` upward always ends, even if several sessions move rows
 * at the same time.
 *
 * @param parent - a nullable column that refers to the table's own primary key, alone or together with others
 * @throws AshlarError `table-invalid`, when the table is declared, if the column does not
 *
 * @example
 * table('folders', { id: id(), parent_id: z.uuid().nullable() }, (c) => [references(c.parent_id, c.id), acyclic(c.parent_id)]);
 */
export function acyclic(parent: Column): Guarantee {
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'acyclic',
    summary: 'No row is its own ancestor: following the parents always ends.',
    columns: [parent?.name],
    conflicts: [
      {
        fact: 'partition' as const,
        why: 'A parent is found by a primary key of one column, but the primary key of a partitioned table also contains its month column.',
        suggestion: 'Remove one of the two guarantees.',
      },
    ],
    validate: (table: TableFacts) => {
      assertOwn(table, 'acyclic', [parent]);
      if (!parent.nullable)
        throw invalidTable(
          table.name,
          `${parent.name} is not nullable, so no row can be the root.`,
          'Add .nullable().',
        );
      treeOf(table, parent);
    },
    sqlite: {
      level: 'enforced' as const,
      objects: (table: TableFacts) => acyclicOnSqlite(table, treeOf(table, parent)),
    },
    postgres: {
      level: 'enforced' as const,
      objects: (table: TableFacts) => acyclicOnPostgres(table, treeOf(table, parent)),
    },
    attacks: (table: TableFacts, probe: Probe) => acyclicAttacks(table, probe, treeOf(table, parent)),
    data: (table: TableFacts) => acyclicData(table, treeOf(table, parent)),
  });
}
