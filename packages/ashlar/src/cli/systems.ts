import type { Config } from '../config/define-config.js';
import { AshlarError } from '../errors.js';
import type { System } from '../system/system.js';

/**
 * Returns the systems with these names; without names, all systems of the configuration.
 *
 * @throws AshlarError `system-unknown` where the configuration has no system of that name; `usage` where it has no system
 */
export function chooseSystems(names: readonly string[], config: Config): System[] {
  const systems = config.systems ?? [];
  if (systems.length === 0) {
    throw new AshlarError('usage', {
      message: 'No system is configured.',
      suggestion:
        'List your systems in ashlar.config.ts: export default { systems: [shop] }, or name another file with --config.',
    });
  }
  const chosen = names.length === 0 ? systems : [...new Set(names)].map((name) => findSystem(name, systems));
  return chosen.map((system) => beside(system, systems));
}

/** Accepts what the project's other systems have in other schemas of the database: their own proof compares it. */
const beside = (system: System, systems: readonly System[]): System => {
  const schemas = new Map<string, string>();
  for (const { name, guards } of systems) {
    if (name === system.name || guards?.own === system.guards?.own) continue;
    const schema = guards ? guards.own : system.guards?.schema;
    if (schema !== undefined) schemas.set(schema, name);
  }
  if (schemas.size === 0) return system;
  const accepted = [...schemas].map(([schema, name]) => ({
    object: `schema ${schema}`,
    reason: `it has the objects of ${name}, which this project proves too`,
  }));
  return { ...system, accepts: [...(system.accepts ?? []), ...accepted] };
};

const findSystem = (name: string, systems: readonly System[]): System => {
  const system = systems.find((each) => each.name === name);
  if (system) return system;
  throw new AshlarError('system-unknown', {
    message: `The configuration has no system named ${name}.`,
    suggestion: `The configured systems are: ${systems.map((each) => each.name).join(', ')}.`,
  });
};
