import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { AshlarError } from '../errors.js';

/** The file of the lock in a folder of backups. */
export const lockName = '.lock';

/** A process, told from a later one of the same number by when it began. */
interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly began: string;
  /** When it last showed that it lives; in milliseconds. */
  readonly seen?: number;
}

const attempts = 5;
/** How often a holder shows that it lives, and after which silence one on another machine is taken for dead. */
const [beat, silence] = [30_000, 300_000];

/**
 * Keeps a folder to this process while `work` runs. The lock of a process that is gone is taken over.
 *
 * @throws AshlarError `backup-folder-locked`
 */
export const withFolderLock = async <T>(folder: string, work: () => Promise<T>): Promise<T> => {
  const file = join(folder, lockName);
  const mine = join(folder, `${lockName}-${process.pid}-${Math.random().toString(36).slice(2)}`);
  const me: Holder = { host: hostname(), pid: process.pid, began: beginOf(process.pid) ?? '' };
  await claim(mine, JSON.stringify(me));
  try {
    for (let attempt = 1; !(await linked(mine, file)); attempt++) {
      const holder = await read(file);
      if (holder && (isAlive(holder) || attempt === attempts)) throw locked(folder, holder);
      if (holder) await takeAway(file, mine);
    }
  } finally {
    await rm(mine, { force: true });
  }
  const heart = setInterval(() => utimes(file, new Date(), new Date()).catch(() => undefined), beat);
  heart.unref();
  try {
    return await work();
  } finally {
    clearInterval(heart);
    await rm(file, { force: true });
  }
};

/** Removes what a process left behind that was killed before it had the lock, or before it had written who it is. */
export const removeDeadClaim = async (file: string): Promise<void> => {
  const holder = await read(file);
  const pid = Number(basename(file).split('-')[1]);
  const claimer = holder?.host === 'unknown' ? { ...holder, host: hostname(), pid } : holder;
  if (claimer && !isAlive(claimer)) await rm(file, { force: true });
};

// on a full disk the claim stays empty, so that backups can still be pruned there
const claim = async (file: string, text: string): Promise<void> => {
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
};

// a link is made whole or not at all, and never over another
const linked = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

// two who find the same dead lock: the one that is too late may have taken a live one away, and puts it back
const takeAway = async (file: string, mine: string): Promise<void> => {
  const taken = `${mine}.taken`;
  try {
    await rename(file, taken);
  } catch {
    return;
  }
  const holder = await read(taken);
  if (holder && isAlive(holder)) await linked(taken, file);
  await rm(taken, { force: true });
};

const read = async (file: string): Promise<Holder | undefined> => {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const seen = (await stat(file).catch(() => undefined))?.mtimeMs;
  if (text === undefined || seen === undefined) return undefined;
  try {
    const { host, pid, began } = JSON.parse(text) as Partial<Holder>;
    return { host: String(host), pid: Number(pid), began: String(began), seen };
  } catch {
    // of somebody who could not write who he is
    return { host: 'unknown', pid: 0, began: '', seen };
  }
};

const isAlive = ({ host, pid, began, seen = 0 }: Holder): boolean => {
  // what runs on another machine cannot be seen from here
  if (host !== hostname()) return Date.now() - seen < silence;
  const now = beginOf(pid);
  return now === undefined ? false : began === '' || now === '' || now === began;
};

/** When a process began; `''` where that cannot be told, `undefined` where there is none. */
const beginOf = (pid: number): string | undefined => {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and is another user's
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  try {
    // proc(5): the 22nd field; the second, in brackets, may hold spaces
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // a process that has ended and waits to be collected holds nothing
    return fields[0] === 'Z' ? undefined : (fields[19] ?? '');
  } catch {
    return '';
  }
};

const locked = (folder: string, { host, pid }: Holder): AshlarError =>
  new AshlarError('backup-folder-locked', {
    message: `Process ${pid}${host === hostname() ? '' : ` of ${host}`} makes or removes backups in ${folder}.`,
    suggestion: `Wait until it has ended. If no such process runs, remove ${join(folder, lockName)}.`,
  });
