import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { AshlarError } from '../errors.js';
import type { System } from '../system/system.js';

/** What `ashlar.config.ts`, `.js` or `.json` may hold. */
export interface Config {
  readonly systems?: readonly System[];
  /** Where the systems live, when neither `--url` nor the environment says. */
  readonly url?: string;
}

const isSystem = (value: unknown): value is System =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'system';

const schema = z.strictObject({
  systems: z
    .array(z.custom<System>(isSystem, 'is no system: make it with system(name, { tables, migrations })'))
    .optional(),
  url: z.string().min(1).optional(),
});

const invalid = (detail: string, cause?: unknown): AshlarError =>
  new AshlarError('config-invalid', {
    message: 'The configuration file is not as it must be.',
    detail,
    suggestion: 'Write: export default { systems: [shop], url: "sqlite:data/shop.db" }',
    cause,
  });

/**
 * Reads the configuration of the folder that a command runs in; empty when there is none.
 *
 * @param file - another file than `ashlar.config.*`; it must exist
 * @throws AshlarError `config-invalid`
 */
export const readConfig = async (directory: string, file: string | undefined): Promise<Config> => {
  const config = await load(directory, file);
  const result = schema.safeParse(config);
  if (result.success) return result.data as Config;
  throw invalid(
    result.error.issues.map((issue) => `${issue.path.join('.') || 'it'} ${issue.message}.`).join('\n'),
  );
};

const load = async (directory: string, file: string | undefined): Promise<unknown> => {
  // it brings a TypeScript loader along: only commands that need a configuration wait for it
  const { loadConfig } = await import('c12');
  try {
    const { config } = await loadConfig({
      name: 'ashlar',
      cwd: directory,
      configFile: file === undefined ? 'ashlar.config' : isAbsolute(file) ? file : resolve(directory, file),
      configFileRequired: file !== undefined,
      rcFile: false,
      globalRc: false,
      packageJson: false,
      dotenv: false,
      extend: false,
      giget: false,
      envName: false,
    });
    return config ?? {};
  } catch (error) {
    if (error instanceof AshlarError) throw error;
    throw invalid(error instanceof Error ? error.message : String(error), error);
  }
};
