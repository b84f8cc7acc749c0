import type { SqlName } from '../contract/sql.js';
import type { System } from '../system/system.js';

/** The content of the configuration file: `ashlar.config.ts`, `.js` or `.json`. */
export interface Config {
  /** The systems on which the commands work. */
  readonly systems?: readonly System[];
  /** The URL of the database, used if neither `--url` nor the environment gives one. */
  readonly url?: string;
  /**
   * The engines that the project uses: `migrate new` writes files for these only. By default the engine of the URL and
   * those for which the steps have files.
   */
  readonly engines?: readonly SqlName[];
}

/**
 * Returns the configuration as given. An editor then completes and checks it while it is written; a command checks it
 * when it reads the file.
 *
 * @example
 * // ashlar.config.ts
 * import { defineConfig } from 'ashlar/config';
 * import { shop } from './src/shop.ts';
 *
 * export default defineConfig({ systems: [shop], url: 'sqlite:data/shop.db' });
 */
export function defineConfig(config: Config): Config {
  return config;
}
