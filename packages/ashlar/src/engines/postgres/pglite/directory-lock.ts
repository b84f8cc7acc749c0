import { AshlarError } from '../../../errors.js';
import { onFile } from '../../../files/failure.js';
import { describeHolder, type HeldLock, type LockHolder, takeLock } from '../../../files/lock.js';
import { isLockFile } from '../../../files/lock-file.js';

const name = 'ashlar.lock';

// after a restart, a container opens its database when the ten seconds of the watch are over
const heartbeat = { every: 1_000, silence: 300_000, watch: 10_000 };

/** Whether a file in a data folder is part of Ashlar's lock on the folder. */
export function isDirectoryLock(file: string): boolean {
  return isLockFile(file, name);
}

/**
 * Locks a data folder for this process, because PGlite itself lets several processes write to one folder, and that
 * destroys the database. The lock of a dead process is taken over.
 *
 * @throws AshlarError `database-locked`, `disk-full`, `privilege-missing`, `file-failed`
 */
export function lockDirectory(directory: string): Promise<HeldLock> {
  const locked = (holder: LockHolder) =>
    new AshlarError('database-locked', {
      message: `The database in ${directory} is open in ${describeHolder(holder)}.`,
      detail: holder.isUnseen
        ? 'That process is not visible here, but it changed its lock file within the last five minutes.'
        : 'Only one process at a time can open a PGlite database.',
      suggestion: `Close the database in that process first. If no process uses the folder, remove ${holder.file}.`,
    });
  return onFile(directory, () => takeLock({ folder: directory, name, heartbeat, locked }));
}
