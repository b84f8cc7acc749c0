import { AshlarError } from '../errors.js';
import { describeHolder, takeLock } from '../files/lock.js';

/** The name of the lock file in a folder of backups. */
export const lockName = '.lock';

// several hosts may share the folder
const heartbeat = { every: 2_000, silence: 300_000 };

/**
 * Runs `work` while this process holds the lock of a folder of backups. The lock of a dead process is taken over.
 * Several hosts can share the folder: a host without a heartbeat for five minutes, and for 6 seconds more in which its lock file is
 * watched, counts as dead.
 *
 * @throws AshlarError `backup-folder-locked`
 */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const lock = await takeLock({
    folder,
    name: lockName,
    heartbeat,
    locked: (holder) =>
      new AshlarError('backup-folder-locked', {
        message: `Another backup or prune is running in the folder ${folder}, in ${describeHolder(holder)}.`,
        detail: holder.isUnseen
          ? 'This process cannot see that process, but its lock file was changed within the last five minutes.'
          : undefined,
        suggestion: `Wait until the other process has ended. If no such process runs, remove ${holder.file}.`,
      }),
  });
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
