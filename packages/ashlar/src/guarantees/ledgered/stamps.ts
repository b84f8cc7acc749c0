import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { guardRefused } from '../../model/guard-refused.js';
import { identifier, referenceTo } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { alwaysTrigger, triggerFunction } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import { keyColumns, type LedgerNames } from './names.js';
import { hasRowKey, rowKeySql, stamps } from './postgres-entry.js';

/**
 * The stamps of another tool's table: a column of the table would be dropped by the tool. Each inserted row has its
 * transaction and its time in a side table, until it is sealed.
 */
export function stampsName({ name }: Pick<TableFacts, 'name'>): string {
  return objectName(name, 'ledger_stamps');
}

/** The side table of stamps, and the trigger that writes it after each statement. */
export function sideStamps(table: TableFacts, { append, stamp }: LedgerNames): readonly GuaranteeObject[] {
  const name = stampsName(table);
  const side = identifier(name);
  return [
    {
      type: 'table',
      name,
      sql: sql`
        CREATE TABLE ${side} (
          row_key text COLLATE "C" NOT NULL,
          xid xid8 NOT NULL,
          at timestamptz(6) NOT NULL,
          CONSTRAINT ${identifier(objectName(name, 'pkey'))} PRIMARY KEY (row_key)
        )
      `,
    },
    {
      type: 'index',
      name: objectName(name, 'xid_idx'),
      sql: `CREATE INDEX ${identifier(objectName(name, 'xid_idx'))} ON ${side} (xid)`,
    },
    triggerFunction(
      stamp,
      sql`
        INSERT INTO ${side} (row_key, xid, at)
        SELECT ${rowKeySql(table, 'each_row')}, pg_current_xact_id(), now() FROM new_rows AS each_row;
        RETURN NULL;
      `,
      { reads: true, asOwner: true, onlyFor: table },
    ),
    alwaysTrigger({
      name: append,
      on: 'AFTER INSERT',
      table: table.name,
      referencing: 'NEW TABLE AS new_rows',
      each: 'STATEMENT',
      calls: stamp,
    }),
  ];
}

/** The name of the key in the rows that sealing reads; a column of another tool's table may have any usual name. */
export const sideKey = 'ashlar_key';

/**
 * The rows that may have to be sealed, as a subquery without parentheses. Only the first seal takes rows without a stamp,
 * which are older than the ledger: one that was inserted later while the trigger was off stays without an entry, and
 * verification finds it.
 */
export function sideCandidates(table: TableFacts): string {
  const own = referenceTo(table);
  const side = identifier(stampsName(table));
  const columns = Object.keys(table.columns)
    .map((name) => `t.${identifier(name)}`)
    .join(', ');
  const stamped = `SELECT s.xid AS ${stamps.xid}, s.at AS ${stamps.at}, s.row_key AS ${sideKey}, ${columns} FROM ${side} s JOIN ${own} t ON ${hasRowKey(table, 't', 's.row_key')}`;
  return sql`
    ${stamped} WHERE s.xid = ANY (waiting)
    UNION ALL
    ${stamped} WHERE s.xid >= low AND s.xid <= high
    UNION ALL
    SELECT '0'::xid8, NULL::timestamptz, ${rowKeySql(table, 't')}, ${columns} FROM ${own} t
    WHERE head.cluster IS NULL AND NOT EXISTS (SELECT FROM ${side} s WHERE s.row_key = ${rowKeySql(table, 't')})
  `;
}

/** The statement, as a part of WITH, that removes the stamps of the sealed rows. */
export function forgetStamps(table: TableFacts): string {
  return `DELETE FROM ${identifier(stampsName(table))} s USING fresh WHERE s.row_key = fresh.row_key`;
}

/** The transaction of a row `t` of another tool's table; '0', which every snapshot shows, where it has no stamp. */
export function sideXid(table: TableFacts): string {
  return `coalesce((SELECT s.xid FROM ${identifier(stampsName(table))} s WHERE s.row_key = ${rowKeySql(table, 't')}), '0'::xid8)`;
}

/**
 * Throws if another tool's table cannot have a ledger: its keys are compared with texts, which the collation of the tool's
 * column decides, and an entry needs one form of each value.
 *
 * @throws AshlarError `guard-refused`
 */
export function assertLedgerable(table: TableFacts): void {
  const key = keyColumns(table).find(({ kind }) => kind === 'text');
  if (key)
    throw guardRefused(
      `${table.name} cannot have a ledger: its key ${key.name} is a text of another tool, which has no canonical form.`,
      'A ledger needs a key of integers, uuids, times, dates or addresses.',
      { table: table.name, columns: [key.name] },
    );
  const money = Object.values(table.columns).find(({ native }) => native === 'money');
  if (money)
    throw guardRefused(
      `${table.name} cannot have a ledger: the text of ${money.name}, which is money, depends on a setting of the server.`,
      'Have the tool change the column to numeric: ALTER COLUMN … TYPE numeric(12, 2).',
      { table: table.name, columns: [money.name] },
    );
  if (table.facts.retention)
    throw guardRefused(
      `${table.name} cannot have a ledger and a retention together: for a table of another tool this is not built yet.`,
      'Remove one of the two guarantees.',
      { table: table.name },
    );
}
