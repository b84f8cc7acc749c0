import { createHash } from 'node:crypto';
import type { Engine } from '../engines/engine.js';
import type { System } from '../system.js';

/**
 * SHA-256 over the schema of a system's tables and of what keeps their guarantees, as the engine describes it now. Two
 * databases of one kind with the same fingerprint have the same walls.
 */
export const fingerprintOf = (engine: Engine, system: System): Promise<string> =>
  engine.asOwner(async (owner) => {
    const real = await engine.introspect(owner);
    const tables = Object.values(system.tables);
    const objects = tables.flatMap((table) =>
      table.guarantees.flatMap((guarantee) => {
        const keeping = guarantee[engine.dialect.name];
        return keeping.level === 'refused' ? [] : keeping.objects(table);
      }),
    );
    const names = new Set([...tables, ...objects].map(({ name }) => name));
    const own = <T extends { readonly name: string }>(all: readonly T[]): T[] =>
      all.filter(({ name }) => names.has(name.replace(/\(.*$/s, '')));
    const dump = engine.dialect.dump({ tables: own(real.tables), functions: own(real.functions) });
    return createHash('sha256').update(dump).digest('hex');
  });
