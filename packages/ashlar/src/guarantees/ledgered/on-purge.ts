import type { PurgeFollowUp } from '../../contract/guarantee.js';
import type { SqlName } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { ledgerNames } from './names.js';
import { rowKeySql as postgresRowKey } from './postgres-entry.js';
import { rowKeySql as sqliteRowKey } from './sqlite-entry.js';

/**
 * The statements that delete the entries of purged rows from a ledger. The leaves of these rows stay, so that proofs
 * about other rows remain valid; `first_provable` is the position from which on every leaf has its entry.
 */
export function onLedgerPurge(table: TableFacts, dialect: SqlName): PurgeFollowUp {
  const names = ledgerNames(table);
  const qualified = (name: string): string => `${dialect === 'sqlite' ? 'main.' : ''}${identifier(name)}`;
  const [entries, tree, head] = [names.entries, names.tree, names.head].map(qualified);
  const key = (row: string): string =>
    dialect === 'sqlite' ? sqliteRowKey(table, row) : postgresRowKey(table, row);
  return {
    key,
    // a row that is not sealed yet has no leaf
    ready: (row) => `EXISTS (SELECT 1 FROM ${tree} AS leaf WHERE leaf.row_key = ${key(row)})`,
    statements: (keys) => {
      const next = `(SELECT max(leaf.position) + 1 FROM ${tree} AS leaf WHERE leaf.row_key IN (${keys}))`;
      return [
        `UPDATE ${head} SET first_provable = ${next} WHERE first_provable < ${next}`,
        `DELETE FROM ${entries} WHERE row_key IN (${keys})`,
      ];
    },
  };
}
