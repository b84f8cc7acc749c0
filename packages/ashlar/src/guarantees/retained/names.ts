import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { Retention } from '../../contract/retention.js';
import type { TableFacts } from '../../contract/table.js';
import { indexObject } from '../../sql/index-object.js';
import { objectName } from '../../sql/object-name.js';
import { isIndexed } from '../shared/declaration.js';

/** The name of the side table that records purges. */
export function purgesName(table: TableFacts): string {
  return objectName(table.name, 'purges');
}

/**
 * The columns that decide when a row expires and whether a hold covers it: changing them could make a row expire early.
 */
export function frozenColumns(table: TableFacts, { column, scope }: Retention): readonly string[] {
  return [...new Set([column, ...table.primaryKey.columns, ...(scope === undefined ? [] : [scope])])];
}

/**
 * The index to create for finding the oldest rows; none if the table already has such an index or is partitioned by the
 * retention column, or belongs to another tool, which would drop the index.
 */
export function clockIndex(table: TableFacts, { column }: Retention): readonly GuaranteeObject[] {
  return table.external || isIndexed(table, [column]) || table.facts.partition?.column === column
    ? []
    : [indexObject(objectName(table.name, 'retained_idx'), table.name, [column])];
}
