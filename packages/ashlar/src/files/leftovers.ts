import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { livenessOfMark } from './process.js';

/** A temporary file of an unseen process counts as left behind after this time; milliseconds. */
const unseenFor = 86_400_000;

/**
 * Removes the temporary files and folders that killed processes left in a folder; their names begin with `prefix` and
 * a `processMark()`. Files of running processes stay, and so do files that cannot be removed.
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

/** Returns the time since a file was last written, in milliseconds; 0 if the file does not exist. */
export async function ageOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? 0 : Date.now() - found.mtimeMs;
}
