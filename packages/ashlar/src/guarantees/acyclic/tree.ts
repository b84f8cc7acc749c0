import type { Column } from '../../contract/column.js';
import type { ForeignKey, TableFacts } from '../../contract/table.js';
import { invalidTable } from '../../model/invalid-table.js';

/** A table whose rows form trees. */
export interface Tree {
  readonly id: string;
  readonly parent: string;
  /** The foreign key from the table to itself; it may contain more columns, such as the scope of both rows. */
  readonly link: ForeignKey;
}

/**
 * Finds the foreign key by which a parent column makes the rows of a table form trees.
 *
 * @throws AshlarError `table-invalid` if the column does not refer to the table’s own primary key
 */
export function treeOf(table: TableFacts, parent: Column): Tree {
  const [id = '', ...others] = table.primaryKey.columns;
  const link = table.foreignKeys.find(
    ({ columns, target }) =>
      target.table === table.name && target.columns[columns.indexOf(parent.name)] === id,
  );
  if (link && others.length === 0) return { id, parent: parent.name, link };
  throw invalidTable(
    table.name,
    `${parent.name} does not refer to the table’s own primary key.`,
    'Add references(c.parent_id, c.id); c.id must be a primary key of one column.',
  );
}
