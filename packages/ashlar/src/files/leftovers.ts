import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { livenessOfMark } from './process.js';

/** After this time a temporary file whose process cannot be seen from here counts as left behind; milliseconds. */
const unseenFor = 86_400_000;

/**
 * Removes what killed processes have left in a folder: files and folders whose names are `prefix` and a `processMark()`.
 * What a running process owns stays; what cannot be removed stays too.
 */
export async function removeLeftovers(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const path = join(folder, name);
    const liveness = livenessOfMark(name.slice(prefix.length));
    if (liveness === 'gone' || (liveness === 'unseen' && (await ageOf(path)) > unseenFor))
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Milliseconds since a file was last written; 0 where there is none. */
export async function ageOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? 0 : Date.now() - found.mtimeMs;
}
