import type { SqlName } from '../../contract/sql.js';
import type { SystemFacts } from '../../contract/system.js';
import { AshlarError } from '../../errors.js';
import { ledgerNames } from '../../guarantees/ledgered/names.js';
import { sideObjects } from '../../model/index.js';
import type { DataLoss } from './measure.js';
import type { StepLosses } from './rehearse.js';

/** What a table is to its system, in words: `ledger`, `audit trail`, `data keys`, `records of ledgered of invoices`. */
function roleOf(system: SystemFacts, dialect: SqlName, name: string): string | undefined {
  for (const table of Object.values(system.tables)) {
    if (table.name === name) {
      if (table.facts.trail) return 'audit trail';
      if (table.facts.keyring) return 'data keys';
      return table.facts.ledger ? 'ledger' : undefined;
    }
    for (const guarantee of table.guarantees) {
      const only = sideObjects({ ...table, guarantees: [guarantee] }, dialect);
      if (only.some((object) => object.type === 'table' && object.name === name))
        return `records of ${guarantee.name} of ${table.name}`;
    }
  }
  return undefined;
}

/** Leaves out the row in which a ledger keeps its state: it exists before the first entry, and is derived from the others. */
export function withoutLedgerState(
  system: SystemFacts,
  reports: readonly StepLosses[],
): readonly StepLosses[] {
  const ledgers = Object.values(system.tables).filter(({ facts }) => facts.ledger !== undefined);
  const heads = new Set(ledgers.map((table) => ledgerNames(table).head));
  return reports.map((report) => ({
    ...report,
    losses: report.losses.filter(({ table }) => !heads.has(table)),
  }));
}

/** Describes a loss in one line. */
export function describeLoss(system: SystemFacts, dialect: SqlName, loss: DataLoss): string {
  const { table, column, rows, how } = loss;
  const role = roleOf(system, dialect, table);
  const named = role === undefined ? table : `${table} (${role})`;
  const count = (what: string): string => `${rows} ${what}${rows === 1 ? '' : 's'}`;
  switch (how) {
    case 'table dropped':
      return `${count('row')} of ${named}, which is dropped`;
    case 'column dropped':
      return `${count('value')} of ${named}.${column}, which is dropped`;
    case 'emptied':
      return `${count('value')} of ${named}.${column}, which become NULL`;
    case 'deleted':
      return `${count('row')} of ${named}`;
    case 'overwritten':
      return `the former values of ${count('row')} of ${named}`;
    case 'unchecked':
      return rows === 0
        ? `${table} runs outside a transaction and may lose any data: read it`
        : `up to ${count(column === undefined ? 'row' : 'value')} of ${column === undefined ? named : `${named}.${column}`}; the step runs outside a transaction`;
  }
}

/** What is needed to refuse a step that loses data. */
export interface Refused {
  readonly system: SystemFacts;
  readonly dialect: SqlName;
  readonly reports: readonly StepLosses[];
  readonly message: string;
  /** The command that does it anyway. */
  readonly command: string;
}

/** The error of steps that would lose data. */
export function destroysData({ system, dialect, reports, message, command }: Refused): AshlarError {
  return new AshlarError('migration-destroys', {
    message,
    detail: reports
      .flatMap(({ step, losses, lifted }) => [
        ...losses.map((loss) => `${step} loses ${describeLoss(system, dialect, loss)}.`),
        ...lifted.map((line) => `${step} lifts ${line}.`),
      ])
      .join('\n'),
    suggestion: `Make a backup: ashlar backup create. To lose the data: ${command}`,
    facts: {
      losses: reports.flatMap(({ step, losses }) =>
        losses.map(({ table, column, rows }) => ({
          step,
          table,
          ...(column === undefined ? {} : { column }),
          rows,
        })),
      ),
    },
  });
}
