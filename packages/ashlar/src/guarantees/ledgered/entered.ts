import type { SqlName } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { ledgerNames } from './names.js';
import { stamps } from './postgres-entry.js';
import { rowKeySql } from './sqlite-entry.js';
import { stampsName } from './stamps.js';

/**
 * The SQL condition that a new row `t` becomes part of the table's ledger: on SQLite it has its entry, on PostgreSQL the stamp by
 * which sealing finds it.
 */
export function isEntered(table: TableFacts, dialect: SqlName): string {
  if (dialect === 'sqlite')
    return `EXISTS (SELECT 1 FROM ${identifier(ledgerNames(table).entries)} AS e WHERE e.row_key = ${rowKeySql(table, 't')})`;
  if (table.external)
    return `EXISTS (SELECT 1 FROM ${identifier(stampsName(table))} AS s WHERE s.xid = pg_current_xact_id())`;
  return `(t.${stamps.xid} = pg_current_xact_id() AND t.${stamps.at} IS NOT NULL)`;
}
