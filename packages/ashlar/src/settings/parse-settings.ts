import type { z } from 'zod';
import { AshlarError } from '../errors.js';

/**
 * Reads the settings of a system from the environment, by a schema whose messages follow the variables' names.
 *
 * @param system - its name, for the message
 * @throws AshlarError `settings-invalid`, which names the variables that do not fit
 */
export const parseSettings = <Output>(
  system: string,
  variables: z.ZodType<Output>,
  env: NodeJS.Dict<string> = process.env,
): Output => {
  const result = variables.safeParse(env);
  if (result.success) return result.data;
  throw new AshlarError('settings-invalid', {
    message: `The settings of ${system} do not fit.`,
    detail: result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}.`).join('\n'),
    suggestion: 'Correct the variable in the environment.',
  });
};
