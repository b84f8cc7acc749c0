import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Where process numbers mean the same: a host, and on Linux the process namespace (containers may share a host name). */
const place = (): string => {
  let namespace = '';
  try {
    namespace = readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '');
  } catch {
    // not Linux: the host's name alone
  }
  return `${hostname()}${namespace && `/${namespace}`}`;
};

/** A name for one worker: `host:pid:random`. */
export const newOwner = (): string => `${place()}:${process.pid}:${randomBytes(6).toString('hex')}`;

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: there, but another user's
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
};

/** Whether a worker is known to be gone: it ran in this place, and its process is no more. */
export const isGone = (owner: string): boolean => {
  const [, where, pid] = /^(.*):(\d+):[^:]*$/.exec(owner) ?? [];
  return where === place() && !exists(Number(pid));
};
