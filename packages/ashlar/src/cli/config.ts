import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config/define-config.js';
import { AshlarError } from '../errors.js';
import type { System } from '../system/system.js';
import { isCommandName } from './command-names.js';

const isSystem = (value: unknown): value is System =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'system';

const systemSchema = z
  .custom<System>(isSystem, 'is not a system: make it with system(name, { tables, migrations })')
  .refine(({ name, commands }) => !commands || !isCommandName(name), {
    error: 'has commands, but has the same name as a command of Ashlar: rename the system',
    abort: true,
  });

const systemsSchema = z.array(systemSchema).superRefine((systems, context) => {
  for (const [at, { name }] of systems.entries()) {
    const first = systems.findIndex((each) => each.name === name);
    if (first === at) continue;
    const message = `has the same name as systems.${first}: ${name}`;
    context.addIssue({ code: 'custom', path: [at], message });
  }
});

const schema = z.strictObject({
  systems: systemsSchema.optional(),
  url: z.string().min(1).optional(),
  engines: z
    .array(z.enum(['sqlite', 'postgres']))
    .min(1)
    .optional(),
});

const invalid = (detail: string, cause?: unknown): AshlarError =>
  new AshlarError('config-invalid', {
    message: 'Invalid configuration file.',
    detail,
    suggestion:
      'Write: export default defineConfig({ systems: [shop], url: "sqlite:data/shop.db" }), with defineConfig from "ashlar/config".',
    cause,
  });

/**
 * Reads the configuration file of a folder; returns an empty configuration if the folder has none.
 *
 * @param file - the file to read instead of `ashlar.config.*`; it must exist
 * @throws AshlarError `config-invalid`
 */
export async function readConfig(directory: string, file: string | undefined): Promise<Config> {
  const config = await load(directory, file);
  const result = schema.safeParse(config);
  if (result.success) return result.data as Config;
  throw invalid(
    result.error.issues
      .map(({ path, message }) => `${path.join('.') || 'The default export'} ${message}.`)
      .join('\n'),
  );
}

const load = async (directory: string, file: string | undefined): Promise<unknown> => {
  // c12 brings a TypeScript loader: only commands that need a configuration wait for it
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
