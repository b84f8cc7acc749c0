import type { GuaranteeObject, GuardedTable } from '../../contract/guarantee.js';
import { objectName } from '../../sql/object-name.js';

/** The name of the partition that holds what fits no other. */
export function defaultPartition(table: GuardedTable): string {
  return objectName(table.name, 'default');
}

/** What all guarantees of a table need on one of its partitions. */
export function partitionObjects(table: GuardedTable, partition: string): readonly GuaranteeObject[] {
  return table.guarantees.flatMap(({ postgres }) =>
    postgres.level === 'refused' ? [] : (postgres.onPartition?.(table, partition) ?? []),
  );
}
