import type { PurgeFollowUp } from '../../contract/guarantee.js';
import type { Retention } from '../../contract/retention.js';
import type { SqlName } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { inMonthsAndDays } from '../shared/period.js';
import { lastRetired, ledgerNames, retirementGroups } from './names.js';
import { rowKeySql as postgresRowKey } from './postgres-entry.js';
import { rowKeySql as sqliteRowKey } from './sqlite-entry.js';

/** The time at which a row had to be written to expire now. */
const cutoff = ({ period }: Retention, dialect: SqlName): string => {
  const { months, days } = inMonthsAndDays(period);
  return dialect === 'sqlite'
    ? `strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-${months} months', 'floor', '-${days} days')`
    : `((now() AT TIME ZONE 'UTC') - interval '${months} months ${days} days') AT TIME ZONE 'UTC'`;
};

/**
 * The statements that delete the entries of purged rows from a ledger. The leaves of these rows stay, so that proofs
 * about other rows remain valid. Which leaves have lost their entries is recorded first, as runs of positions, because an entry
 * that is missing without a record counts as deleted by someone else.
 */
export function onLedgerPurge(table: TableFacts, dialect: SqlName): PurgeFollowUp {
  const names = ledgerNames(table);
  const qualified = (name: string): string => `${dialect === 'sqlite' ? 'main.' : ''}${identifier(name)}`;
  const [entries, tree, head, retirements] = [names.entries, names.tree, names.head, names.retirements].map(
    qualified,
  );
  const key = (row: string): string =>
    dialect === 'sqlite' ? sqliteRowKey(table, row) : postgresRowKey(table, row);
  const { retention } = table.facts;
  return {
    key,
    // a row that is not sealed yet has no leaf
    ready: (row) => `EXISTS (SELECT 1 FROM ${tree} AS leaf WHERE leaf.row_key = ${key(row)})`,
    statements: (keys) => {
      const next = `${lastRetired(retirements ?? '')} + 1`;
      return [
        ...(retention
          ? [
              // the number of a line is the next one: purges of one table, which lock nothing else in common, wait for each other
              ...(dialect === 'postgres' ? [`SELECT 1 FROM ${head} FOR UPDATE`] : []),
              `INSERT INTO ${retirements} (number, first_position, last_position, cutoff) SELECT coalesce((SELECT max(number) FROM ${retirements}), 0) + row_number() OVER (ORDER BY min(gone.position)), min(gone.position), max(gone.position), ${cutoff(retention, dialect)} FROM (SELECT leaf.position, leaf.position - row_number() OVER (ORDER BY leaf.position) AS run FROM ${tree} AS leaf WHERE leaf.row_key IN (${keys})) AS gone GROUP BY ${retirementGroups} ORDER BY 1`,
              `UPDATE ${head} SET first_provable = ${next} WHERE first_provable < ${next}`,
            ]
          : []),
        `DELETE FROM ${entries} WHERE row_key IN (${keys})`,
      ];
    },
  };
}
