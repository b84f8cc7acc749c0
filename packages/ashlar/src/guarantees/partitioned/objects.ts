import type { GuaranteeObject, GuardedTable } from '../../contract/guarantee.js';
import { objectName } from '../../sql/object-name.js';

/** The name of the partition that holds what fits no other. */
export const defaultPartition = (table: GuardedTable): string => objectName(table.name, 'default');

/** What all guarantees of a table need on one of its partitions. */
export const partitionObjects = (table: GuardedTable, partition: string): readonly GuaranteeObject[] =>
  table.guarantees.flatMap(({ postgres }) =>
    postgres.level === 'refused' ? [] : (postgres.onPartition?.(table, partition) ?? []),
  );
