import { AshlarError } from '../errors.js';
import type { System } from '../system.js';
import type { Config } from './config.js';

// loaded when a command needs one: the command line itself knows no system
const shipped = async (): Promise<Readonly<Record<string, () => Promise<System>>>> =>
  (await import('../../systems/index.js')).shippedSystems;

/**
 * The systems a command is about: those named, from the configuration or shipped with Ashlar; without a name, all of
 * the configuration.
 *
 * @throws AshlarError `system-unknown`, `usage`
 */
export const chooseSystems = async (names: readonly string[], config: Config): Promise<System[]> => {
  const own = config.systems ?? [];
  if (names.length === 0) {
    if (own.length > 0) return [...own];
    throw new AshlarError('usage', {
      message: 'No system was named.',
      suggestion: `Name one with --system (${Object.keys(await shipped()).join(', ')}), or list yours in ashlar.config.ts.`,
    });
  }
  return Promise.all([...new Set(names)].map((name) => findSystem(name, own)));
};

const findSystem = async (name: string, own: readonly System[]): Promise<System> => {
  const configured = own.find((system) => system.name === name);
  if (configured) return configured;
  const registry = await shipped();
  const load = Object.hasOwn(registry, name) ? registry[name] : undefined;
  if (load) return load();
  const known = [...own.map((system) => system.name), ...Object.keys(registry)];
  throw new AshlarError('system-unknown', {
    message: `No system is named ${name}.`,
    suggestion: `There are: ${known.join(', ')}.`,
  });
};
