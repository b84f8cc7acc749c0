import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

// process ids are comparable only within a host and, on Linux, within a PID namespace: containers may share a host name
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
export function newOwner(): string {
  return `${place()}:${process.pid}:${randomBytes(6).toString('hex')}`;
}

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists and belongs to another user
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
};

/** Whether a worker is known to have ended: it ran on this host, and its process no longer exists. */
export function isGone(owner: string): boolean {
  const [, where, pid] = /^(.*):(\d+):[^:]*$/.exec(owner) ?? [];
  return where === place() && !exists(Number(pid));
}
