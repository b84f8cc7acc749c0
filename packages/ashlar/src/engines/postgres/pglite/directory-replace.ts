import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncPath } from '../../../files/sync.js';
import { isDirectoryLock } from './directory-lock.js';

const incoming = 'ashlar.incoming';
const outgoing = 'ashlar.outgoing';
/** Says that what is incoming is whole, and that what stands beside it is old. */
const onPurge = 'ashlar.leaving';
/** Says that what was old is out of the way, and that what stands beside is new. */
const entering = 'ashlar.entering';

const ours: ReadonlySet<string> = new Set([incoming, outgoing, onPurge, entering]);

/** What a folder holds beside what Ashlar leaves there while it works. */
export async function contentOf(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => !ours.has(name) && !isDirectoryLock(name));
}

/** The folder in which the database that is to come is made ready; empty. */
export async function prepareIncoming(directory: string): Promise<string> {
  const folder = join(directory, incoming);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  return folder;
}

/**
 * Makes what is in the incoming folder the database of `directory`. The two lie in one folder, whose lock is held all
 * along; a folder cannot be renamed over another that holds something, so the entries are moved one by one, and two marks
 * say how far that has come. Killed before the first mark, the folder is what it was; after it, the next to open the
 * folder completes it.
 */
export async function replaceByIncoming(directory: string): Promise<void> {
  await syncAll(join(directory, incoming));
  await syncPath(directory);
  await (await open(join(directory, onPurge), 'wx')).close();
  await syncPath(directory);
  await finishReplacing(directory);
}

/** Completes what a process left half done in a folder, or clears away what it never finished. Under the folder's lock. */
export async function finishReplacing(directory: string): Promise<void> {
  const [from, to] = [join(directory, incoming), join(directory, outgoing)];
  if (existsSync(join(directory, onPurge))) {
    await mkdir(to, { recursive: true });
    for (const name of await contentOf(directory)) await rename(join(directory, name), join(to, name));
    await syncPath(directory);
    await rename(join(directory, onPurge), join(directory, entering));
  }
  if (existsSync(join(directory, entering))) {
    for (const name of await readdir(from).catch(() => [])) {
      if (!isDirectoryLock(name)) await rename(join(from, name), join(directory, name));
    }
    await syncPath(directory);
    await rm(join(directory, entering));
  }
  await rm(from, { recursive: true, force: true });
  await rm(to, { recursive: true, force: true });
}

const syncedAtOnce = 16;

// the embedded engine cannot fsync, and what is old goes as soon as the new is there
const syncAll = async (directory: string): Promise<void> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name));
  for (let from = 0; from < paths.length; from += syncedAtOnce) {
    await Promise.all(paths.slice(from, from + syncedAtOnce).map(syncPath));
  }
  await syncPath(directory);
};
