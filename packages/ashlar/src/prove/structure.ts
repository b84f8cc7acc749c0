import type { SqlDialect } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { Roles } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import { missingOf } from '../engines/foundation.js';
import { AshlarError } from '../errors.js';
import { type Comparison, compareWithSteps, withProvenSchemas } from '../migrations/catalogue/with-steps.js';
import { compareHistory } from '../migrations/compare-history.js';
import { driftOf } from '../migrations/drift.js';
import { foundationState, packageVersion, recordProblems } from '../migrations/foundation.js';
import { history, readHistory } from '../migrations/history.js';
import { undeclaredOf } from '../migrations/ownership/undeclared.js';
import { readSteps } from '../migrations/steps.js';
import { testMarkProblems } from '../migrations/test-mark.js';
import { checkRoles } from '../roles/roles.js';
import type { Secret } from '../settings/index.js';
import { missingObjects } from './guarantee-objects.js';
import type { StructureReport } from './report.js';
import { unexplainedScopeKeys } from './scope-keys.js';

/** One check of the database objects and rights on which the guarantees depend. */
export interface StructureCheck {
  readonly name: string;
  /** Finds the problems and returns one line for each. Changes nothing. */
  readonly find: (engine: Engine, system: SystemFacts, given: CheckInput) => Promise<readonly string[]>;
}

/** What checks need besides the database and the system. */
interface CheckInput {
  readonly now: Date;
  readonly roles: Roles | undefined;
  readonly scopeKeys: readonly (string | Secret)[];
  /** Compares the database with its steps; the checks of a report share one comparison. */
  readonly compared: () => Promise<Comparison | undefined>;
}

const migrations: StructureCheck = {
  name: 'migrations',
  find: async (engine, system) => {
    const steps = await readSteps(system.migrations, engine.dialect.name);
    const { pending, changed, missing, late } = compareHistory(steps, await history(engine, system));
    return [
      ...pending.map(({ name }) => `the step ${name} was not applied`),
      ...changed.map((step) => `the step ${step} was edited after it was applied`),
      ...missing.map((step) => `the step ${step} was applied, but is not in the folder of migrations`),
      ...late.map((step) => `the step ${step} sorts before a step that was already applied`),
    ];
  },
};

const unchanged: StructureCheck = {
  name: 'schema',
  find: async (_, __, { compared }) => {
    const comparison = await compared();
    return comparison === undefined
      ? []
      : driftOf(comparison).map((line) => `changed without a migration: ${line}`);
  },
};

const undeclared: StructureCheck = {
  name: 'objects that no table declares',
  find: async ({ dialect }, system, { compared }) => {
    const comparison = await compared();
    return (
      (comparison === undefined ? [] : undeclaredOf(dialect, system, comparison))
        // those of the database alone are changes without a migration
        .filter(({ from, lifts }) => from === 'step' && lifts)
        .map(({ object }) => `${object} could lift a guarantee, and is not declared`)
    );
  },
};

const objects: StructureCheck = {
  name: 'objects of the guarantees',
  find: missingObjects,
};

const inspections: StructureCheck = {
  name: 'partitions',
  find: async (engine, system, { now }) => {
    const inspected = Object.values(system.tables).flatMap((table) =>
      table.guarantees.flatMap((guarantee) => {
        const enforcement = guarantee[engine.dialect.name];
        const inspect = enforcement.level === 'refused' ? undefined : enforcement.inspect;
        return inspect ? [{ table, inspect }] : [];
      }),
    );
    if (inspected.length === 0) return [];
    return engine.asOwner(async (owner) => {
      const lines: string[] = [];
      for (const { table, inspect } of inspected) {
        const tools = {
          now,
          atomically: <T>(work: (run: typeof owner.run) => Promise<T>, options?: { lockTimeout?: number }) =>
            owner.atomically(() => work(owner.run), options),
        };
        lines.push(...(await inspect(table, tools)));
      }
      return lines;
    });
  },
};

const conditions: StructureCheck = {
  name: 'inspection of the connection and the system catalogue',
  find: (engine, system) => {
    const tables = Object.values(system.tables).map((table) => table.name);
    const { proving } = engine.dialect;
    return engine.asOwner(async (owner) => {
      const lines: string[] = [];
      for (const { finds } of proving.conditions)
        lines.push(...(await owner.run(finds(tables))).map((row) => String(row.found)));
      lines.push(...(await foundationProblems(owner, engine.dialect)));
      return lines;
    });
  },
};

const foundationProblems = async (owner: Owner, dialect: SqlDialect): Promise<readonly string[]> => {
  const rows = await readHistory(owner, dialect);
  // a database of an older version lacks what later ones add, and is compared with the objects of its own
  const missing =
    foundationState(rows).version < packageVersion(dialect) ? [] : await missingOf(owner, dialect.foundation);
  return [
    ...recordProblems(rows, dialect),
    ...(await testMarkProblems(owner, dialect)),
    ...missing.map(({ name }) => `${name}, which the guarantees need, is missing`),
  ];
};

const rights: StructureCheck = {
  name: 'roles and rights',
  find: async (engine, system, { roles }) =>
    checkRoles(engine, await withProvenSchemas(engine, system), roles),
};

const keys: StructureCheck = {
  name: 'keys that verify scopes',
  find: (engine, _, { scopeKeys }) => unexplainedScopeKeys(engine, scopeKeys),
};

/** All checks. An attack finds a broken barrier only where no other barrier stops it; these checks find every one. */
const structureChecks: readonly StructureCheck[] = [
  migrations,
  unchanged,
  undeclared,
  objects,
  rights,
  inspections,
  conditions,
  keys,
];

/** Runs all checks of the database objects and rights on which the guarantees depend. */
export async function checkStructure(
  engine: Engine,
  system: SystemFacts,
  given: Omit<CheckInput, 'compared'>,
): Promise<readonly StructureReport[]> {
  const reports: StructureReport[] = [];
  let comparison: Promise<Comparison | undefined> | undefined;
  const compared = (): Promise<Comparison | undefined> => {
    comparison ??= compareWithSteps(engine, system);
    return comparison;
  };
  for (const { name: check, find } of structureChecks) {
    try {
      const found = await find(engine, system, { ...given, compared });
      const loose = find === unchanged.find ? (await compared())?.loose : undefined;
      reports.push({ check, ok: found.length === 0, found, ...(loose === undefined ? {} : { loose }) });
    } catch (error) {
      if (!(error instanceof AshlarError)) throw error;
      reports.push(notChecked(check, error));
    }
  }
  return reports;
}

// the comparison needs the embedded engine, which may not be installed; any other error is a failure
const notChecked = (check: string, error: AshlarError): StructureReport =>
  error.code === 'driver-missing'
    ? { check, ok: true, found: [], unknown: `${error.message} ${error.suggestion ?? ''}`.trim() }
    : { check, ok: false, found: [`could not be checked: ${error.message}`] };
