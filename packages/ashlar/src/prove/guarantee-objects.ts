import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import { foundationState } from '../migrations/foundation.js';
import { readHistory } from '../migrations/history.js';
import { objectsOfGuarantee } from '../model/index.js';

/**
 * Finds the objects that the guarantees and the generated columns of a system need, but that are missing in the database
 * or not fully effective.
 *
 * @returns one line for each missing object, and for each trigger that does not fire on a replica (ENABLE ALWAYS)
 */
export async function missingObjects(engine: Engine, system: SystemFacts): Promise<readonly string[]> {
  const { rows, version } = await engine.asOwner(async (owner) => ({
    rows: await owner.run(engine.dialect.proving.objects(system.guards)),
    version: foundationState(await readHistory(owner, engine.dialect)).version,
  }));
  const present = new Map(rows.map(({ type, name, always }) => [`${type} ${name}`, String(always)]));
  const needed = Object.values(system.tables).flatMap((table) => [
    ...engine.dialect.generatedColumnObjects(table).map((object) => ({ of: table.name, object })),
    ...table.guarantees.flatMap((guarantee) => {
      const of = `${table.name}, ${guarantee.name}`;
      return objectsOfGuarantee(guarantee, table, engine.dialect.name).map((object) => ({ of, object }));
    }),
  ]);
  return needed.flatMap(({ of, object: { type, name, sql, since = 1 } }) => {
    const always = present.get(`${type} ${name}`);
    if (always === undefined && since > version) return [];
    if (always === undefined) return [`${of}: the ${type} ${name} is missing`];
    const sometimes = sql.includes('ENABLE ALWAYS TRIGGER') && always !== 'yes';
    return sometimes ? [`${of}: the trigger ${name} is not set to ENABLE ALWAYS`] : [];
  });
}
