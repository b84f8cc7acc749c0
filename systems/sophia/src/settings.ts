import { parseSettings } from 'ashlar';
import { z } from 'zod';

const variables = z.object({
  DUPLICATE_SCORE: z
    .string()
    .regex(/^(100|\d{1,2})$/, 'must be a whole number from 0 to 100')
    .transform(Number)
    .default(85),
});

/** What this system takes from the environment. Where its data is and with which key it opens is Ashlar's to read. */
export interface SophiaSettings {
  /** `DUPLICATE_SCORE`: from which score on a name is likely a duplicate. Default 85. */
  readonly duplicate_score: number;
}

/**
 * Reads and checks the settings of this system. Importing needs no environment; calling this does.
 *
 * @throws AshlarError `settings-invalid`, naming the variables that do not fit
 */
export const sophiaSettings = (env: NodeJS.Dict<string> = process.env): SophiaSettings => {
  const { DUPLICATE_SCORE: duplicate_score } = parseSettings('sophia', variables, env);
  return { duplicate_score };
};
