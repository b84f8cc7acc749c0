import type { SqlDialect } from '../contract/dialect.js';
import type { Schema, SchemaObject } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { objectsOfGuarantee } from '../model/index.js';
import { functionName } from './ownership/keys.js';
import { schemaOfModel, schemaOfSteps } from './shadow.js';
import type { Step } from './steps.js';

/**
 * Finds the objects of guarantees that the steps make in another form than this release renders them: after an upgrade of
 * the package or a change of a table, until `migrate new` has written the step that replaces them.
 *
 * @returns one line for each object; `null` if the schemas cannot be made
 */
export async function outdatedObjects(
  dialect: SqlDialect,
  system: SystemFacts,
  steps: readonly Step[],
): Promise<readonly string[] | null> {
  try {
    const made = definitions(await schemaOfSteps(dialect, steps));
    const rendered = definitions(await schemaOfModel(dialect, system));
    return Object.values(system.tables).flatMap((table) =>
      table.guarantees.flatMap((guarantee) =>
        objectsOfGuarantee(guarantee, table, dialect.name)
          .map(({ type, name }) => `${type} ${name}`)
          .filter((object) => made.has(object) && made.get(object) !== rendered.get(object))
          .map((object) => `${table.name}, ${guarantee.name}: the steps make the ${object} in an older form`),
      ),
    );
  } catch (error) {
    // without the embedded engine, or with steps that no longer run, the rest of the page is still useful
    if (error instanceof AshlarError) return null;
    throw error;
  }
}

// the name of a described function is quoted, and has its arguments
const plainName = (type: string, name: string): string => (type === 'function' ? functionName(name) : name);

/** The definitions of what a guarantee may make, by type and name. */
const definitions = ({ tables, functions }: Schema): ReadonlyMap<string, string> => {
  const listed = (type: string, objects: readonly SchemaObject[] = []) =>
    objects.map(({ name, definition }) => [`${type} ${plainName(type, name)}`, definition] as const);
  return new Map([
    ...listed('function', functions),
    ...tables.flatMap(({ name, triggers, indexes, rowSecurity, ...table }) => [
      [`table ${name}`, JSON.stringify(table)] as const,
      ...listed('trigger', triggers),
      ...listed('index', indexes),
      ...listed('policy', rowSecurity?.policies),
    ]),
  ]);
};
