import { closeSync, fsyncSync, openSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';

// Windows cannot open folders, and needs no such call: NTFS logs changes of names
const needsSync = (path: string): boolean =>
  process.platform !== 'win32' || !statSync(path, { throwIfNoEntry: false })?.isDirectory();

/**
 * Waits until the content of a file, or the list of names in a folder, is on the disk (fsync). A rename is durable
 * once its folder is synced.
 */
export async function syncPath(path: string): Promise<void> {
  if (!needsSync(path)) return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
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
  } finally {
    closeSync(descriptor);
  }
}
