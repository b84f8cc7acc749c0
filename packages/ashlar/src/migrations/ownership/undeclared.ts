import type { SqlDialect } from '../../contract/dialect.js';
import type { Engine } from '../../contract/engine.js';
import type { SqlName } from '../../contract/sql.js';
import type { SystemFacts } from '../../contract/system.js';

import { objectsOfSystem } from '../../engines/declared-sql.js';
import { sideObjects } from '../../model/index.js';
import { codeOf, nameOf } from '../../sql/code.js';
import { realAndExpected } from '../drift.js';
import { keysOf, nameOnly, objectsOf } from './keys.js';
import { liftingObjects } from './lifting.js';

/** An object that no table declares and no generated step made. */
export interface UndeclaredObject {
  /** As directives name it: `index orders_by_status`. */
  readonly object: string;
  /** Whether a step makes it, or it exists in this database only. */
  readonly from: 'step' | 'database';
  /** Whether it could lift a guarantee; `prove` fails then. */
  readonly lifts: boolean;
}

/**
 * Lists the objects that no table declares and no generated step made: those of steps, and those of the system's tables
 * in this database.
 *
 * @throws AshlarError `migration-failed`, `driver-missing` (the shadow runs in an embedded engine)
 */
export async function undeclaredIn(
  engine: Engine,
  system: SystemFacts,
): Promise<readonly UndeclaredObject[]> {
  const found = await realAndExpected(engine, system);
  if (!found) return [];
  const { dialect } = engine;
  const declared = declaredNames(dialect, system);
  const { schema, ownership } = found.expected;
  const known = keysOf(schema);
  const tables = new Set(schema.tables.map(({ name }) => name));
  const others = new Set(found.real.tables.map(({ name }) => name).filter((name) => !tables.has(name)));
  const lifting = new Set(liftingObjects(found.real, dialect.name, system).map(({ key }) => key));
  return objectsOf(found.real).flatMap(({ key, type, name, table }): UndeclaredObject[] => {
    if (type !== 'table' && declared.has(`${type} ${nameOnly(name)}`)) return [];
    const lifts = lifting.has(key);
    if (known.has(key))
      return ownership.foreign.has(key) || (ownership.unknown.has(key) && lifts)
        ? [{ object: key, from: 'step', lifts }]
        : [];
    // another system may share the database
    const isOthers = type === 'table' || others.has(table ?? '') || others.has(name);
    return isOthers ? [] : [{ object: key, from: 'database', lifts }];
  });
}

/** Everything that a system declares, but for its tables: by type and name, because objects of two types can share a name. */
const declaredNames = (dialect: SqlDialect, system: SystemFacts): ReadonlySet<string> => {
  const typed = (type: string, objects: readonly { readonly name: string }[]): readonly string[] =>
    objects.map(({ name }) => `${type} ${name}`);
  return new Set([
    ...objectsOfSystem(dialect, system).map(({ type, name }) => `${type} ${name}`),
    ...Object.values(system.tables).flatMap((table) => [
      ...typed('column', Object.values(table.columns)),
      ...typed('constraint', [table.primaryKey, ...table.uniques, ...table.foreignKeys, ...table.checks]),
      // on SQLite some unique keys are indexes
      ...typed('index', [...table.uniques, ...table.indexes, ...table.expressionIndexes]),
      ...dialect.generatedColumnObjects(table).map(({ type, name }) => `${type} ${name}`),
      ...sideObjects(table, dialect.name).map(({ type, name }) => `${type} ${name}`),
      // on SQLite a foreign key has triggers of its own
      ...dialect
        .createTable(table)
        .flatMap((statement) => createdTrigger(statement, dialect.name))
        .map((name) => `trigger ${name}`),
    ]),
  ]);
};

const createdTrigger = (statement: string, dialect: SqlName): readonly string[] => {
  const [create, trigger, name] = codeOf(statement, dialect);
  return create?.word === 'CREATE' && trigger?.word === 'TRIGGER' && name ? [nameOf(name)] : [];
};
