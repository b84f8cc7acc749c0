import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startHeartbeat } from './heartbeat.js';
import { ageOf } from './leftovers.js';
import {
  type Draft,
  discard,
  draftMark,
  end,
  generationPath,
  isOf,
  type LockFile,
  type LockOwner,
  type LockPlace,
  listLockFiles,
  nextGeneration,
  publish,
  readLockFile,
  writeDraft,
} from './lock-file.js';
import { isSameKernel, type Liveness, livenessOf, livenessOfMark } from './process.js';

/** The intervals, in milliseconds, of the heartbeats by which the holder of a lock shows that it still runs. */
export interface Heartbeat {
  /** The interval at which the holder updates the modification time of its lock file. */
  readonly every: number;
  /**
   * The time without a heartbeat, by the clocks of both hosts, after which a holder whose process is not visible counts as dead
   * unless {@link takeLock} sees a heartbeat. Clocks jump, so they only raise the suspicion.
   */
  readonly silence: number;
  /**
   * The time for which {@link takeLock} watches a lock file for a heartbeat; it should be several times `every`. A
   * holder in another container of this machine also counts as dead if its lock file does not change during this
   * time: a container that is started again need not wait for `silence`.
   */
  readonly watch?: number;
}

/** The process that holds a lock. */
export interface LockHolder {
  /** The path of the lock file. */
  readonly file: string;
  /** The process that the lock file names as its owner; `undefined` if the file cannot be parsed. */
  readonly owner: LockOwner | undefined;
  /**
   * Whether only the heartbeat shows if the holder runs, because it is on another host, in another PID namespace, or
   * unknown.
   */
  readonly isUnseen: boolean;
  /** Whether a longer watch of the lock file can still show that the holder is dead. */
  readonly isWatched: boolean;
}

/** How a lock is acquired, and when its holder counts as dead. */
export interface LockOptions extends LockPlace {
  /** The intervals of the heartbeats. Without them, a holder that this process cannot see never counts as dead. */
  readonly heartbeat?: Heartbeat | undefined;
  /** Creates the error that {@link takeLock} throws if the lock is already held. */
  readonly locked: (holder: LockHolder) => Error;
  /** Whether to publish lock files by hard links. Default: if the file system has them. */
  readonly hardLinks?: boolean;
}

/** A lock that this process holds. */
export interface HeldLock {
  /** Releases the lock. Removes only its own file; can be called again. */
  release(): Promise<void>;
}

/** A lock file that cannot be parsed counts as held for this long after it was written; milliseconds. */
const unreadableFor = 300_000;
/** How often taking the lock begins again because another process changed its files at the same time. */
const attempts = 50;
/** How many heartbeats a holder that seems silent must miss while it is watched. */
const missed = 3;
/** A draft is published within milliseconds. An older one of an unseen process was left behind; milliseconds. */
const draftFor = 60_000;

/**
 * Takes an exclusive lock on a folder: only one holder, in any process, can have it at a time. The lock of a dead
 * process is taken over. Does not wait for a live holder; only until it has seen, or missed, heartbeats of one that may be dead.
 *
 * Each lock is a file `NAME.N`, complete when it appears. A dead holder is succeeded by the generation N + 1, which
 * exactly one process can create, and never by removing its file first. A process that has created a file reads all
 * files again, and withdraws if any other one has a live owner: of two processes, at least the one that published later
 * finds the other, whatever it read before. Only the holder removes files of others, and only those it found dead after
 * its own file existed.
 *
 * @throws the error that `locked` creates while the lock is held; errors of the file system
 */
export async function takeLock(options: LockOptions): Promise<HeldLock> {
  const watch = new Watch();
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const { generations, live } = await watched(options, watch);
    if (live) throw options.locked(live);
    const path = generationPath(options, nextGeneration(generations));
    const draft = await writeDraft(options);
    try {
      const published = await publish(draft, path, options.hardLinks ?? true);
      if (published === 'taken' || published === 'lost') continue;
      if (await isConfirmed(options, watch, path, published)) return held(options, path, published);
      // of two that withdrew, the pause lets one come first
      await pause(Math.random() * attempt);
    } finally {
      await discard(draft.path);
    }
  }
  throw options.locked({
    file: join(options.folder, options.name),
    owner: undefined,
    isUnseen: true,
    isWatched: false,
  });
}

/** When the files of unseen holders last changed, by this process's clock. */
class Watch {
  readonly #files = new Map<string, { readonly seen: number; readonly since: number; hasChanged: boolean }>();

  /** How long a file has been as it is, in milliseconds; `undefined` once it has changed. */
  unchangedFor({ path, seen, owner }: LockFile): number | undefined {
    const id = `${path} ${owner?.token}`;
    const first = this.#files.get(id) ?? { seen, since: performance.now(), hasChanged: false };
    this.#files.set(id, first);
    first.hasChanged ||= first.seen !== seen;
    return first.hasChanged ? undefined : performance.now() - first.since;
  }
}

