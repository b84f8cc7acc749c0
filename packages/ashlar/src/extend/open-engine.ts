import type { Engine } from '../contract/engine.js';
import type { OpenOptions } from '../contract/open-options.js';
import { openEngine as open } from '../engines/open.js';
import { loadQueries } from '../session/loaded-queries.js';

/**
 * Opens the database at a URL: `sqlite:PATH`, `sqlcipher:PATH`, `pglite:DIR`, `pglite:memory` or `postgres://…`.
 *
 * @throws AshlarError `url-invalid`, `driver-missing`, `key-wrong`, `key-missing`, `database-not-encrypted`,
 *   `cipher-version`, `not-a-database`, `directory-missing`, `filesystem-unsafe`, `database-locked`, `connection-refused`, `authentication-failed`,
 *   `database-missing`, `server-too-old`, `pooler-unfit`
 */
export async function openEngine(options: OpenOptions): Promise<Engine> {
  const engine = await open(options);
  // for a Database that is made of it
  await loadQueries(engine);
  return engine;
}
