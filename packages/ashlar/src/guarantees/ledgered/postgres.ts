import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { alwaysTrigger, neverChanged, raise, triggerFunction } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import { isPurgingOnPostgres } from '../shared/purging.js';
import { type LedgerNames, ledgerNames } from './names.js';
import { hasRowKey, rowKeySql, stamps } from './postgres-entry.js';
import { sealFunction } from './postgres-seal.js';

/**
 * The definitions of the columns that record the transaction and the time of each row. Both are NULL in rows older than
 * the ledger.
 */
export function stampColumns(): readonly string[] {
  return [`${stamps.xid} xid8 DEFAULT '0' NOT NULL`, `${stamps.at} timestamptz(6)`];
}

/**
 * The objects of a ledger on PostgreSQL: four side tables, a trigger that records the transaction and time of each row,
 * and a function that writes the entries and seals them. An insert maintains one more index; it waits for no other
 * insert and writes nothing twice.
 */
export function ledgeredOnPostgres(table: TableFacts, log: string): readonly GuaranteeObject[] {
  const names = ledgerNames(table);
  return [
    ...tables(names),
    ...[names.entries, names.tree, names.blocks]
      .flatMap((name) => neverChanged('ledgered', name))
      .map((object) =>
        table.facts.retention && object.name === entryDeleteName(names) ? purgeTrigger(table, names) : object,
      ),
    ...(table.facts.retention ? [purgeFunction(table, names)] : []),
    {
      type: 'index',
      name: objectName(table.name, stamps.xid, 'idx'),
      sql: `CREATE INDEX ${part(table.name, `${stamps.xid}_idx`)} ON ${identifier(table.name)} (${stamps.xid})`,
    },
    stampFunction(table, names),
    alwaysTrigger({ name: names.append, on: 'BEFORE INSERT', table: table.name, calls: names.stamp }),
    sealFunction(table, log),
  ];
}

const entryDeleteName = ({ entries }: LedgerNames): string => objectName(entries, 'append_only_delete');

const purgeTrigger = (table: TableFacts, names: LedgerNames): GuaranteeObject =>
  alwaysTrigger({
    name: entryDeleteName(names),
    on: 'BEFORE DELETE',
    table: names.entries,
    calls: objectName(table.name, 'ledger_leave'),
  });

/** Permits deleting an entry only if its row is deleted and the table is being purged. */
const purgeFunction = (table: TableFacts, { entries }: LedgerNames): GuaranteeObject =>
  triggerFunction(
    objectName(table.name, 'ledger_leave'),
    sql`
      IF ${isPurgingOnPostgres(table)}
        AND NOT EXISTS (SELECT FROM ${identifier(table.name)} AS owner WHERE ${hasRowKey(table, 'owner', 'OLD.row_key')})
      THEN
        RETURN OLD;
      END IF;
      ${raise('ledgered', `rows of ${entries} are never changed and never deleted`)}
    `,
    { reads: true, seesAll: 'scopes', onlyFor: entries },
  );

const part = (table: string, suffix: string): string => identifier(objectName(table, suffix));

const tables = ({ entries, tree, blocks, head }: LedgerNames): readonly GuaranteeObject[] => [
  {
    type: 'table',
    name: entries,
    sql: sql`
      CREATE TABLE ${identifier(entries)} (
        row_key text COLLATE "C" NOT NULL,
        entry bytea NOT NULL,
        CONSTRAINT ${part(entries, 'pkey')} PRIMARY KEY (row_key)
      )
    `,
  },
  {
    type: 'table',
    name: tree,
    sql: sql`
      CREATE TABLE ${identifier(tree)} (
        level integer NOT NULL,
        position bigint NOT NULL,
        hash bytea NOT NULL CONSTRAINT ${part(tree, 'hash_check')} CHECK (length(hash) = 32),
        row_key text COLLATE "C",
        CONSTRAINT ${part(tree, 'pkey')} PRIMARY KEY (level, position),
        CONSTRAINT ${part(tree, 'row_key_key')} UNIQUE (row_key),
        CONSTRAINT ${part(tree, 'check')} CHECK (position >= 0 AND level >= 0 AND (level = 0) = (row_key IS NOT NULL))
      )
    `,
  },
  {
    type: 'table',
    name: blocks,
    sql: sql`
      CREATE TABLE ${identifier(blocks)} (
        size bigint NOT NULL,
        root bytea NOT NULL CONSTRAINT ${part(blocks, 'root_check')} CHECK (length(root) = 32),
        sealed_at timestamptz(3) DEFAULT now() NOT NULL,
        CONSTRAINT ${part(blocks, 'pkey')} PRIMARY KEY (size)
      )
    `,
  },
  {
    type: 'table',
    name: head,
    sql: sql`
      CREATE TABLE ${identifier(head)} (
        id integer DEFAULT 1 NOT NULL CONSTRAINT ${part(head, 'id_check')} CHECK (id = 1),
        size bigint DEFAULT 0 NOT NULL,
        frontier bytea DEFAULT '\\x' NOT NULL,
        watermark pg_snapshot DEFAULT pg_current_snapshot() NOT NULL,
        sealer xid8,
        cluster text DEFAULT (pg_control_system()).system_identifier::text,
        first_provable bigint DEFAULT 0 NOT NULL,
        CONSTRAINT ${part(head, 'pkey')} PRIMARY KEY (id)
      );

      INSERT INTO ${identifier(head)} DEFAULT VALUES
    `,
  },
];

/**
 * Stamps each row with its transaction, by which sealing finds it, and with its time, which becomes part of the entry.
 */
const stampFunction = (table: TableFacts, { stamp, tree }: LedgerNames): GuaranteeObject => {
  const retained = table.facts.retention !== undefined;
  const refuseUsedKey = sql`
    -- the leaf of a purged row keeps its key
    IF EXISTS (SELECT FROM ${identifier(tree)} WHERE row_key = ${rowKeySql(table, 'NEW')}) THEN
      ${raise('ledgered', `a purged row of ${table.name} had this key, and a key is never used again`)}
    END IF;
  `;
  return triggerFunction(
    stamp,
    sql`
      ${retained ? [refuseUsedKey] : []}
      NEW.${stamps.xid} := pg_current_xact_id();
      NEW.${stamps.at} := now();
      RETURN NEW;
    `,
    retained ? { reads: true, asOwner: true, onlyFor: table.name } : {},
  );
};
