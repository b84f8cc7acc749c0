import type { DataContext } from '../../contract/data-check.js';
import type { DeclaredColumns, Guarantee } from '../../contract/guarantee.js';
import type { GuaranteeFacts, TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { invalidTable } from '../../model/invalid-table.js';
import { ledgeredAttacks } from './attacks.js';
import { movedLedger } from './move.js';
import { clockColumns, keyColumns, ledgerNames } from './names.js';
import { onLedgerPurge } from './on-purge.js';
import { ledgeredOnPostgres, stampColumns } from './postgres.js';
import { keyTypes } from './postgres-entry.js';
import { hasNoLeaf } from './queries.js';
import { ledgeredOnSqlite } from './sqlite.js';
import { sealOnSqlite } from './sqlite-seal.js';
import { assertLedgerable } from './stamps.js';

/** Options of `ledgered`. */
export interface LedgeredOptions {
  /** The name of the ledger's log, which each entry contains. Default: the table's name. */
  readonly log?: string;
}

/**
 * Guarantees that a change to a row is detected even if it bypasses the triggers, and that a third party can verify
 * that a row is in the ledger.
 *
 * @throws AshlarError `table-invalid`, when the table is declared, if the table is not append-only without exceptions
 *
 * @example
 * table('audit_logs', { id: id(), message: z.string(), created_at: createdAt() }, () => [appendOnly(), ledgered()]);
 */
export function ledgered({ log }: LedgeredOptions = {}): Guarantee {
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'ledgered',
    summary:
      'A change that bypasses the triggers is detected, and a third party can verify that a row is in the ledger.',
    facts: (table: DeclaredColumns) => ({ ledger: { log: log ?? table.name } }),
    requires: [
      {
        fact: 'appendOnly' as const,
        when: {
          holds: ({ appendOnly }: GuaranteeFacts) => appendOnly?.strict === true,
          words: 'without cascade and stampOnce',
        },
        why: 'The leaf of a row holds the hash of the inserted values, so the row must never change.',
        suggestion: 'Add appendOnly() without cascade and stampOnce.',
      },
    ],
    validate: (table: TableFacts) => {
      if (table.external) assertLedgerable(table);
      if (log !== undefined && !isLogName(log)) {
        throw invalidTable(
          table.name,
          `${JSON.stringify(log)} cannot be the name of a log.`,
          'Choose a name that is one line of text.',
        );
      }
      const unfitKey = keyColumns(table).find(({ kind }) => keyTypes[kind] === undefined);
      if (unfitKey) {
        throw invalidTable(
          table.name,
          `the key column ${unfitKey.name} has no canonical text form.`,
          'Use text, integers, UUIDs, times, dates or addresses in the primary key.',
        );
      }
    },
    attacks: ledgeredAttacks,
    moved: movedLedger,
    data: (table: TableFacts, { dialect }: DataContext) => [
      { what: 'has no leaf in its ledger', bad: hasNoLeaf(table, dialect) },
    ],
    sqlite: {
      level: 'enforced' as const,
      external: {
        level: 'refused' as const,
        why: 'Entries are sealed before the commit, which the tool’s own connection does not do; and triggers of the ledger name the table, so that the tool’s migrations could not replace it.',
      },
      objects: (table: TableFacts) => ledgeredOnSqlite(table, log ?? table.name),
      beforeCommit: (table: TableFacts) => sealOnSqlite(table, log ?? table.name),
      onPurge: (table: TableFacts) => onLedgerPurge(table, 'sqlite'),
    },
    postgres: {
      level: 'enforced' as const,
      columns: stampColumns(),
      objects: (table: TableFacts) => ledgeredOnPostgres(table, log ?? table.name),
      rights: (table: TableFacts) => ({ notInsertable: clockColumns(table).map(({ name }) => name) }),
      onPurge: (table: TableFacts) => onLedgerPurge(table, 'postgres'),
      seal: (table: TableFacts) => `SELECT ${identifier(ledgerNames(table).seal)}() AS settled`,
    },
  });
}

const isLogName = (log: string): boolean => log !== '' && log.isWellFormed() && !/\p{Cc}/u.test(log);
