import type { GuardedTable } from '../../contract/guarantee.js';
import type { RunSql } from '../../contract/sql.js';
import { AshlarError } from '../../errors.js';
import { identifier } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { revokeAll } from '../../sql/postgres-rights.js';
import { sql } from '../../sql/template.js';
import { value, within } from './catalogue.js';
import { type Month, monthName, startOf } from './months.js';
import { partitionObjects } from './objects.js';

/** The name of a partition: `audit_logs_2026_11`, or `audit_logs_2028_01_2028_03` for several months. */
export function partitionName(table: GuardedTable, first: Month, last: Month): string {
  return objectName(table.name, monthName(first), ...(last > first ? [monthName(last)] : []));
}

/**
 * Creates a table that is not yet a partition, but can be attached as one later. The CHECK of its range makes the scan
 * unnecessary when it is attached.
 *
 * @throws AshlarError `partition-conflict` when the name is taken
 */
export async function makeAside(
  run: RunSql,
  table: GuardedTable,
  name: string,
  range?: { readonly column: string; readonly first: Month; readonly last: Month },
): Promise<void> {
  await assertNameFree(run, table, name);
  const check = range
    ? `,\n  CONSTRAINT ${identifier(rangeCheck(name))} CHECK (${within(range.column, range.first, range.last)})`
    : '';
  await run(sql`
    CREATE TABLE ${identifier(name)} (
      LIKE ${identifier(table.name)}
        INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION${check}
    )
  `);
  // default privileges on new tables would bypass the privileges of the partitioned table
  await run(revokeAll(name));
}

/** A table to attach as the partition of the months from `first` to `last`. */
export interface MonthsToAttach {
  readonly run: RunSql;
  readonly table: GuardedTable;
  readonly name: string;
  readonly first: Month;
  readonly last: Month;
}

/** Attaches a table as the partition of the months from `first` to `last`. */
export async function attachMonths({ run, table, name, first, last }: MonthsToAttach): Promise<void> {
  await run(
    `ALTER TABLE ${identifier(table.name)} ATTACH PARTITION ${identifier(name)} FOR VALUES FROM ('${startOf(first)}') TO ('${startOf(last + 1)}')`,
  );
}

/** Drops the CHECK constraint that `makeAside` adds, which a partition does not need once it is attached. */
export async function dropRangeCheck(run: RunSql, name: string): Promise<void> {
  await run(`ALTER TABLE ${identifier(name)} DROP CONSTRAINT ${identifier(rangeCheck(name))}`);
}

/** Creates the objects that the guarantees of the table need on a partition. */
export async function guard(run: RunSql, table: GuardedTable, partition: string): Promise<void> {
  for (const object of partitionObjects(table, partition)) await run(asOne(object.sql));
}

/** Wraps several SQL statements into one DO statement, because maintenance runs one statement at a time. */
export function asOne(sql: string): string {
  return `DO $ashlar$\nBEGIN\n${sql};\nEND\n$ashlar$`;
}

/** Creates one empty partition for a month. */
export async function makeMonth(
  run: RunSql,
  table: GuardedTable,
  column: string,
  month: Month,
): Promise<string> {
  const name = partitionName(table, month, month);
  await makeAside(run, table, name, { column, first: month, last: month });
  await guard(run, table, name);
  await attachMonths({ run, table, name, first: month, last: month });
  await dropRangeCheck(run, name);
  return name;
}

const rangeCheck = (name: string): string => objectName(name, 'range');

const assertNameFree = async (run: RunSql, table: GuardedTable, name: string): Promise<void> => {
  const taken = await value(run, 'SELECT to_regclass($1::text)::text', [identifier(name)]);
  if (taken === null) return;
  throw new AshlarError('partition-conflict', {
    message: `${table.name} needs a partition ${name}, but another table has that name.`,
    detail: `The other table is not a partition of ${table.name}; it may have been detached manually.`,
    suggestion: `Attach the other table again or rename it: ALTER TABLE ${name} RENAME TO ${name}_aside.`,
  });
};
