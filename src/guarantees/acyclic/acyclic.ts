import type { Column, ForeignKey, Guarantee, Probe, Table } from '../../table/index.js';
import { assertOwn, unfit } from '../shared/declaration.js';
import { acyclicAttacks } from './attacks.js';
import { acyclicOnPostgres } from './postgres.js';
import { acyclicOnSqlite } from './sqlite.js';

/** A table whose rows stand under each other. */
export interface Tree {
  readonly id: string;
  readonly parent: string;
  /** What says that a parent is a row of the same table; it may name more, such as whose both are. */
  readonly link: ForeignKey;
}

/**
 * No row stands above itself: who follows `parent` upward comes to an end, also where rows are moved at the same time.
 *
 * @param parent - a nullable column that refers to the table's own primary key, alone or together with others
 * @throws AshlarError `table-invalid`, when the table is declared, if the column does not refer to it
 *
 * @example
 * table('folders', { id: id(), parent_id: z.uuid().nullable() }, (c) => [references(c.parent_id, c.id), acyclic(c.parent_id)]);
 */
export const acyclic = (parent: Column): Guarantee =>
  Object.freeze({
    kind: 'guarantee' as const,
    name: 'acyclic',
    promise: 'No row stands above itself: who follows its parents comes to an end.',
    validate: (table: Table) => {
      assertOwn(table, 'acyclic', [parent]);
      if (!parent.nullable)
        throw unfit(
          table,
          `${parent.name} is not nullable, so no row could be the first.`,
          'Add .nullable().',
        );
      treeOf(table, parent);
    },
    sqlite: {
      level: 'enforced' as const,
      objects: (table: Table) => acyclicOnSqlite(table, treeOf(table, parent)),
    },
    postgres: {
      level: 'enforced' as const,
      objects: (table: Table) => acyclicOnPostgres(table, treeOf(table, parent)),
    },
    attacks: (table: Table, probe: Probe) => acyclicAttacks(table, probe, treeOf(table, parent)),
  });

const treeOf = (table: Table, parent: Column): Tree => {
  const [id = '', ...others] = table.primaryKey.columns;
  const link = table.foreignKeys.find(
    ({ columns, target }) =>
      target.table === table.name && target.columns[columns.indexOf(parent.name)] === id,
  );
  if (link && others.length === 0) return { id, parent: parent.name, link };
  throw unfit(
    table,
    `${parent.name} does not refer to the table’s own primary key.`,
    'Add references(c.parent_id, c.id), to a primary key of one column.',
  );
};
