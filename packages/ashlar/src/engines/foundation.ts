import type { Foundation, SqlDialect } from '../contract/dialect.js';
import type { Owner } from '../contract/owner.js';

/** A database object that is created where it is missing. */
interface Creatable {
  /** A query that returns a row if the object exists in its current definition. */
  readonly exists: string;
  readonly create: string;
}

/** Returns those of the objects that a database does not have in their current definition. It reads them with one query. */
export async function missingOf<T extends Creatable>(
  owner: Owner,
  objects: readonly T[],
): Promise<readonly T[]> {
  if (objects.length === 0) return [];
  const columns = objects.map(({ exists }, at) => `EXISTS (${exists}) AS has_${at}`);
  const [found = {}] = await owner.run(`SELECT ${columns.join(', ')}`);
  return objects.filter((_, at) => !found[`has_${at}`]);
}

/**
 * Creates those foundation objects that are missing: Ashlar's own database objects that guarantees rely on. Idempotent.
 */
export async function createFoundation(
  owner: Owner,
  { foundation }: Pick<Foundation, 'foundation'>,
): Promise<void> {
  for (const { create } of await missingOf(owner, foundation)) await owner.script(create);
}

/**
 * Returns the statements that make Ashlar's own objects of an earlier version; `undefined` for the last version, and for one that
 * this release does not know, which is compared with the last.
 */
export function earlierFoundation(
  { firstFoundation, foundationVersions }: Pick<SqlDialect, 'firstFoundation' | 'foundationVersions'>,
  version: number,
): readonly string[] | undefined {
  return foundationVersions.some((each) => each.version > version)
    ? [
        ...firstFoundation.map(({ create }) => create),
        ...foundationVersions.filter((each) => each.version <= version).flatMap(({ change }) => change),
      ]
    : undefined;
}
