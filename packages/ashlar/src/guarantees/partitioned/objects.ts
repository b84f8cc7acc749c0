import type { GuaranteeObject, Table } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';

/** The name of the partition that holds what fits no other. */
export const defaultPartition = (table: Table): string => objectName(table.name, 'default');

/** What all guarantees of a table need on one of its partitions. */
export const partitionObjects = (table: Table, partition: string): readonly GuaranteeObject[] =>
  table.guarantees.flatMap(({ postgres }) =>
    postgres.level === 'refused' ? [] : (postgres.onPartition?.(table, partition) ?? []),
  );
