import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { all, any } from '../../sql/conditions.js';
import { objectName } from '../../sql/object-name.js';
import { raise, sqliteTrigger } from '../../sql/sqlite-triggers.js';
import { hanging, sql } from '../../sql/template.js';
import { isTestDatabase } from '../../sql/test-mark.js';
import { isPurgingOnSqlite } from '../shared/purging.js';
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
import { entrySql, hasRowKey, rowKeySql } from './sqlite-entry.js';

/** The objects of a ledger on SQLite: four side tables, and a trigger that writes entries. Ashlar seals before each commit. */
export function ledgeredOnSqlite(table: TableFacts, log: string): readonly GuaranteeObject[] {
  const names = ledgerNames(table);
  return [
    ...tables(names),
    ...Object.entries(insertable(table, names)).flatMap(([name, lawful]) =>
      guards(name, lawful, name === names.entries && table.facts.retention ? isPurged(table) : undefined),
    ),
    ...headGuards(table, names),
    ...inSecondVersion([
      ...(table.facts.retention ? retirements(table, names) : []),
      ...timeGuard(table, names),
    ]),
    sqliteTrigger({
      name: names.append,
      on: 'AFTER INSERT',
      table: table.name,
      body: [
        sql`
          INSERT INTO ${identifier(names.entries)} (row_key, entry)
          VALUES (
            ${rowKeySql(table, 'NEW')},
            ${entrySql(table, log, 'NEW')}
          )
        `,
      ],
    }),
  ];
}

const refuse = (text: string): string => `SELECT ${raise('ledgered', text)}`;
const part = (table: string, suffix: string): string => identifier(objectName(table, suffix));

const tables = ({ entries, tree, blocks, head }: LedgerNames): readonly GuaranteeObject[] => [
  {
    type: 'table',
    name: entries,
    sql: sql`
      CREATE TABLE ${identifier(entries)} (
        id      INTEGER CONSTRAINT ${part(entries, 'pkey')} PRIMARY KEY AUTOINCREMENT,
        row_key TEXT    NOT NULL,
        entry   TEXT    NOT NULL,
        CONSTRAINT ${part(entries, 'row_key_key')} UNIQUE (row_key)
      ) STRICT
    `,
  },
  {
    type: 'table',
    name: tree,
    sql: sql`
      CREATE TABLE ${identifier(tree)} (
        level    INTEGER NOT NULL,
        position INTEGER NOT NULL,
        hash     BLOB    NOT NULL CONSTRAINT ${part(tree, 'hash_check')} CHECK (length(hash) = 32),
        row_key  TEXT,
        CONSTRAINT ${part(tree, 'pkey')} PRIMARY KEY (level, position),
        CONSTRAINT ${part(tree, 'row_key_key')} UNIQUE (row_key)
      ) STRICT, WITHOUT ROWID
    `,
  },
  {
    type: 'table',
    name: blocks,
    sql: sql`
      CREATE TABLE ${identifier(blocks)} (
        size      INTEGER NOT NULL,
        root      BLOB    NOT NULL CONSTRAINT ${part(blocks, 'root_check')} CHECK (length(root) = 32),
        sealed_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
        CONSTRAINT ${part(blocks, 'pkey')} PRIMARY KEY (size)
      ) STRICT, WITHOUT ROWID
    `,
  },
  {
    type: 'table',
    name: head,
    sql: sql`
      CREATE TABLE ${identifier(head)} (
        id             INTEGER NOT NULL CONSTRAINT ${part(head, 'id_check')} CHECK (id = 1),
        size           INTEGER NOT NULL,
        frontier       BLOB    NOT NULL,
        sealed         INTEGER NOT NULL,
        first_provable INTEGER NOT NULL DEFAULT 0,
        CONSTRAINT ${part(head, 'pkey')} PRIMARY KEY (id)
      ) STRICT, WITHOUT ROWID
    `,
  },
];

/**
 * The rows that may be inserted into a side table. A file has no roles, so a trigger accepts only the row that the ledger
 * needs next: none when each row has its entry and each entry its leaf. REPLACE is refused like any other insert.
 */
const insertable = (
  table: TableFacts,
  { entries, tree, blocks }: LedgerNames,
): Readonly<Record<string, string>> => {
  const [e, t, b] = [entries, tree, blocks].map(identifier);
  return {
    [entries]: all([
      `NOT EXISTS (SELECT 1 FROM ${e} WHERE row_key = NEW.row_key)`,
      `NOT EXISTS (SELECT 1 FROM ${e} WHERE id = NEW.id)`,
      `EXISTS (SELECT 1 FROM ${identifier(table.name)} AS owner WHERE ${hasRowKey(table, 'owner', 'NEW.row_key')})`,
      // the leaf of a purged row keeps its key
      ...(table.facts.retention ? [`NOT EXISTS (SELECT 1 FROM ${t} WHERE row_key = NEW.row_key)`] : []),
    ]),
    [tree]: hanging(sql`
      CASE NEW.level
        WHEN 0 THEN NEW.position = coalesce((SELECT max(position) + 1 FROM ${t} WHERE level = 0), 0)
          AND EXISTS (SELECT 1 FROM ${e} WHERE row_key = NEW.row_key)
          AND NOT EXISTS (SELECT 1 FROM ${t} WHERE row_key = NEW.row_key)
        ELSE NEW.row_key IS NULL
          AND NOT EXISTS (SELECT 1 FROM ${t} WHERE level = NEW.level AND position = NEW.position)
          AND EXISTS (SELECT 1 FROM ${t} WHERE level = NEW.level - 1 AND position = 256 * NEW.position + 255)
      END
    `),
    [blocks]: all([
      `NOT EXISTS (SELECT 1 FROM ${b} WHERE size = NEW.size)`,
      `NEW.size = (SELECT max(position) + 1 FROM ${t} WHERE level = 0)`,
    ]),
  };
};

