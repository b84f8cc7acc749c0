import { createHash } from 'node:crypto';
import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { SystemFacts } from '../contract/system.js';
import { sideObjects } from '../model/index.js';
import { defaultRoles } from '../roles/names.js';
import { wantedRights } from '../roles/wanted.js';

/**
 * Computes the SHA-256, in hex, of the schema of a system's tables and guarantees as the engine describes it now, and
 * of the rights that the guarantees leave to the application. It does not cover the rights granted: those are checked
 * separately.
 */
export function fingerprintOf(engine: Engine, system: SystemFacts): Promise<string> {
  return engine.asOwner((owner) => fingerprintThrough(engine, owner, system));
}

/** Computes the same fingerprint as {@link fingerprintOf}, on an open connection of the owner. */
export async function fingerprintThrough(engine: Engine, owner: Owner, system: SystemFacts): Promise<string> {
  const real = await engine.introspect(owner);
  const tables = Object.values(system.tables);
  const objects = tables.flatMap((table) => sideObjects(table, engine.dialect.name));
  const names = new Set([...tables, ...objects].map(({ name }) => name));
  const own = <T extends { readonly name: string }>(all: readonly T[]): T[] =>
    all.filter(({ name }) => names.has(name.replace(/\(.*$/s, '')));
  const dump = engine.dialect.dump({ tables: own(real.tables), functions: own(real.functions), objects: [] });
  const rights = [...wantedRights(engine.dialect, system, defaultRoles).tables];
  return createHash('sha256').update(dump).update(JSON.stringify(rights)).digest('hex');
}
