import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { compareHistory, drift, history, readSteps } from '../migrations/index.js';
import { checkRoles, type Roles } from '../roles/index.js';
import { missingObjects } from './guarantee-objects.js';
import type { StructureReport } from './report.js';

/** One look at whether what keeps the guarantees is in place. */
export interface StructureCheck {
  readonly name: string;
  /** What is wrong, one line each. Changes nothing. */
  readonly look: (
    engine: Engine,
    system: SystemFacts,
    now: Date,
    roles: Roles | undefined,
  ) => Promise<readonly string[]>;
}

const migrations: StructureCheck = {
  name: 'migrations',
  look: async (engine, system) => {
    const steps = await readSteps(system.migrations, engine.dialect.name);
    const { pending, changed, missing, late } = compareHistory(steps, await history(engine, system));
    return [
      ...pending.map(({ name }) => `${name} was not applied`),
      ...changed.map((step) => `${step} was edited after it was applied`),
      ...missing.map((step) => `${step} was applied, but is not in the folder`),
      ...late.map((step) => `${step} sorts before one that was applied`),
    ];
  },
};

const unchanged: StructureCheck = {
  name: 'schema',
  look: async (engine, system) =>
    (await drift(engine, system)).map((line) => `changed behind the migrations’ back: ${line}`),
};

const objects: StructureCheck = {
  name: 'what keeps the guarantees',
  look: missingObjects,
};

const inspections: StructureCheck = {
  name: 'partitions',
  look: async (engine, system, now) => {
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
  name: 'the connection and what no definition shows',
  look: (engine, system) => {
    const tables = Object.values(system.tables).map((table) => table.name);
    const { proving, foundation } = engine.dialect;
    return engine.asOwner(async (owner) => {
      const lines: string[] = [];
      for (const { finds } of proving.conditions)
        lines.push(...(await owner.run(finds(tables))).map((row) => String(row.found)));
      for (const { name, exists } of foundation)
        if ((await owner.run(exists)).length === 0)
          lines.push(`${name}, which guarantees rely on, is missing`);
      return lines;
    });
  },
};

const rights: StructureCheck = {
  name: 'roles and rights',
  look: (engine, system, _, roles) => checkRoles(engine, system, roles),
};

/** Every look there is. Attacks find a wall that gives way; these find one that another wall stands in for. */
export const structureChecks: readonly StructureCheck[] = [
  migrations,
  unchanged,
  objects,
  rights,
  inspections,
  conditions,
];

/** Runs every look. */
export async function lookAtStructure(
  engine: Engine,
  system: SystemFacts,
  now: Date,
  roles: Roles | undefined,
): Promise<readonly StructureReport[]> {
  const reports: StructureReport[] = [];
  for (const { name: check, look } of structureChecks) {
    try {
      const found = await look(engine, system, now, roles);
      reports.push({ check, ok: found.length === 0, found });
    } catch (error) {
      if (!(error instanceof AshlarError)) throw error;
      reports.push(notLooked(check, error));
    }
  }
  return reports;
}

// comparing needs the embedded engine, which a server may do without; any other failure is one
const notLooked = (check: string, error: AshlarError): StructureReport =>
  error.code === 'driver-missing'
    ? { check, ok: true, found: [], unknown: `${error.message} ${error.suggestion ?? ''}`.trim() }
    : { check, ok: false, found: [`could not be looked at: ${error.message}`] };
