import type { Probe } from '../../contract/attack.js';
import type { Column } from '../../contract/column.js';
import type { DataContext } from '../../contract/data-check.js';
import type { Guarantee, GuardedTable, PurgeTools } from '../../contract/guarantee.js';
import type { Period, Retention } from '../../contract/retention.js';
import type { TableFacts } from '../../contract/table.js';
import { invalidTable } from '../../model/invalid-table.js';
import { assertOwn } from '../shared/declaration.js';
import { inMonthsAndDays } from '../shared/period.js';
import { retainedAttacks } from './attacks.js';
import { retainedData } from './data.js';
import { isLegalHolds, type LegalHolds } from './holds.js';
import { movedPurges } from './move.js';
import { guardPartition, retainedOnPostgres } from './postgres.js';
import { purgeOnPostgres } from './purge-postgres.js';
import { sqlitePurge } from './purge-sqlite.js';
import { purgeByRange } from './range.js';
import { retainedOnSqlite } from './sqlite.js';

/** How long rows are kept, for which reason, and which legal holds extend the period. */
export interface RetainedOptions {
  readonly for: Period;
  /** The law or contract that requires the period, such as `POPIA s14(1)`; error messages and purge records name it. */
  readonly reason: string;
  /** The table of legal holds, declared with `legalHolds` in the same system. */
  readonly hold?: LegalHolds;
  /** The scope column: needed for legal holds that cover all rows of a scope. */
  readonly scope?: Column;
}

/**
 * Guarantees that rows are kept for their retention period; afterwards they can be purged, unless a legal hold covers
 * them.
 *
 * No row can be deleted before it expires or under a legal hold, on any path; `purge` then deletes expired rows, even
 * of an append-only table. The column of the clock never changes once it is set; while it is NULL the row does not
 * expire.
 *
 * @param column - the time from which the period runs
 * @throws AshlarError `table-invalid`, when the table is declared, if the column, the period, the reason or the hold is invalid
 *
 * @example
 * retained(c.created_at, { for: { years: 5 }, reason: 'POPIA s14(1)', hold: legalHolds })
 */
export function retained(column: Column, options: RetainedOptions): Guarantee {
  const retention: Retention = Object.freeze({
    column: column?.name,
    period: options.for,
    reason: options.reason,
    holds: options.hold?.name,
    scope: options.scope?.name,
  });
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'retained',
    summary:
      'Rows are kept for their retention period; then they can be purged, unless a legal hold covers them.',
    columns: [column?.name],
    facts: () => ({ retention }),
    frozen: () => [column?.name],
    conflicts: [
      {
        fact: 'versions' as const,
        why: 'Versions form a chain from which no version can be deleted.',
        suggestion: 'Remove one of the two guarantees.',
      },
    ],
    validate: (table: TableFacts) => {
      assertOwn(table, 'retained', [column]);
      if (options.scope) assertOwn(table, 'retained({ scope })', [options.scope]);
      assertClock(table, column);
      assertOptions(table, options);
      assertMayLeave(table);
    },
    sqlite: {
      level: 'emulated' as const,
      weaker:
        'A file has no roles: a session could purge an expired row without a hold, or insert a row with an old time.',
      readsSession: true,
      external: {
        level: 'refused' as const,
        why: 'On SQLite each tool stores a time in a form of its own (text, seconds, milliseconds), so no trigger can compare it with the end of the period.',
      },
      objects: (table: GuardedTable) => retainedOnSqlite(table, retention),
      purge: (table: GuardedTable, tools: PurgeTools) => purgeByRange(table, retention, sqlitePurge, tools),
    },
    postgres: {
      level: 'enforced' as const,
      objects: (table: GuardedTable) => retainedOnPostgres(table, retention),
      onPartition: guardPartition,
      rights: () => ({
        withheld: ['delete'] as const,
        ...(column.generated === 'now' ? { notInsertable: [column.name] } : {}),
      }),
      purge: (table: GuardedTable, tools: PurgeTools) => purgeOnPostgres(table, retention, tools),
    },
    moved: (table: GuardedTable) => movedPurges(table, column.name),
    attacks: (table: GuardedTable, probe: Probe) => retainedAttacks(table, probe, retention),
    data: (_: GuardedTable, { dialect }: DataContext) => retainedData(column, dialect),
  });
}

const assertClock = (table: TableFacts, column: Column): void => {
  if (column.kind !== 'timestamp') {
    throw invalidTable(
      table.name,
      `${column.name} is not a timestamp, so no period can run from it.`,
      'Use a timestamp() or createdAt().',
    );
  }
  if (column.touched) {
    throw invalidTable(
      table.name,
      `${column.name} changes with every update, so rows would never expire.`,
      'Use a time that does not change: createdAt().',
    );
  }
};

const assertOptions = (table: TableFacts, { for: period, reason, hold }: RetainedOptions): void => {
  const { months, days } = inMonthsAndDays(period);
  const counts = [period.years, period.months, period.days].map((count) => count ?? 0);
  if (counts.some((count) => !Number.isInteger(count) || count < 0) || months + days === 0) {
    throw invalidTable(
      table.name,
      'retained() declares no period.',
      'Give whole numbers: { for: { years: 5 } }.',
    );
  }
  if (!/\S/.test(reason) || !reason.isWellFormed() || /\p{Cc}/u.test(reason)) {
    throw invalidTable(
      table.name,
      'retained() declares no reason.',
      "Say why, in one line: { reason: 'POPIA s14(1)' }.",
    );
  }
  if (hold !== undefined && !isLegalHolds(hold)) {
    throw invalidTable(
      table.name,
      'retained({ hold }) is not a table of legal holds.',
      "Declare a table of legal holds: const holds = legalHolds('legal_holds').",
    );
  }
};

const assertMayLeave = (table: TableFacts): void => {
  const parent = table.foreignKeys.find(({ onDelete }) => onDelete === 'cascade');
  if (parent) {
    throw invalidTable(
      table.name,
      `its rows would be deleted together with their parent row in ${parent.target.table}, before they expire.`,
      'Remove onDelete: cascade: rows are purged before the rows they refer to.',
    );
  }
};
