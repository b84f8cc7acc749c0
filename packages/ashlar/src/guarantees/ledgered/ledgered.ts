import type { ColumnKind } from '../../contract/column.js';
import type { DeclaredColumns, Guarantee } from '../../contract/guarantee.js';
import type { GuaranteeFacts, TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { unfit } from '../shared/declaration.js';
import { ledgeredAttacks } from './attacks.js';
import { onLedgerPurge } from './leaving.js';
import { keyColumns, ledgerNames } from './names.js';
import { ledgeredOnPostgres, stampColumns } from './postgres.js';
import { ledgeredOnSqlite } from './sqlite.js';
import { sealOnSqlite } from './sqlite-seal.js';

/** How a ledger is called. */
export interface LedgeredOptions {
  /** The name of the log, which stands in each of its entries. Default: the table's name. */
  readonly log?: string;
}

const keyKinds: ReadonlySet<ColumnKind> = new Set(['text', 'integer', 'uuid', 'timestamp', 'date', 'inet']);

/**
 * A change made behind the database's back is found, and any row's membership can be shown to a third party.
 *
 * @throws AshlarError `table-invalid`, when the table is declared, if it is not append-only without exceptions
 *
 * @example
 * table('audit_logs', { id: id(), message: z.string(), created_at: createdAt() }, () => [appendOnly(), ledgered()]);
 */
export const ledgered = ({ log }: LedgeredOptions = {}): Guarantee =>
  Object.freeze({
    kind: 'guarantee' as const,
    name: 'ledgered',
    summary:
      'A change made behind the database’s back is found, and any row’s membership can be shown to a third party.',
    facts: (table: DeclaredColumns) => ({ ledger: { log: log ?? table.name } }),
    requires: [
      {
        fact: 'appendOnly' as const,
        when: {
          holds: ({ appendOnly }: GuaranteeFacts) => appendOnly?.strict === true,
          words: 'without cascade and stampOnce',
        },
        why: 'The leaf of a row holds what was inserted, so the row must never change.',
        suggestion: 'Add appendOnly() without cascade and stampOnce.',
      },
    ],
    validate: (table: TableFacts) => {
      if (log !== undefined && !isLogName(log)) {
        throw unfit(table, `${JSON.stringify(log)} cannot be the name of a log.`, 'Choose one line of text.');
      }
      const unfitKey = keyColumns(table).find(({ kind }) => !keyKinds.has(kind));
      if (unfitKey) {
        throw unfit(
          table,
          `the key column ${unfitKey.name} has no one text form.`,
          'Let the primary key be of text, integers, UUIDs, times, dates or addresses.',
        );
      }
    },
    attacks: ledgeredAttacks,
    sqlite: {
      level: 'enforced' as const,
      objects: (table: TableFacts) => ledgeredOnSqlite(table, log ?? table.name),
      beforeCommit: (table: TableFacts) => sealOnSqlite(table, log ?? table.name),
      onPurge: (table: TableFacts) => onLedgerPurge(table, 'sqlite'),
    },
    postgres: {
      level: 'enforced' as const,
      columns: stampColumns(),
      objects: (table: TableFacts) => ledgeredOnPostgres(table, log ?? table.name),
      // a row whose time is not the database's own is found too, but need not get in
      rights: (table: TableFacts) => ({ notInsertable: clockColumns(table) }),
      onPurge: (table: TableFacts) => onLedgerPurge(table, 'postgres'),
      seal: (table: TableFacts) => `SELECT ${identifier(ledgerNames(table).seal)}() AS settled`,
    },
  });

const isLogName = (log: string): boolean => log !== '' && log.isWellFormed() && !/\p{Cc}/u.test(log);

const clockColumns = (table: TableFacts): readonly string[] =>
  Object.values(table.columns).flatMap(({ name, generated, touched }) =>
    generated === 'now' && !touched ? [name] : [],
  );
