import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { indexObject } from '../../sql/index-object.js';
import { objectName } from '../../sql/object-name.js';
import { isUnique } from '../shared/declaration.js';
import type { VersionedColumns } from './columns.js';

/**
 * The unique indexes that keep a chain of versions from forking, and the index that finds the current version. The latter
 * is not unique: the database checks an index when the successor is inserted, but its predecessor stops being current only
 * after that. The rules on insert and update ensure one current version for each key instead.
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
