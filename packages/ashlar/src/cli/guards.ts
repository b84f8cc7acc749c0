import { AshlarError } from '../errors.js';
import type { System } from '../system/system.js';
import type { Invocation } from './invocation.js';

/** Returns the guards among the chosen systems. @throws AshlarError `usage` where there is none */
export async function guardsOf(invocation: Invocation): Promise<readonly System[]> {
  const guards = (await invocation.systems()).filter((system) => system.guards);
  if (guards.length > 0) return guards;
  throw new AshlarError('usage', {
    message: 'No guard is configured.',
    suggestion:
      'Declare one with guard(name, { tables, migrations }) of ashlar/guard, and list it in ashlar.config.ts. Of systems that own their tables, `ashlar up` and `ashlar status --check` do the same.',
  });
}
