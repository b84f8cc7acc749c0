import type { GuaranteeObject, GuardedTable } from '../../contract/guarantee.js';
import { objectName } from '../../sql/object-name.js';

/** The name of the default partition, for rows of months without a partition. */
export function defaultPartition(table: GuardedTable): string {
  return objectName(table.name, 'default');
}

/** The objects that the guarantees of a table need on one of its partitions. */
export function partitionObjects(table: GuardedTable, partition: string): readonly GuaranteeObject[] {
  return table.guarantees.flatMap(({ postgres }) =>
    postgres.level === 'refused' ? [] : (postgres.onPartition?.(table, partition) ?? []),
  );
}
