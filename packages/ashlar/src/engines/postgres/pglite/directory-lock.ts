import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError } from '../../../errors.js';

/** The lock's file in a data folder. */
export const lockName = 'ashlar.lock';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and is another user's
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const create = async (file: string): Promise<boolean> => {
  try {
    await writeFile(file, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

const locked = (directory: string, file: string, pid: number): AshlarError =>
  new AshlarError('database-locked', {
    message: `The database in ${directory} is open ${pid === process.pid ? 'in this process already' : `in process ${pid}`}.`,
    detail: 'The embedded engine allows one process at a time.',
    suggestion: `Close it there first. If no such process runs Ashlar, remove ${file}.`,
  });

/**
 * Keeps a data folder to this process: PGlite itself does not look. A lock of a process that is gone is taken over.
 *
 * @returns what gives the lock back
 * @throws AshlarError `database-locked`
 */
export const lockDirectory = async (directory: string): Promise<() => Promise<void>> => {
  const file = join(directory, lockName);
  for (let attempt = 0; !(await create(file)); attempt++) {
    const pid = Number(await readFile(file, 'utf8').catch(() => ''));
    if (attempt > 2 || (pid > 0 && isAlive(pid))) throw locked(directory, file, pid);
    await rm(file, { force: true });
  }
  return () => rm(file, { force: true });
};
