import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { alwaysTrigger, neverChanged, raise, triggerFunction } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import { isTestDatabase } from '../../sql/test-mark.js';
import { isPurgingOnPostgres } from '../shared/purging.js';
import {
  clockColumns,
  inSecondVersion,
  type LedgerNames,
  lastRetired,
  lastRetiredBefore,
  ledgerNames,
  timeRefusal,
  unrecorded,
} from './names.js';
import { hasRowKey, rowKeySql, stamps } from './postgres-entry.js';
import { sealFunction } from './postgres-seal.js';
import { sideStamps } from './stamps.js';

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
    ...tables(names, table.external ? '(cluster) VALUES (NULL)' : 'DEFAULT VALUES'),
    ...[names.entries, names.tree, names.blocks]
      .flatMap((name) => neverChanged('ledgered', name))
      .map((object) =>
        table.facts.retention && object.name === entryDeleteName(names) ? purgeTrigger(names) : object,
      ),
    ...(table.facts.retention ? [purgeFunction(table, names)] : []),
    ...inSecondVersion([
      ...(table.facts.retention ? retirements(table, names) : []),
      ...headGuard(table, names),
      ...timeGuard(table, names),
    ]),
    ...(table.external ? sideStamps(table, names) : hiddenStamps(table, names)),
    sealFunction(table, log),
  ];
}

const hiddenStamps = (table: TableFacts, names: LedgerNames): readonly GuaranteeObject[] => [
  {
    type: 'index',
    name: objectName(table.name, stamps.xid, 'idx'),
    sql: `CREATE INDEX ${part(table.name, `${stamps.xid}_idx`)} ON ${identifier(table.name)} (${stamps.xid})`,
  },
  stampFunction(table, names),
  alwaysTrigger({ name: names.append, on: 'BEFORE INSERT', table: table.name, calls: names.stamp }),
];

const entryDeleteName = ({ entries }: LedgerNames): string => objectName(entries, 'append_only_delete');

const purgeTrigger = (names: LedgerNames): GuaranteeObject =>
  alwaysTrigger({
    name: entryDeleteName(names),
    on: 'BEFORE DELETE',
    table: names.entries,
    calls: names.leave,
  });

/** Permits deleting an entry only if its row is deleted, the table is being purged, and this is recorded. */
const purgeFunction = (
  table: TableFacts,
  { entries, tree, leave, retirements: name }: LedgerNames,
): GuaranteeObject =>
  triggerFunction(
    leave,
    sql`
      IF ${isPurgingOnPostgres(table)}
        AND NOT EXISTS (SELECT FROM ${identifier(table.name)} AS owner WHERE ${hasRowKey(table, 'owner', 'OLD.row_key')})
        AND EXISTS (
          SELECT FROM ${identifier(tree)} AS leaf
          WHERE leaf.row_key = OLD.row_key AND ${lastRetiredBefore(name, 'leaf.position')} >= leaf.position
        )
      THEN
        RETURN OLD;
      END IF;
      ${raise('ledgered', `rows of ${entries} are never changed and never deleted`)}
    `,
    { reads: true, seesAll: 'scopes', onlyFor: entries },
  );

/** The side table of retirements, which only a purge writes. */
const retirements = (table: TableFacts, names: LedgerNames): readonly GuaranteeObject[] => {
  const { retirements: name, tree, entries } = names;
  const record = objectName(table.name, 'ledger_retire');
  return [
    {
      type: 'table',
      name,
      sql: sql`
        CREATE TABLE ${identifier(name)} (
          number bigint NOT NULL,
          first_position bigint NOT NULL,
          last_position bigint NOT NULL,
          cutoff timestamptz(6),
          retired_at timestamptz(3) DEFAULT clock_timestamp() NOT NULL,
          CONSTRAINT ${part(name, 'pkey')} PRIMARY KEY (first_position),
          CONSTRAINT ${part(name, 'number_key')} UNIQUE (number),
          CONSTRAINT ${part(name, 'check')} CHECK (first_position >= 0 AND last_position >= first_position)
        )
      `,
      fill: sql`
        DO $$
        BEGIN
          -- a purge of an instance of the older release ends before its entries are looked for
          LOCK TABLE ${identifier(entries)} IN SHARE MODE;
          ${unrecorded(table, hasRowKey(table, 'owner', 'leaf.row_key'))};
        END
        $$
      `,
    },
    ...neverChanged('ledgered', name),
    triggerFunction(
      record,
      sql`
        IF ${isPurgingOnPostgres(table)}
          AND NEW.cutoff IS NOT NULL
          AND NEW.number = (SELECT coalesce(max(number), 0) + 1 FROM ${identifier(name)})
          AND NEW.last_position <= (SELECT max(position) FROM ${identifier(tree)} WHERE level = 0)
          AND coalesce(${lastRetiredBefore(name, 'NEW.last_position')}, -1) < NEW.first_position
        THEN
          RETURN NEW;
        END IF;
        ${raise('ledgered', `only a purge writes lines of ${name}`)}
      `,
      { reads: true },
    ),
    alwaysTrigger({ name: record, on: 'BEFORE INSERT', table: name, calls: record }),
  ];
};

/** Lets `first_provable` of the head grow to the end of a retirement, while a purge runs, and refuses any other change of it. */
const headGuard = (
  table: TableFacts,
  { head, retirements: name }: LedgerNames,
): readonly GuaranteeObject[] => {
  const guard = objectName(table.name, 'ledger_provable');
  const refuse = raise('ledgered', `first_provable of ${head} changes only while rows are purged`);
  return [
    triggerFunction(
      guard,
      table.facts.retention
        ? sql`
            IF ${isPurgingOnPostgres(table)}
              AND NEW.first_provable > OLD.first_provable
              AND NEW.first_provable = ${lastRetired(identifier(name))} + 1
            THEN
              RETURN NEW;
            END IF;
            ${refuse}
          `
        : refuse,
      { reads: table.facts.retention !== undefined },
    ),
    alwaysTrigger({
      name: guard,
      on: 'BEFORE UPDATE',
      table: head,
      when: 'NEW.first_provable IS DISTINCT FROM OLD.first_provable',
      calls: guard,
    }),
  ];
};

/**
 * Refuses a row whose time of writing is not that of its transaction, except in a test database. The condition is one of the
 * trigger, so that other rows cost no call.
 */
const timeGuard = (table: TableFacts, { time }: LedgerNames): readonly GuaranteeObject[] => {
  const clocks = clockColumns(table);
  if (clocks.length === 0) return [];
  return [
    triggerFunction(
      time,
      sql`
        IF ${isTestDatabase} THEN
          RETURN NEW;
        END IF;
        ${raise('ledgered', timeRefusal(table))}
      `,
      { reads: true },
    ),
    alwaysTrigger({
      name: time,
      on: 'BEFORE INSERT',
      table: table.name,
      when: clocks
        .map(
          ({ name, precision }) =>
            `NEW.${identifier(name)} IS DISTINCT FROM now()::timestamptz(${precision === 6 ? 6 : 3})`,
        )
        .join('\nOR '),
      calls: time,
    }),
  ];
};

const part = (table: string, suffix: string): string => identifier(objectName(table, suffix));

/** @param first - the row with which the head begins: without a cluster, the first seal takes the rows that are there */
const tables = ({ entries, tree, blocks, head }: LedgerNames, first: string): readonly GuaranteeObject[] => [
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

      INSERT INTO ${identifier(head)} ${first}
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
