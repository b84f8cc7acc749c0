import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { Retention } from '../../contract/retention.js';
import type { TableFacts } from '../../contract/table.js';
import { isIndexed } from '../shared/declaration.js';
import { indexObject } from '../shared/index-object.js';
import { objectName } from '../shared/names.js';

/** The record of what left a table. */
export const purgesName = (table: TableFacts): string => objectName(table.name, 'purges');

/** The columns by which rows stay and are held: whoever could change them could let a row leave early. */
export const frozenColumns = (table: TableFacts, { column, scope }: Retention): readonly string[] => [
  ...new Set([column, ...table.primaryKey.columns, ...(scope === undefined ? [] : [scope])]),
];

/** The index that finds the oldest rows; where a table lies in months of its clock, or has such an index, there is none. */
export const clockIndex = (table: TableFacts, { column }: Retention): readonly GuaranteeObject[] =>
  isIndexed(table, [column]) || table.facts.partition?.column === column
    ? []
    : [indexObject(objectName(table.name, 'retained_idx'), table.name, [column])];
