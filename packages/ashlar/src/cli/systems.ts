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
  return chosen.map((system) => ({ ...system, beside: systems.filter((each) => each !== system) }));
}

const findSystem = (name: string, systems: readonly System[]): System => {
  const system = systems.find((each) => each.name === name);
  if (system) return system;
  throw new AshlarError('system-unknown', {
    message: `The configuration has no system named ${name}.`,
    suggestion: `The configured systems are: ${systems.map((each) => each.name).join(', ')}.`,
  });
};
