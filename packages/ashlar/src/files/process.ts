import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, uptime } from 'node:os';

/** The identity of a process, which no later process shares, even if it gets the same process id. */
export interface ProcessIdentity {
  readonly pid: number;
  /** The start time of the process, in clock ticks since the kernel booted (proc(5), field 22); `''` without /proc. */
  readonly started: string;
  /** The inode of the PID namespace in which the process id is valid (pid_namespaces(7)); `''` without /proc. */
  readonly namespace: string;
  /** The boot id of the kernel; `''` without /proc. */
  readonly boot: string;
  readonly host: string;
}

/**
 * Whether a process is running. `unseen`: unknown, because it is on another host or in another PID namespace, where
 * ids differ. `of-earlier-boot`: gone, if the clocks are right.
 */
export type Liveness = 'running' | 'gone' | 'unseen' | 'of-earlier-boot';

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const target = (link: string): string => {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
};

/** State and start time of a process. The second field of the line is its name, in brackets, and may contain spaces. */
const parseStat = (line: string): { state: string; started: string } => {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
};

let own: ProcessIdentity | undefined;

/** Returns the identity of this process. Outside Linux it consists of number and host name only. */
export function thisProcess(): ProcessIdentity {
  own ??= {
    pid: process.pid,
    started: parseStat(read('/proc/self/stat')).started,
    namespace: target('/proc/self/ns/pid').replace(/\D/g, ''),
    boot: read('/proc/sys/kernel/random/boot_id').trim(),
    host: hostname(),
  };
  return own;
}

/**
 * Finds out whether a process is still running, as far as the current process can see. Start time, PID namespace and
 * boot id make the answer exact on Linux. Elsewhere the process id alone decides, so a later process with the same id
 * counts as the earlier one.
 *
 * @param seen - when the process last showed that it runs, in milliseconds since 1970. A process of another boot is of an earlier one
 *   only if that was before this kernel's boot: two machines can have one host name
 */
export function livenessOf(other: ProcessIdentity, seen: number): Liveness {
  const me = thisProcess();
  const isSameBoot = other.boot === me.boot;
  const isSameSpace = isSameBoot && other.namespace === me.namespace;
  // a host name may change while a process runs; boot id and namespace do not
  if (other.host !== me.host && !(isSameSpace && me.namespace !== '')) return 'unseen';
  if (!isSameBoot && other.boot !== '' && me.boot !== '')
    return seen < bootedAt() ? 'of-earlier-boot' : 'unseen';
  if (!isSameSpace) return 'unseen';
  // in a container without /proc every process has the number 1; where the system has no such namespaces, the number tells
  if (process.platform === 'linux' && me.namespace === '') return 'unseen';
  return isRunning(other.pid, other.started) ? 'running' : 'gone';
}

const bootedAt = (): number => Date.now() - uptime() * 1_000;

/** Whether a process runs on the same kernel as the current process, so that both read the same clock. */
export function isSameKernel({ boot }: ProcessIdentity): boolean {
  return boot !== '' && boot === thisProcess().boot;
}

const isRunning = (pid: number, started: string): boolean => {
  if (!exists(pid)) return false;
  const found = parseStat(procIsOurs() ? read(`/proc/${pid}/stat`) : '');
  // it ended between the two calls, or /proc hides the processes of other users (hidepid)
  if (found.started === '') return exists(pid);
  // a process that has ended and waits for its parent holds nothing
  if (found.state === 'Z' || found.state === 'X') return false;
  return started === '' || found.started === started;
};

const exists = (pid: number): boolean => {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs as another user. ERR_OUT_OF_RANGE or ESRCH: there is no such process
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

// in a new PID namespace /proc may still show the parent namespace, with other numbers
const procIsOurs = (): boolean => target('/proc/self') === String(process.pid);

/**
 * Returns the identity of the current process in a form for file names: `PID-STARTED-NAMESPACE`. Names of temporary
 * files contain it, so that {@link livenessOfMark} can tell which ones were left by a killed process.
 */
export function processMark(): string {
  const { pid, started, namespace } = thisProcess();
  return `${pid}-${started || 0}-${namespace || 0}`;
}

/**
 * Finds out whether the process is running whose {@link processMark} is at the start of `text`; returns `undefined`
 * if there is no mark.
 */
export function livenessOfMark(text: string): Liveness | undefined {
  const [, pid, started, namespace] = /^(\d+)-(\d+)-(\d+)(?!\d)/.exec(text) ?? [];
  if (pid === undefined || started === undefined || namespace === undefined) return undefined;
  const me = thisProcess();
  // after a reboot the start time is another one, or the number is free
  const where = { host: me.host, boot: me.boot, namespace: namespace === '0' ? '' : namespace };
  return livenessOf({ ...where, pid: Number(pid), started: started === '0' ? '' : started }, Date.now());
}
