import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { indexObject } from '../../sql/index-object.js';
import { objectName } from '../../sql/object-name.js';
import { isUnique } from '../shared/declaration.js';
import type { VersionedColumns } from './columns.js';

/**
 * The indexes that keep a chain from forking, and the one that finds the current version. That one is not unique: an
 * index is checked when the successor is inserted, which is before its predecessor can be retired by a rule that asks
 * whether there is a successor. One current version a key follows from the rules on insert and update instead.
 */
export function versionIndexes(
  table: TableFacts,
  { key, version, current, previous }: VersionedColumns,
): readonly GuaranteeObject[] {
  return [
    ...(isUnique(table, [...key, version])
      ? []
      : [
          indexObject(objectName(table.name, ...key, version, 'idx'), table.name, [...key, version], {
            unique: true,
          }),
        ]),
    ...(isUnique(table, [previous])
      ? []
      : [indexObject(objectName(table.name, previous, 'idx'), table.name, [previous], { unique: true })]),
    indexObject(objectName(table.name, ...key, 'current_idx'), table.name, key, {
      where: identifier(current),
    }),
  ];
}
