import { createHash } from 'node:crypto';
import type { SqlDialect } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { GuardedPlace } from '../contract/guards.js';
import type { Schema } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import type { TableFacts } from '../contract/table.js';
import { systemStatements } from '../engines/declared-sql.js';
import { createFoundation, earlierFoundation } from '../engines/foundation.js';
import { openShadow } from '../engines/shadow.js';
import { externalTablesOf, onGuardedTables, placeOfSteps } from './external-steps.js';
import { historySql } from './history-sql.js';
import { keptSchema, keptState } from './kept-states.js';
import { withoutOmitted } from './omitted.js';
import { OwnershipLedger } from './ownership/ownership.js';
import { runBody } from './run-step.js';
import type { Step } from './steps.js';
import type { SchemaState, StepsState } from './steps-state.js';

/**
 * Opens an empty database in this process, with the objects that guarantees rely on. Close it.
 *
 * @param guards - where the tables are that a guard is on
 * @param earlier - the statements that make the objects of an earlier version instead
 * @throws AshlarError `driver-missing`
 */
export async function openEmptyShadow(
  dialect: SqlDialect,
  guards?: GuardedPlace,
  earlier?: readonly string[],
): Promise<Engine> {
  const shadow = await openShadow(dialect.name, guards);
  try {
    await shadow.asOwner(async (owner) => {
      if (earlier === undefined) await createFoundation(owner, dialect);
      else for (const statement of earlier) await owner.script(statement);
    });
    return shadow;
  } catch (error) {
    await shadow.close();
    throw error;
  }
}

const inShadow = async <T>(
  dialect: SqlDialect,
  guards: GuardedPlace | undefined,
  work: (engine: Engine) => Promise<T>,
  earlier?: readonly string[],
): Promise<T> => {
  const shadow = await openEmptyShadow(dialect, guards, earlier);
  try {
    return await work(shadow);
  } finally {
    await shadow.close();
  }
};

/** The states after the last lists of steps, by dialect and steps. A server that checks itself asks for the same one. */
const known = new Map<string, Promise<StepsState>>();
const mostKnown = 16;

/**
 * Runs steps on an empty database in this process, and returns the resulting schema as the engine describes it, with the
 * owners of its objects. Steps in code are left out: they change data only (`StepFunction`). The same steps always give
 * the same schema, which is kept for later calls.
 *
 * @param version - the version of Ashlar's own objects that the steps run on; by default the last
 * @throws AshlarError `migration-failed`, `migration-invalid` (a step does not make what its directives say),
 *   `driver-missing`
 */
export function stateOfSteps(
  dialect: SqlDialect,
  steps: readonly Step[],
  version?: number,
): Promise<StepsState> {
  const earlier = version === undefined ? undefined : earlierFoundation(dialect, version);
  const key = JSON.stringify([dialect.name, earlier ?? null, steps.map(keyOfStep)]);
  const found = known.get(key);
  if (found) return found;
  const made = keptState(dialect, key, () =>
    inShadow(dialect, placeOfSteps(steps, 'all'), (engine) => stateIn(engine, steps), earlier),
  );
  known.set(key, made);
  made.catch(() => known.delete(key));
  for (const oldest of known.keys()) {
    if (known.size <= mostKnown) break;
    known.delete(oldest);
  }
  return made;
}

// a checksum is the same for every form of line ends, and bodies of functions are not
const keyOfStep = ({ name, checksum, up, tables }: Step): readonly unknown[] => [
  name,
  up.kind === 'sql' ? createHash('sha256').update(up.text).digest('hex') : checksum,
  ...(tables ? [tables] : []),
];

const stateIn = async (engine: Engine, steps: readonly Step[]): Promise<StepsState> => {
  const state = await runStepsIn(engine, steps, new OwnershipLedger());
  const catalogue = await engine.asOwner(async (owner) => {
    const { exists, create } = historySql[engine.dialect.name];
    if ((await owner.run(exists)).length === 0) await owner.script(create);
    return engine.catalogue(owner);
  });
  return onGuardedTables({ ...state, catalogue }, steps);
};

/** Returns the schema of {@link stateOfSteps}. */
export async function schemaOfSteps(dialect: SqlDialect, steps: readonly Step[]): Promise<Schema> {
  return (await stateOfSteps(dialect, steps)).schema;
}

/**
 * Runs steps in an open shadow database, and returns what they make of it.
 *
 * @param ledger - follows who made its objects; it has recorded the steps that ran in the database before
 * @throws AshlarError `migration-failed`, `migration-invalid`
 */
export function runStepsIn(
  engine: Engine,
  steps: readonly Step[],
  ledger: OwnershipLedger,
): Promise<SchemaState> {
  return engine.asOwner(async (connection) => {
    const owner = engine.dialect.ownerOfSteps(connection);
    let schema: Schema | undefined;
    for (const step of steps) {
      if (step.tables)
        await engine.dialect.guarding.place(owner, step.tables, await engine.introspect(owner));
      if (step.up.kind === 'code') continue;
      const body = withoutOmitted(step.up);
      if (body.mode === 'no-transaction') await runBody(engine, owner, step, body);
      else
        await owner.atomically(() => runBody(engine, owner, step, body), {
          rebuild: body.mode === 'rebuild',
        });
      schema = await engine.introspect(owner);
      ledger.record(step.name, step.up, schema);
    }
    const broken = await owner.atomically(() => engine.dialect.findBroken(owner));
    return { schema: schema ?? (await engine.introspect(owner)), ownership: ledger.ownership, broken };
  });
}

/**
 * Creates a system's tables in an empty database in this process, and returns the resulting schema as the engine
 * describes it.
 */
export function schemaOfModel(dialect: SqlDialect, system: SystemFacts): Promise<Schema> {
  const statements = systemStatements(dialect, system, inCreationOrder(Object.values(system.tables)));
  const tables = externalTablesOf(dialect, system);
  const key = tables ? [JSON.stringify(tables), ...statements] : statements;
  return keptSchema(dialect, key, () =>
    inShadow(dialect, system.guards, (engine) =>
      engine.asOwner(async (owner) => {
        if (tables) await dialect.guarding.place(owner, tables, await engine.introspect(owner));
        for (const statement of statements) await owner.script(statement);
        return engine.introspect(owner);
      }),
    ),
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
