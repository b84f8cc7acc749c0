import type { SqlDialect } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { Schema } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import type { TableFacts } from '../contract/table.js';
import { createFoundation } from '../engines/foundation.js';
import { openShadow } from '../engines/shadow.js';
import { runBody } from './run-step.js';
import type { Step } from './steps.js';

/**
 * Opens an empty database in this process, with the objects that guarantees rely on. Close it.
 *
 * @throws AshlarError `driver-missing`
 */
export async function openEmptyShadow(dialect: SqlDialect): Promise<Engine> {
  const shadow = await openShadow(dialect.name);
  try {
    await shadow.asOwner((owner) => createFoundation(owner, dialect));
    return shadow;
  } catch (error) {
    await shadow.close();
    throw error;
  }
}

const inShadow = async <T>(dialect: SqlDialect, work: (engine: Engine) => Promise<T>): Promise<T> => {
  const shadow = await openEmptyShadow(dialect);
  try {
    return await work(shadow);
  } finally {
    await shadow.close();
  }
};

/** The schemas of the last lists of steps, by dialect and steps. A server that checks itself asks for the same one. */
const known = new Map<string, Promise<Schema>>();
const mostKnown = 16;

/**
 * Runs steps on an empty database in this process, and returns the resulting schema as the engine describes it. Steps in
 * code are left out: they change data only (`StepFunction`). The same steps always give the same schema, which is
 * kept for later calls.
 *
 * @throws AshlarError `migration-failed`, `driver-missing`
 */
export function schemaOfSteps(dialect: SqlDialect, steps: readonly Step[]): Promise<Schema> {
  const key = JSON.stringify([dialect.name, steps.map(({ name, checksum }) => [name, checksum])]);
  const found = known.get(key);
  if (found) return found;
  const made = runSteps(dialect, steps);
  known.set(key, made);
  made.catch(() => known.delete(key));
  for (const oldest of known.keys()) {
    if (known.size <= mostKnown) break;
    known.delete(oldest);
  }
  return made;
}

function runSteps(dialect: SqlDialect, steps: readonly Step[]): Promise<Schema> {
  return inShadow(dialect, (engine) => runStepsIn(engine, steps));
}

/** Runs steps in an open shadow database, and returns the resulting schema. @throws AshlarError `migration-failed` */
export function runStepsIn(engine: Engine, steps: readonly Step[]): Promise<Schema> {
  return engine.asOwner(async (connection) => {
    const owner = engine.dialect.ownerOfSteps(connection);
    for (const step of steps) {
      if (step.up.kind === 'code') continue;
      if (step.up.mode === 'no-transaction') await runBody(engine, owner, step, step.up);
      else
        await owner.atomically(() => runBody(engine, owner, step, step.up), {
          rebuild: step.up.mode === 'rebuild',
        });
    }
    return engine.introspect(owner);
  });
}

/**
 * Creates a system's tables in an empty database in this process, and returns the resulting schema as the engine
 * describes it.
 */
export function schemaOfModel(dialect: SqlDialect, system: SystemFacts): Promise<Schema> {
  return inShadow(dialect, (engine) =>
    engine.asOwner(async (owner) => {
      const tables = inCreationOrder(Object.values(system.tables));
      for (const statement of dialect.createTables(tables)) await owner.script(statement);
      return engine.introspect(owner);
    }),
  );
}

/** Sorts tables so that each table comes after the tables that its foreign keys refer to. */
export function inCreationOrder<T extends TableFacts>(tables: readonly T[]): T[] {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const ordered = new Set<T>();
  const under = new Set<T>();
  const visit = (table: T): void => {
    if (ordered.has(table) || under.has(table)) return;
    under.add(table);
    for (const key of table.foreignKeys) {
      const target = byName.get(key.target.table);
      if (target) visit(target);
    }
    ordered.add(table);
  };
  for (const table of tables) visit(table);
  return [...ordered];
}
