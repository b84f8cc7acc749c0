import type { Table } from '../../table/index.js';
import { objectName } from '../shared/names.js';
import type { Retention } from '../shared/retention.js';

/** The record of what left a table. */
export const retirementsName = (table: Table): string => objectName(table.name, 'retirements');

/** The columns by which rows stay and are held: whoever could change them could let a row leave early. */
export const frozenColumns = (table: Table, { column, scope }: Retention): readonly string[] => [
  ...new Set([column, ...table.primaryKey.columns, ...(scope === undefined ? [] : [scope])]),
];
