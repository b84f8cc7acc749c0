import { createHash } from 'node:crypto';
import type { SqlDialect } from '../contract/dialect.js';
import type { ExternalTables, GuardedPlace } from '../contract/guards.js';
import type { SqlName } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import type { Step } from './steps.js';
import type { StepsState } from './steps-state.js';
import { tablesFile } from './tables-file.js';

/** Returns the tool's tables as a guard declares them; `undefined` for a system that owns its tables. */
export function externalTablesOf(
  dialect: SqlDialect,
  { guards, tables }: SystemFacts,
): ExternalTables | undefined {
  if (!guards) return undefined;
  const { columns } = dialect.guarding;
  const external = Object.values(tables).filter((table) => table.external);
  return {
    schema: guards.schema,
    own: guards.own,
    tables: Object.fromEntries(
      external.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((table) => [table.name, columns(table)]),
    ),
  };
}

/** Returns the file of a new step that keeps the tool's tables; empty for a system that owns its tables. */
export function tablesFileOf(
  dialect: SqlDialect,
  system: SystemFacts,
): readonly [file: string, text: string][] {
  const tables = externalTablesOf(dialect, system);
  return tables ? [[tablesFile(dialect.name), `${JSON.stringify(tables, null, 2)}\n`]] : [];
}

/** Returns a step that gives the tool's tables of a shadow the columns that a guard declares now, and does nothing else. */
export function tablesStep(dialect: SqlDialect, system: SystemFacts): Step | undefined {
  const tables = externalTablesOf(dialect, system);
  if (!tables) return undefined;
  return {
    name: 'the tables',
    checksum: createHash('sha256').update(JSON.stringify(tables)).digest('hex'),
    up: {
      kind: 'sql',
      file: tablesFile(dialect.name),
      text: '',
      statements: [],
      mode: 'transaction',
      irreversible: false,
      contract: false,
      omits: [],
      ownership: { makes: [], keeps: [], renames: new Map() },
    },
    down: undefined,
    tables,
  };
}

/**
 * Returns where the tables are that steps guard; `undefined` for the steps of a system that owns its tables.
 *
 * @param which - the tables that the last step guards, or those of every step
 */
export function placeOfSteps(
  steps: readonly Step[],
  which: 'last' | 'all' = 'last',
): GuardedPlace | undefined {
  const all = steps.flatMap(({ tables }) => tables ?? []);
  const last = all.at(-1);
  if (!last) return undefined;
  const named = which === 'all' ? all : [last];
  return {
    schema: last.schema,
    own: last.own,
    tables: [...new Set(named.flatMap(({ tables }) => Object.keys(tables)))].sort(),
  };
}

/** Returns the engines of a project that a system can have: the tables of a guard are on one of them. */
export function enginesOfSystem({ guards }: SystemFacts, engines: readonly SqlName[]): readonly SqlName[] {
  return guards && engines.includes('postgres') ? ['postgres'] : engines;
}

/** Returns what steps make of the tables that the last of them guards: a table that a guard no longer names is the tool's alone. */
export function onGuardedTables(state: StepsState, steps: readonly Step[]): StepsState {
  const guarded = new Set(placeOfSteps(steps)?.tables);
  const isLeft = (name: string): boolean =>
    state.schema.tables.some((table) => table.external && table.name === name) && !guarded.has(name);
  const { schema, catalogue } = state;
  return {
    ...state,
    schema: { ...schema, tables: schema.tables.filter(({ name }) => !isLeft(name)) },
    catalogue: {
      ...catalogue,
      parts: catalogue.parts.filter(({ kind, name, on }) => !isLeft(on ?? (kind === 'table' ? name : ''))),
    },
  };
}
