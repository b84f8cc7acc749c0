import { AshlarError } from '../../../errors.js';
import { describeHolder, type HeldLock, takeLock } from '../../../files/lock.js';
import { isLockFile } from '../../../files/lock-file.js';

const name = 'ashlar.lock';

// after a restart, a container opens its database when the ten seconds of the watch are over
const heartbeat = { every: 1_000, silence: 300_000, watch: 10_000 };

/** Whether a file in a data folder belongs to the folder's lock. */
export function isDirectoryLock(file: string): boolean {
  return isLockFile(file, name);
}

/**
 * Locks a data folder for this process: PGlite itself allows several to write to one folder, which destroys it. The lock
 * of a dead process is taken over.
 *
 * @throws AshlarError `database-locked`
 */
export function lockDirectory(directory: string): Promise<HeldLock> {
  return takeLock({
    folder: directory,
    name,
    heartbeat,
    locked: (holder) =>
      new AshlarError('database-locked', {
        message: `The database in ${directory} is open in ${describeHolder(holder)}.`,
        detail: holder.isUnseen
          ? 'It cannot be seen from here, but its lock file was changed within the last five minutes.'
          : 'The embedded engine allows one process at a time.',
        suggestion: `Close it there first. If no process uses the folder, remove ${holder.file}.`,
      }),
  });
}
