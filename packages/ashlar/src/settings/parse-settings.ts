import type { z } from 'zod';
import { AshlarError } from '../errors.js';

/**
 * Reads and validates the settings of a system, which are variables of the environment.
 *
 * @param system - the name of the system, for the message
 * @param variables - an object schema of the variables. A message of the schema follows the name of its variable:
 *   `'is empty'` makes "QUOTA is empty."
 * @param env - the environment; `process.env` by default
 * @throws AshlarError `settings-invalid`, which names the variables and never a value
 *
 * @example
 * const { LOW_STOCK } = parseSettings('shop', z.object({ LOW_STOCK: z.coerce.number().default(10) }));
 */
export function parseSettings<Output>(
  system: string,
  variables: z.ZodType<Output>,
  env: NodeJS.Dict<string> = process.env,
): Output {
  const result = variables.safeParse(env);
  if (result.success) return result.data;
  throw new AshlarError('settings-invalid', {
    message: `Invalid settings of ${system}.`,
    detail: result.error.issues.map(({ path, message }) => lineOf(path.join('.'), message)).join('\n'),
    suggestion: 'Correct the variables in the environment or in .env.',
  });
}

// a message of Zod's own is a sentence ("Invalid input: …"); one written for a variable goes on after its name
function lineOf(name: string, message: string): string {
  return /^[A-Z]/.test(message) ? `${name}: ${message}.` : `${name} ${message}.`;
}
