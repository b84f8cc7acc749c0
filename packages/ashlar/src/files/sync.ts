import { closeSync, fsyncSync, openSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

// Windows cannot open folders, and needs no such call: NTFS logs changes of names
const needsSync = (path: string): boolean => process.platform !== 'win32' || !isFolder(path);

/** The errors of file systems that cannot sync a folder (fsync(2)), such as FAT and some network mounts. Never EIO. */
const noFolderSync: ReadonlySet<unknown> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

const assertSerious = (path: string, error: unknown): void => {
  if (!noFolderSync.has((error as NodeJS.ErrnoException).code) || !isFolder(path)) throw error;
};

/**
 * Waits until the content of a file, or the list of names in a folder, is on the disk (fsync). A rename is durable
 * once its folder is synced. Where the file system cannot sync a folder, there is nothing to wait for.
 */
export async function syncPath(path: string): Promise<void> {
  if (!needsSync(path)) return;
  const handle = await open(path, 'r');
  try {
    await handle.sync().catch((error: unknown) => assertSerious(path, error));
  } finally {
    await handle.close();
  }
}

/**
 * Does the same as {@link syncPath}, but synchronously: for code that cannot wait, such as work under a lock of
 * SQLite.
 */
export function syncPathNow(path: string): void {
  if (!needsSync(path)) return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } catch (error) {
    assertSerious(path, error);
  } finally {
    closeSync(descriptor);
  }
}
