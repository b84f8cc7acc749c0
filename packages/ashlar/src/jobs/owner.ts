import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { livenessOfMark, processMark } from '../files/process.js';

/** Creates a unique name for a worker: `host:process:random`. */
export function newOwner(): string {
  return `${hostname()}:${processMark()}:${randomBytes(6).toString('hex')}`;
}

/** Whether the worker with this name has certainly ended: it ran on this host, and its process no longer exists. */
export function isGone(owner: string): boolean {
  const [, host, mark] = /^(.*):([\d-]+):[^:]*$/.exec(owner) ?? [];
  return host === hostname() && mark !== undefined && livenessOfMark(mark) === 'gone';
}
