import { randomBytes } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { link, open, readdir, rm, stat, truncate, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { lacksHardLinks } from './hard-links.js';
import { type ProcessIdentity, processMark, thisProcess } from './process.js';
import { writeNewFile } from './write.js';

/** The folder and name of a lock. Its files are `NAME.1`, `NAME.2`, … and `NAME.draft-…`. */
export interface LockPlace {
  readonly folder: string;
  readonly name: string;
}

/** The process that owns a lock, as the lock file names it. */
export interface LockOwner extends ProcessIdentity {
  /** A random token that distinguishes the locks of one process: 32 hex digits. */
  readonly token: string;
}

/** The state of a lock file when it was read. */
export interface LockFile {
  readonly path: string;
  /** The process that the lock file names as its owner; `undefined` if the content cannot be parsed. */
  readonly owner: LockOwner | undefined;
  /** The time of the file's last heartbeat, or of its creation: its modification time, in milliseconds since 1970. */
  readonly seen: number;
  /** The device and inode numbers of the file, which together identify it. */
  readonly identity: string;
}

const form = z.object({
  pid: z.int().positive(),
  started: z.string(),
  namespace: z.string(),
  boot: z.string(),
  host: z.string(),
  token: z.string().regex(/^[0-9a-f]{32}$/),
});

/** No more than this is read of a file; lock files are shorter; bytes. */
const longest = 4096;
/** The highest generation: nine digits, which a number holds exactly. */
const lastGeneration = 999_999_999;

/** Formats the owner of a lock as the content of a lock file: one line of JSON. */
export function formatOwner(owner: LockOwner): string {
  return `${JSON.stringify(owner)}\n`;
}

/** Parses the owner of a lock from the content of a lock file; returns `undefined` if it names no owner. */
export function parseOwner(text: string): LockOwner | undefined {
  try {
    return form.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Returns the path of the lock file of one generation; each takeover of a lock creates the next generation. */
export function generationPath({ folder, name }: LockPlace, generation: number): string {
  return join(folder, `${name}.${generation}`);
}

const draftPrefix = ({ name }: LockPlace): string => `${name}.draft-`;

/**
 * Whether a file name belongs to the lock with this name: a lock file or a draft of one, even if the lock is not
 * held.
 */
export function isLockFile(file: string, name: string): boolean {
  return file.startsWith(draftPrefix({ folder: '', name })) || generationOf(file, name) !== undefined;
}

const generationOf = (file: string, name: string): number | undefined => {
  if (!file.startsWith(`${name}.`)) return undefined;
  const digits = file.slice(name.length + 1);
  return /^[1-9]\d{0,8}$/.test(digits) ? Number(digits) : undefined;
};

/** Lists the files of a lock: the published lock files, by ascending generation, and the drafts. */
export async function listLockFiles(
  place: LockPlace,
): Promise<{ readonly generations: readonly number[]; readonly drafts: readonly string[] }> {
  const names = await readdir(place.folder);
  return {
    generations: names.flatMap((name) => generationOf(name, place.name) ?? []).sort((a, b) => a - b),
    drafts: names.filter((name) => name.startsWith(draftPrefix(place))),
  };
}

/**
 * Returns the part of a draft's file name that identifies the process that wrote it, in the form of `processMark()`.
 */
export function draftMark(place: LockPlace, draft: string): string {
  return draft.slice(draftPrefix(place).length);
}

/** Returns the generation that follows the given generations, which must be in ascending order. */
export function nextGeneration(generations: readonly number[]): number {
  const highest = generations.at(-1) ?? 0;
  if (highest < lastGeneration) return highest + 1;
  // a file with the highest number was made by hand; the smallest free number serves as well
  return generations.findIndex((generation, index) => generation !== index + 1) + 1;
}

/** Reads a lock file; returns `undefined` if it no longer exists. */
export async function readLockFile(path: string): Promise<LockFile | undefined> {
  const head = await readHead(path);
  const found = head?.found ?? (await stat(path, { bigint: true }).catch(absent));
  if (found === undefined) return undefined;
  return {
    path,
    owner: parseOwner(head?.text ?? ''),
    seen: Number(found.mtimeMs),
    identity: identityOf(found),
  };
}

const identityOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`;

const absent = (error: unknown): undefined => {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
};

// opening a pipe of that name would block
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * The beginning of a file; `undefined` if it is gone or unreadable. NFS asks its server again when a file is opened.
 */
const readHead = async (path: string): Promise<{ found: BigIntStats; text: string } | undefined> => {
  try {
    const handle = await open(path, flags);
    try {
      const found = await handle.stat({ bigint: true });
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(longest), 0, longest, 0);
      return { found, text: buffer.toString('utf8', 0, bytesRead) };
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
};

/** A lock file that is still under a temporary name, before it is published as a generation. */
export interface Draft {
  readonly path: string;
  readonly owner: LockOwner;
  readonly text: string;
  /** The device and inode numbers of the draft, or of the file that was published from it. */
  readonly identity: string;
}

const full: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Writes the draft of a lock file and waits until it is on the disk, so that only complete lock files are published,
 * even if the power fails. On a full disk the draft stays empty, so that a folder of backups can still be pruned; its
 * holder is then known by the file's inode and heartbeat only.
 */
export async function writeDraft(place: LockPlace): Promise<Draft> {
  const owner: LockOwner = { ...thisProcess(), token: randomBytes(16).toString('hex') };
  const path = join(place.folder, `${draftPrefix(place)}${processMark()}-${owner.token}`);
  const text = formatOwner(owner);
  await writeOrEmpty(path, text);
  return { path, owner, text, identity: await identityAt(path) };
}

/** Writes a new file, which stays empty on a full disk. */
const writeOrEmpty = async (path: string, text: string): Promise<void> => {
  try {
    // readable by all: a process of another user must be able to identify the holder
    await writeNewFile(path, text, 0o644);
  } catch (error) {
    if (!full.has((error as NodeJS.ErrnoException).code)) throw error;
    await (await open(path, 'wx', 0o644)).close();
  }
};

const identityAt = async (path: string): Promise<string> => {
  const found = await stat(path, { bigint: true }).catch(absent);
  return found ? identityOf(found) : '';
};

/** Whether a lock file was published from this draft. */
export function isOf(file: LockFile | undefined, draft: Draft): boolean {
  if (file?.owner === undefined) return file?.identity === draft.identity;
  return file.owner.token === draft.owner.token;
}

/**
 * Publishes a draft, in one atomic step, as the lock file of a generation that has no file yet.
 *
 * Without hard links there is no such step for a complete file: the file is created exclusively, and then written. A
 * process that reads it in between cannot parse it, and takes it for held.
 *
 * @returns the draft as it is published; `taken` if the generation exists, `lost` if the draft was removed
 */
export async function publish(
  draft: Draft,
  path: string,
  hardLinks: boolean,
): Promise<Draft | 'taken' | 'lost'> {
  try {
    if (hardLinks) {
      await link(draft.path, path);
      return draft;
    }
    await writeOrEmpty(path, draft.text);
    return { ...draft, identity: await identityAt(path) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // NFS repeats a request whose answer was lost, and then reports that the name exists: our own
    if (code === 'EEXIST') return isOf(await readLockFile(path), draft) ? draft : 'taken';
    if (hardLinks && code === 'ENOENT') return 'lost';
    if (hardLinks && lacksHardLinks(error)) return publish(draft, path, false);
    throw error;
  }
}

/** Removes a file if it exists and can be removed. */
export async function discard(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

/**
 * Ends a lock of this process. A lock file that cannot be removed would be held for as long as this process runs: it is emptied
 * and dated back, so that it counts as that of a dead one.
 */
export async function end(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch {
    await truncate(path).catch(() => undefined);
    await utimes(path, 0, 0).catch(() => undefined);
    await discard(path);
  }
}
