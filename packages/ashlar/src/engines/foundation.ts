import type { Foundation } from '../contract/dialect.js';
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
