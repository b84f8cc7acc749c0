import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { all, any } from '../../sql/conditions.js';
import { objectName } from '../../sql/object-name.js';
import { raise, sqliteTrigger } from '../../sql/sqlite-triggers.js';
import { hanging, sql } from '../../sql/template.js';
import { isPurgingOnSqlite } from '../shared/purging.js';
import { type LedgerNames, ledgerNames } from './names.js';
import { entrySql, hasRowKey, rowKeySql } from './sqlite-entry.js';

/** What keeps a ledger of SQLite: four tables, and a trigger that writes entries. Sealing is done before each commit. */
export const ledgeredOnSqlite = (table: TableFacts, log: string): readonly GuaranteeObject[] => {
  const names = ledgerNames(table);
  return [
    ...tables(names),
    ...Object.entries(insertable(table, names)).flatMap(([name, lawful]) =>
      guards(name, lawful, name === names.entries && table.facts.retention ? hasLeft(table) : undefined),
    ),
    ...headGuards(names),
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
};

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
 * What may be inserted into a side table. A file has no roles, so only what fits the state of the ledger gets in: at
 * rest, when each row has its entry and each entry its leaf, that is nothing. A REPLACE is refused as an insert is.
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
      // the leaf of a row that has left stays its own
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

/** That an entry may go: its row has left, and a retirement runs. */
const hasLeft = (table: TableFacts): string =>
  all([
    isPurgingOnSqlite(table),
    `NOT EXISTS (SELECT 1 FROM ${identifier(table.name)} AS owner WHERE ${hasRowKey(table, 'owner', 'OLD.row_key')})`,
  ]);

const guards = (table: string, lawful: string, leaves?: string): readonly GuaranteeObject[] => [
  ...(['UPDATE', 'DELETE'] as const).map((on) =>
    sqliteTrigger({
      name: objectName(table, 'append_only', on.toLowerCase()),
      on: `BEFORE ${on}`,
      table,
      ...(on === 'DELETE' && leaves !== undefined ? { when: `NOT (${hanging(leaves)})` } : {}),
      body: [refuse(`rows of ${table} are never changed and never deleted`)],
    }),
  ),
  sqliteTrigger({
    name: objectName(table, 'append_only_insert'),
    on: 'BEFORE INSERT',
    table,
    when: `(${lawful}) IS NOT TRUE`,
    body: [refuse(`${table} is written by the ledger alone`)],
  }),
];

/** The head only follows the blocks; `first_provable` alone may grow by itself. */
const headGuards = ({ head, tree, blocks }: LedgerNames): readonly GuaranteeObject[] => {
  const sealed = `NEW.size = (SELECT max(size) FROM ${identifier(blocks)}) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable`;
  // two spaces, as committed migrations have it
  const purged = ['id', 'size', 'frontier', 'sealed']
    .map((name) => `NEW.${name} IS OLD.${name}`)
    .join('  AND ');
  return [
    sqliteTrigger({
      name: objectName(head, 'update'),
      on: 'BEFORE UPDATE',
      table: head,
      when: `(${any([`(${sealed})`, `(${purged} AND NEW.first_provable BETWEEN OLD.first_provable + 1 AND OLD.size)`])}) IS NOT TRUE`,
      body: [refuse(`${head} is written by the ledger alone`)],
    }),
    sqliteTrigger({
      name: objectName(head, 'delete'),
      on: 'BEFORE DELETE',
      table: head,
      body: [refuse(`${head} is written by the ledger alone`)],
    }),
    sqliteTrigger({
      name: objectName(head, 'insert'),
      on: 'BEFORE INSERT',
      table: head,
      when: any([
        'NEW.size <> 0',
        `EXISTS (SELECT 1 FROM ${identifier(head)})`,
        `EXISTS (SELECT 1 FROM ${identifier(tree)})`,
      ]),
      body: [refuse(`${head} is written by the ledger alone`)],
    }),
  ];
};
