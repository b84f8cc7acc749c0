import { parseSettings } from 'ashlar';
import { z } from 'zod';

const variables = z.object({
  DUPLICATE_SCORE: z
    .string()
    .regex(/^(100|\d{1,2})$/, 'must be a whole number from 0 to 100')
    .transform(Number)
    .default(85),
});

/** The settings of this system. `connect` reads the URL and the key of the database. */
export interface SophiaSettings {
  /**
   * `DUPLICATE_SCORE`: the minimum similarity, from 0 to 100, at which a client counts as a likely duplicate. Default
   * 85.
   */
  readonly duplicate_score: number;
}

/**
 * Reads and validates the settings of this system. The environment is read on this call, not on import.
 *
 * @throws AshlarError `settings-invalid`, which names the invalid variables
 */
export function sophiaSettings(env: NodeJS.Dict<string> = process.env): SophiaSettings {
  const { DUPLICATE_SCORE: duplicate_score } = parseSettings('sophia', variables, env);
  return { duplicate_score };
}
