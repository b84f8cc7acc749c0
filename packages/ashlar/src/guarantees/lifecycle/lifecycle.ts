import type { Probe } from '../../contract/attack.js';
import type { Column } from '../../contract/column.js';
import type { DataContext } from '../../contract/data-check.js';
import type { Guarantee } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { invalidTable } from '../../model/invalid-table.js';
import { assertOwn, list } from '../shared/declaration.js';
import { lifecycleAttacks } from './attacks.js';
import { lifecycleData } from './data.js';
import { lifecycleOnPostgres } from './postgres.js';
import type { Lifecycle, Transitions } from './rules.js';
import { lifecycleOnSqlite } from './sqlite.js';

/** Options of `lifecycle`: the statuses that a new row may have. */
export interface LifecycleOptions {
  readonly initial: string | readonly string[];
}

/**
 * Guarantees that a status changes only by declared transitions, and that each new row has an initial status.
 *
 * @param column - a column of `z.enum(…)`
 * @param transitions - for each status, the statuses it may change to
 * @param options - `initial`: the statuses that a new row may have
 * @throws AshlarError `table-invalid`, when the table is declared, if a status is unknown or can never be reached
 *
 * @example
 * lifecycle(c.status, { pending: ['running', 'cancelled'], running: ['completed', 'failed'] }, { initial: 'pending' })
 */
export function lifecycle(column: Column, transitions: Transitions, options: LifecycleOptions): Guarantee {
  const rules: Lifecycle = Object.freeze({
    column: column?.name,
    isNative: column?.native !== undefined,
    statuses: (column?.rules.oneOf ?? []).map(String),
    initial: list(options.initial),
    transitions,
  });
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'lifecycle',
    summary: 'A status changes only along the declared transitions.',
    columns: [column?.name],
    frozen: () => [column?.name],
    conflicts: [
      {
        fact: 'appendOnly' as const,
        why: 'A row that never changes keeps its first status.',
        suggestion: 'Remove one of the two guarantees, or insert a new row for each transition.',
      },
      {
        fact: 'versions' as const,
        why: 'A version never changes, so it keeps its first status.',
        suggestion: 'Remove lifecycle, and insert a new version with the new status.',
      },
    ],
    validate: (table: TableFacts) => {
      assertOwn(table, 'lifecycle', [column]);
      assertStatuses(table, column, rules);
      assertReachable(table, rules);
    },
    sqlite: { level: 'enforced' as const, objects: (table: TableFacts) => lifecycleOnSqlite(table, rules) },
    postgres: {
      level: 'enforced' as const,
      objects: (table: TableFacts) => lifecycleOnPostgres(table, rules),
    },
    attacks: (table: TableFacts, probe: Probe) => lifecycleAttacks(table, probe, rules),
    data: (table: TableFacts, context: DataContext) => lifecycleData(table, rules, context),
  });
}

const assertStatuses = (
  table: TableFacts,
  column: Column,
  { statuses, initial, transitions }: Lifecycle,
): void => {
  if (column.kind !== 'text' || statuses.length === 0) {
    throw invalidTable(table.name, `${column.name} declares no list of statuses.`, 'Make it z.enum([…]).');
  }
  if (column.nullable)
    throw invalidTable(
      table.name,
      `${column.name} is nullable, but each row must have a status.`,
      'Remove .nullable().',
    );
  if (initial.length === 0)
    throw invalidTable(table.name, `${column.name} has no initial status.`, 'Give { initial }.');
  const named = [...initial, ...Object.entries(transitions).flatMap(([from, to]) => [from, ...to])];
  const unknown = named.find((status) => !statuses.includes(status));
  if (unknown !== undefined) {
    throw invalidTable(
      table.name,
      `${column.name} has no status ${unknown}.`,
      `Its statuses are ${statuses.join(', ')}.`,
    );
  }
  if (column.default !== undefined && !initial.includes(String(column.default))) {
    throw invalidTable(
      table.name,
      `${column.name} is ${String(column.default)} by default, which is not an initial status.`,
      'Change the default or the initial statuses.',
    );
  }
};

const assertReachable = (table: TableFacts, { column, statuses, initial, transitions }: Lifecycle): void => {
  const reached = new Set(initial);
  for (const status of reached) for (const next of transitions[status] ?? []) reached.add(next);
  const lost = statuses.filter((status) => !reached.has(status));
  if (lost.length > 0) {
    throw invalidTable(
      table.name,
      `${column} can never become ${lost.join(' or ')}: no transition leads there.`,
      'Add a transition to it, or remove the status.',
    );
  }
};
