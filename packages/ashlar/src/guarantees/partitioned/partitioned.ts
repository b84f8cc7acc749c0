import type { Probe } from '../../contract/attack.js';
import type { Column } from '../../contract/column.js';
import type { Guarantee, GuaranteeObject, GuardedTable, MaintenanceTools } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { invalidTable } from '../../model/invalid-table.js';
import { uniqueExpressions } from '../../sql/declared-indexes.js';
import { indexObject } from '../../sql/index-object.js';
import { objectName } from '../../sql/object-name.js';
import { assertOwn } from '../shared/declaration.js';
import { partitionedAttacks } from './attacks.js';
import { inspectPartitions } from './inspect.js';
import { maintainPartitions } from './maintenance.js';
import { makeRoom } from './make-room.js';
import { defaultPartition, partitionObjects } from './objects.js';

/** How a table is partitioned. */
export interface PartitionedOptions {
  readonly by: 'month';
  /** The number of months after the current one for which partitions are created in advance: 3 to 120. Default 14. */
  readonly ahead?: number;
}

/**
 * Guarantees that no insert fails because a partition is missing; the rows of an old month can be deleted by dropping
 * its partition.
 *
 * Months are those of UTC. Rows of a month without a partition go to a default partition until maintenance moves them.
 *
 * @param column - a timestamp that is part of the primary key and of every unique key
 * @throws AshlarError `table-invalid`, when the table is declared, if the column or a key does not suit it
 *
 * @example
 * partitioned(c.created_at, { by: 'month' })
 */
export function partitioned(column: Column, { ahead = 14 }: PartitionedOptions): Guarantee {
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'partitioned',
    summary:
      'No insert fails because a partition is missing; an old month can be dropped as a whole partition.',
    facts: () => ({ partition: { column: column?.name } }),
    validate: (table: TableFacts) => {
      assertOwn(table, 'partitioned', [column]);
      assertPartitionable(table, column);
      if (!Number.isInteger(ahead) || ahead < 3 || ahead > 120) {
        throw invalidTable(
          table.name,
          `partitions cannot be created ${ahead} months ahead.`,
          'Choose a whole number from 3 to 120.',
        );
      }
    },
    sqlite: {
      level: 'emulated' as const,
      weaker: `One table with an index on ${column.name}; the rows of old months are deleted in ranges, since there is no partition to drop.`,
      objects: (table: GuardedTable) => indexOnSqlite(table, column),
    },
    postgres: {
      level: 'enforced' as const,
      clause: () => `PARTITION BY RANGE (${identifier(column.name)})`,
      objects: defaultOnPostgres,
      maintain: (table: GuardedTable, tools: MaintenanceTools) =>
        maintainPartitions({ table, column: column.name, ahead }, tools),
      makeRoom: (table: GuardedTable, months: readonly string[], tools: MaintenanceTools) =>
        makeRoom({ table, column: column.name, ahead }, months, tools),
      inspect: (table: GuardedTable, tools: MaintenanceTools) =>
        inspectPartitions({ table, column: column.name, ahead }, tools),
      // with a column of the database's clock, every new row belongs to this month
      rights: () => (column.generated === 'now' ? { notInsertable: [column.name] } : {}),
    },
    attacks: (table: GuardedTable, probe: Probe) => partitionedAttacks(table, probe, column.name),
  });
}

const assertPartitionable = (table: TableFacts, column: Column): void => {
  if (column.kind !== 'timestamp') {
    throw invalidTable(
      table.name,
      `${column.name} is not a timestamp, so it has no month.`,
      'Partition by a timestamp() or createdAt().',
    );
  }
  if (column.nullable)
    throw invalidTable(
      table.name,
      `${column.name} is nullable, but each row must belong to a month.`,
      'Remove .nullable().',
    );
  const unique = table.indexes.filter((index) => index.unique);
  const overExpressions = uniqueExpressions(table).map(({ name, parts }) => ({ name, columns: parts }));
  const lacking = [table.primaryKey, ...table.uniques, ...unique, ...overExpressions].find(
    (key) => !key.columns.includes(column.name),
  );
  if (lacking) {
    throw invalidTable(
      table.name,
      `${lacking.name} does not contain ${column.name}, by which the table is partitioned.`,
      `PostgreSQL enforces a unique key only within a partition: add c.${column.name} to the key, or move the unique value to a separate table.`,
    );
  }
};

const indexOnSqlite = (table: GuardedTable, column: Column): readonly GuaranteeObject[] => {
  const keys = [
    table.primaryKey,
    ...table.uniques,
    ...table.indexes.filter((index) => index.where === undefined),
  ];
  if (keys.some((key) => key.columns[0] === column.name)) return [];
  return [indexObject(objectName(table.name, column.name, 'idx'), table.name, [column.name])];
};

const defaultOnPostgres = (table: GuardedTable): readonly GuaranteeObject[] => {
  const name = defaultPartition(table);
  return [
    {
      type: 'table',
      name,
      sql: `CREATE TABLE ${identifier(name)} PARTITION OF ${identifier(table.name)} DEFAULT`,
    },
    ...partitionObjects(table, name),
  ];
};