/** {@link survey}, repeated until each holder that may be dead has shown a heartbeat or counts as dead. */
const watched = async (options: LockOptions, watch: Watch): Promise<Survey> => {
  for (;;) {
    const found = await survey(options, watch);
    if (!found.live?.isWatched) return found;
    await pause(options.heartbeat?.every);
  }
};

interface Survey {
  readonly generations: readonly number[];
  readonly live: LockHolder | undefined;
  readonly dead: readonly string[];
  readonly hasOwn: boolean;
}

/** Reads every file of a lock. */
const survey = async (
  options: LockOptions,
  watch: Watch,
  own?: { readonly path: string; readonly draft: Draft },
): Promise<Survey> => {
  const { generations } = await listLockFiles(options);
  const dead: string[] = [];
  let hasOwn = false;
  for (const generation of generations) {
    const path = generationPath(options, generation);
    const file = await readLockFile(path);
    // released since the folder was read
    if (file === undefined) continue;
    if (own?.path === path && isOf(file, own.draft)) {
      hasOwn = true;
      continue;
    }
    const holder = holderOf(file, options.heartbeat, watch);
    if (holder) return { generations, live: holder, dead, hasOwn };
    dead.push(path);
  }
  return { generations, live: undefined, dead, hasOwn };
};

/** The live holder of a lock file; `undefined` if the holder is dead. */
const holderOf = (file: LockFile, heartbeat: Heartbeat | undefined, watch: Watch): LockHolder | undefined => {
  const { path, owner, seen } = file;
  const liveness = owner === undefined ? 'unseen' : livenessOf(owner, seen);
  if (liveness === 'gone') return undefined;
  if (liveness === 'running') return { file: path, owner, isUnseen: false, isWatched: false };
  const longest = patienceWith(file, liveness, heartbeat);
  if (longest === 0) return undefined;
  const unchanged = longest === undefined ? undefined : watch.unchangedFor(file);
  if (unchanged !== undefined && unchanged >= (longest ?? 0)) return undefined;
  return { file: path, owner, isUnseen: true, isWatched: unchanged !== undefined };
};

/**
 * How long the file of a holder that cannot be seen must stay unchanged before the holder counts as dead, in milliseconds;
 * `undefined` where there is no sign that it is dead. The time of the file and this clock may be years apart in either direction,
 * whether the holder is dead or not: so a heartbeat counts more than both.
 */
const patienceWith = (
  { owner, seen }: LockFile,
  liveness: Liveness,
  heartbeat: Heartbeat | undefined,
): number | undefined => {
  const silence = heartbeat?.silence ?? (owner === undefined ? unreadableFor : Number.POSITIVE_INFINITY);
  if (liveness === 'of-earlier-boot' || Math.abs(Date.now() - seen) > silence)
    return heartbeat === undefined ? 0 : missed * heartbeat.every;
  return owner !== undefined && isSameKernel(owner) ? heartbeat?.watch : undefined;
};

/** Whether a published file is the lock: it still exists, and every other owner is dead. Otherwise withdraws it. */
const isConfirmed = async (
  options: LockOptions,
  watch: Watch,
  path: string,
  draft: Draft,
): Promise<boolean> => {
  try {
    const { live, dead, hasOwn } = await survey(options, watch, { path, draft });
    if (live === undefined && hasOwn) {
      await clean(options, dead, draft);
      return true;
    }
  } catch (error) {
    await withdraw(path, draft);
    throw error;
  }
  await withdraw(path, draft);
  return false;
};

const withdraw = async (path: string, draft: Draft): Promise<void> => {
  if (isOf(await readLockFile(path), draft)) await end(path);
};

/** Removes the files of dead processes. A process whose draft is removed by mistake writes it again. */
const clean = async (options: LockOptions, dead: readonly string[], own: Draft): Promise<void> => {
  for (const path of dead) await discard(path);
  for (const name of (await listLockFiles(options)).drafts) {
    const path = join(options.folder, name);
    if (path === own.path) continue;
    const liveness = livenessOfMark(draftMark(options, name));
    if (liveness === 'gone' || (liveness !== 'running' && (await ageOf(path)) > draftFor))
      await discard(path);
  }
};

const held = ({ heartbeat }: LockOptions, path: string, draft: Draft): HeldLock => {
  const stop = heartbeat && startHeartbeat(path, heartbeat.every);
  return {
    release: async () => {
      stop?.();
      await withdraw(path, draft);
    },
  };
};

/** Describes a holder for a message: `process 7`, `process 7 on HOST`, `this process`, `an unknown process`. */
export function describeHolder({ owner, isUnseen }: LockHolder): string {
  if (owner === undefined) return 'an unknown process';
  const isHere = owner.host === hostname() && (owner.boot === '' || isSameKernel(owner));
  if (isUnseen) return `process ${owner.pid} ${isHere ? 'in another container' : `on ${owner.host}`}`;
  return owner.pid === process.pid ? 'this process' : `process ${owner.pid}`;
}