/** The condition that an entry may be deleted: its row is deleted, the table is being purged, and this is recorded. */
const isPurged = (table: TableFacts): string => {
  const { tree, retirements } = ledgerNames(table);
  return all([
    isPurgingOnSqlite(table),
    `NOT EXISTS (SELECT 1 FROM ${identifier(table.name)} AS owner WHERE ${hasRowKey(table, 'owner', 'OLD.row_key')})`,
    `EXISTS (SELECT 1 FROM ${identifier(tree)} AS leaf WHERE leaf.row_key = OLD.row_key AND ${lastRetiredBefore(retirements, 'leaf.position')} >= leaf.position)`,
  ]);
};

/** The side table of retirements, which only a purge writes. */
const retirements = (table: TableFacts, names: LedgerNames): readonly GuaranteeObject[] => {
  const { retirements: name } = names;
  return [
    {
      type: 'table',
      name,
      sql: sql`
        CREATE TABLE ${identifier(name)} (
          number         INTEGER NOT NULL,
          first_position INTEGER NOT NULL,
          last_position  INTEGER NOT NULL,
          cutoff         TEXT,
          retired_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
          CONSTRAINT ${part(name, 'pkey')} PRIMARY KEY (first_position),
          CONSTRAINT ${part(name, 'number_key')} UNIQUE (number),
          CONSTRAINT ${part(name, 'check')} CHECK (first_position >= 0 AND last_position >= first_position)
        ) STRICT, WITHOUT ROWID
      `,
      fill: unrecorded(table, hasRowKey(table, 'owner', 'leaf.row_key')),
    },
    ...guards(name, retirable(table, names)),
  ];
};

/** The condition that a retirement may be recorded: a purge runs, the leaves exist, and no record has one of them. */
const retirable = (table: TableFacts, { tree, retirements: name }: LedgerNames): string =>
  all([
    isPurgingOnSqlite(table),
    'NEW.cutoff IS NOT NULL',
    `NEW.number = (SELECT coalesce(max(number), 0) + 1 FROM ${identifier(name)})`,
    `NEW.last_position <= (SELECT max(position) FROM ${identifier(tree)} WHERE level = 0)`,
    `coalesce(${lastRetiredBefore(name, 'NEW.last_position')}, -1) < NEW.first_position`,
  ]);

/** Refuses a row whose time of writing is not the present one, except in a test database. */
const timeGuard = (table: TableFacts, { time }: LedgerNames): readonly GuaranteeObject[] => {
  const clocks = clockColumns(table);
  if (clocks.length === 0) return [];
  const others = clocks.map(
    ({ name, precision }) =>
      `NEW.${identifier(name)} IS NOT strftime('%Y-%m-%dT%H:%M:%f${precision === 6 ? '000' : ''}Z', 'now')`,
  );
  return [
    sqliteTrigger({
      name: time,
      on: 'BEFORE INSERT',
      table: table.name,
      when: all([`(${any(others)})`, `NOT ${isTestDatabase}`]),
      body: [refuse(timeRefusal(table))],
    }),
  ];
};

const guards = (table: string, lawful: string, purged?: string): readonly GuaranteeObject[] => [
  ...(['UPDATE', 'DELETE'] as const).map((on) =>
    sqliteTrigger({
      name: objectName(table, 'append_only', on.toLowerCase()),
      on: `BEFORE ${on}`,
      table,
      ...(on === 'DELETE' && purged !== undefined ? { when: `NOT (${hanging(purged)})` } : {}),
      body: [refuse(`rows of ${table} are never changed and never deleted`)],
    }),
  ),
  sqliteTrigger({
    name: objectName(table, 'append_only_insert'),
    on: 'BEFORE INSERT',
    table,
    when: `(${lawful}) IS NOT TRUE`,
    body: [refuse(`${table} is written by the ledger only`)],
  }),
];

/** The head changes only with a new block, except that `first_provable` grows to the end of a retirement while a purge runs. */
const headGuards = (
  table: TableFacts,
  { head, tree, blocks, retirements }: LedgerNames,
): readonly GuaranteeObject[] => {
  const sealed = `NEW.size = (SELECT max(size) FROM ${identifier(blocks)}) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable`;
  const retires = all([
    ...['id', 'size', 'frontier', 'sealed'].map((name) => `NEW.${name} IS OLD.${name}`),
    isPurgingOnSqlite(table),
    'NEW.first_provable > OLD.first_provable',
    `NEW.first_provable = ${lastRetired(identifier(retirements))} + 1`,
  ]);
  return [
    sqliteTrigger({
      name: objectName(head, 'update'),
      on: 'BEFORE UPDATE',
      table: head,
      when: `(${table.facts.retention ? any([`(${sealed})`, `(${hanging(retires)})`]) : sealed}) IS NOT TRUE`,
      body: [refuse(`${head} is written by the ledger only`)],
    }),
    sqliteTrigger({
      name: objectName(head, 'delete'),
      on: 'BEFORE DELETE',
      table: head,
      body: [refuse(`${head} is written by the ledger only`)],
    }),
    sqliteTrigger({
      name: objectName(head, 'insert'),
      on: 'BEFORE INSERT',
      table: head,
      when: any([
        'NEW.size <> 0',
        'NEW.first_provable <> 0',
        `EXISTS (SELECT 1 FROM ${identifier(head)})`,
        `EXISTS (SELECT 1 FROM ${identifier(tree)})`,
      ]),
      body: [refuse(`${head} is written by the ledger only`)],
    }),
  ];
};
