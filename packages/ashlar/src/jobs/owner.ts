import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { livenessOfMark, processMark } from '../files/process.js';

/** A name for one worker: `host:process:random`. */
export function newOwner(): string {
  return `${hostname()}:${processMark()}:${randomBytes(6).toString('hex')}`;
}

/** Whether a worker is known to have ended: it ran on this host, and its process no longer exists. */
export function isGone(owner: string): boolean {
  const [, host, mark] = /^(.*):([\d-]+):[^:]*$/.exec(owner) ?? [];
  return host === hostname() && mark !== undefined && livenessOfMark(mark) === 'gone';
}
