import type { Attack, Probe } from '../../contract/attack.js';
import type { GuardedTable } from '../../contract/guarantee.js';
import type { SqlRow } from '../../contract/sql.js';
import { literal } from '../../model/index.js';
import { markSql } from '../../sql/test-mark.js';
import { type Draft, insertRow, refused, triedBy } from '../shared/attacks.js';
import { clockForgeries } from '../shared/forgeries.js';
import { defaultPartition } from './objects.js';

const moments = {
  'INSERT of a row of a month in the past': '1999-12-31T23:59:59.999',
  'INSERT of a row of a month in the far future': '2999-01-31T08:00:00.000',
} as const;

/**
 * Inserts for months without a partition, which the database must accept, and inserts into the partition of a wrong
 * month, which it must refuse.
 */
export function partitionedAttacks(table: GuardedTable, probe: Probe, column: string): readonly Attack[] {
  const { partitions } = probe;
  const digits = table.columns[column]?.precision === 6 ? '000Z' : 'Z';
  const at = (moment: string): SqlRow => ({
    ...probe.fresh,
    [column]: literal(`${moment}${digits}`),
  });
  const accepted = (name: string, sql: string): Draft => ({ name, statements: [sql], expect: 'accepted' });
  // a ledger accepts another time than the present one only in a test database
  const inTest = table.facts.ledger ? { preparation: [[markSql, 'SELECT 1']] } : {};
  const { [column]: _, ...undated } = probe.fresh;
  const now = table.columns[column]?.generated === 'now' ? undated : probe.fresh;
  return [
    ...triedBy(
      ['app'],
      [
        accepted('INSERT of a row of this month', insertRow(table.name, now)),
        ...(table.columns[column]?.generated === 'now' ? clockForgeries(table, probe, [column]) : []),
        ...partitions
          .slice(0, 1)
          .map((name) => refused('INSERT that names a partition', insertRow(name, now))),
      ],
    ),
    // only the owner may write a column that the database's clock fills in
    ...triedBy(
      ['owner'],
      [
        ...Object.entries(moments).map(([name, moment]) => ({
          ...accepted(name, insertRow(table.name, at(moment))),
          ...inTest,
        })),
        ...misplaced(table, probe, at(moments['INSERT of a row of a month in the past']), now),
      ],
    ),
  ];
}

/** A partition accepts rows of its own month only, even if a statement names the partition. */
const misplaced = (
  table: GuardedTable,
  { partitions }: Probe,
  past: SqlRow,
  present: SqlRow,
): readonly Draft[] => {
  const rest = defaultPartition(table);
  const [month] = partitions.filter((partition) => partition !== rest);
  if (month === undefined) return [];
  return [
    refused('INSERT into the partition of another month', insertRow(month, past)),
    refused('INSERT of a row of this month into the default partition', insertRow(rest, present)),
  ];
};
