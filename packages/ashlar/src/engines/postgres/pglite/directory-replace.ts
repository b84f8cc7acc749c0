import { chmodSync, lstatSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { giveTo, ownerOf } from '../../../files/owner.js';
import { syncPath } from '../../../files/sync.js';
import { isDirectoryLock } from './directory-lock.js';

const incoming = 'ashlar.incoming';
const outgoing = 'ashlar.outgoing';
/** Marks that the incoming folder is complete, and that the files next to it are old. */
const leaving = 'ashlar.leaving';
/** Marks that the old files are moved away, and that the files next to it are new. */
const entering = 'ashlar.entering';

const ours: ReadonlySet<string> = new Set([incoming, outgoing, leaving, entering]);

/** The files in a folder, without Ashlar's own files for locking and replacing. */
export async function filesIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => !ours.has(name) && !isDirectoryLock(name));
}

/** Creates an empty folder inside `directory`, in which the replacement of the current database is prepared. */
export async function prepareIncoming(directory: string): Promise<string> {
  const folder = join(directory, incoming);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  return folder;
}

/**
 * Replaces the database in `directory` with the database in the folder that `prepareIncoming` created. The caller holds
 * the lock of `directory`. A folder cannot be renamed over a non-empty one, so the entries are moved one by one, and
 * two marker files record the progress. After a kill before the first marker the old database is unchanged; after it,
 * the next process that opens the folder completes the replacement.
 */
export async function replaceByIncoming(directory: string): Promise<void> {
  await keepOwners(directory);
  await syncAll(join(directory, incoming));
  await syncPath(directory);
  await (await open(join(directory, leaving), 'wx')).close();
  await syncPath(directory);
  await finishReplacing(directory);
}

/**
 * Completes an interrupted replacement of the database, or discards the new files if they were not marked as complete.
 * Call under the folder's lock.
 */
export async function finishReplacing(directory: string): Promise<void> {
  const [from, to] = [join(directory, incoming), join(directory, outgoing)];
  if (isThere(join(directory, leaving))) {
    await mkdir(to, { recursive: true });
    for (const name of await filesIn(directory)) await rename(join(directory, name), join(to, name));
    await syncPath(directory);
    await rename(join(directory, leaving), join(directory, entering));
    // a new file next to the first mark would be taken for an old one
    await syncPath(directory);
  }
  if (isThere(join(directory, entering))) {
    for (const name of isThere(from) ? await readdir(from) : []) {
      if (!isDirectoryLock(name)) await rename(join(from, name), join(directory, name));
    }
    await syncPath(directory);
    await rm(join(directory, entering));
  }
  await rm(from, { recursive: true, force: true });
  await rm(to, { recursive: true, force: true });
}

// a mark that cannot be read is no mark that is not there: what it guards would be removed
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

// as root, what is made belongs to root: the owner of the old database could not open the new one
const keepOwners = async (directory: string): Promise<void> => {
  const from = join(directory, incoming);
  const owner = ownerOf(join(directory, 'PG_VERSION')) ?? ownerOf(directory);
  for (const path of await pathsIn(from)) {
    if (owner) giveTo(path, owner);
    const replaced = ownerOf(join(directory, relative(from, path)));
    if (replaced) chmodSync(path, replaced.mode & 0o7777);
  }
};

const pathsIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true })).map(({ parentPath, name }) =>
    join(parentPath, name),
  );

const syncedAtOnce = 16;

// the embedded engine cannot fsync, and the old files are removed right after the new ones are in place
const syncAll = async (directory: string): Promise<void> => {
  const paths = await pathsIn(directory);
  for (let from = 0; from < paths.length; from += syncedAtOnce) {
    await Promise.all(paths.slice(from, from + syncedAtOnce).map(syncPath));
  }
  await syncPath(directory);
};
