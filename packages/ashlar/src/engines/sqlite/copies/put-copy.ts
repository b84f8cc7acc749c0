import { closeSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Copy, PutOptions } from '../../../contract/copies.js';
import type { OpenOptions } from '../../../contract/open-options.js';
import { AshlarError } from '../../../errors.js';
import { lacksHardLinks } from '../../../files/hard-links.js';
import { removeLeftovers } from '../../../files/leftovers.js';
import { giveTo, ownerOf, takeOwner } from '../../../files/owner.js';
import type { Connection } from '../driver/connection.js';
import { loadDriver } from '../driver/driver.js';
import { isBusy, sqliteError } from '../driver/errors.js';
import { Failures } from '../driver/failures.js';
import { Origins } from '../driver/row-decoder.js';
import { persist } from '../file/durable.js';
import { fileError, locate, openFile } from '../file/file.js';
import { assertKey, rawKey } from '../file/key.js';
import { openFirst } from '../file/open.js';
import { rewriteUnderKey } from '../file/rewrite.js';
import { ScopedTables } from '../scope/scoped-tables.js';
import { SystemTables } from '../scope/system-tables.js';
import { TouchedTables } from '../touched/touched-tables.js';
import {
  assertFormat,
  assertSound,
  openCopy,
  temporaryName,
  temporaryPrefix,
  writeCopy,
} from './copy-file.js';

// SQLite plays back any file with these endings next to a database, also one of another database
const [log, journal, shared] = ['-wal', '-journal', '-shm'] as const;
/** How long the old file stays locked after the rename; waiting connections find in that time that it has moved; milliseconds. */
const linger = 100;

/**
 * Restores a copy as the database at the path of a URL. First checkpoints the write-ahead log of the old database and
 * locks it, so that it is complete and unused until it is replaced. Then writes the copy next to it, checks it, and
 * renames it.
 *
 * @throws AshlarError `restore-target-not-empty`, `database-locked` if the old database is in use, `copy-unfit`,
 *   `key-missing`, `key-invalid`; `key-wrong` and `database-corrupt` if it cannot be opened; the errors of `check`
 */
export async function putCopy(
  options: OpenOptions,
  copy: Copy,
  { check, replace }: PutOptions,
): Promise<void> {
  assertFormat(copy, options);
  if (copy.format === 'sqlcipher') assertKey(options.key);
  const path = locate(options.url.slice(copy.format.length + 1));
  if (!replace) assertEmpty(path);
  const old = await takeOver(options, path, copy.format === 'sqlcipher');
  const folder = dirname(path);
  const fresh = join(folder, temporaryName(basename(path)));
  try {
    await removeLeftovers(folder, temporaryPrefix(basename(path)));
    await writeCopy(fresh, copy);
    const key = await underKeyOf(options, copy, fresh);
    const engine = await openCopy({ ...options, key }, fresh);
    try {
      await assertSound(engine);
      await check(engine);
    } finally {
      await engine.close();
    }
    swap(fresh, path, old !== undefined);
    if (old) await sleep(linger);
  } finally {
    old?.close();
    removeLeft(fresh);
  }
}

const hasContent = (path: string): boolean => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;

const assertEmpty = (path: string): void => {
  const found = ['', log, journal].map((ending) => path + ending).find(hasContent);
  if (found === undefined) return;
  throw notEmpty(
    found,
    found === path ? undefined : 'SQLite would play this file back into the restored database.',
  );
};

const notEmpty = (found: string, detail: string | undefined): AshlarError =>
  new AshlarError('restore-target-not-empty', {
    message: `${found} exists and is not empty.`,
    detail,
    suggestion: 'Restore to another path, or pass --replace.',
  });

/** Locks the old database exclusively, with its log checkpointed; `undefined` if there is none. */
const takeOver = async (
  options: OpenOptions,
  path: string,
  encrypted: boolean,
): Promise<{ close(): void } | undefined> => {
  if (!hasContent(path)) return undefined;
  const { writer, forgetFile } = await openOld(options, path, encrypted);
  const close = () => {
    writer.close();
    forgetFile();
  };
  try {
    takeAlone(writer, path);
    removeLog(path);
    return { close };
  } catch (error) {
    close();
    throw error;
  }
};

/** Errors that say nothing about the database file. */
const unrelated: ReadonlySet<string> = new Set([
  'database-locked',
  'disk-full',
  'key-missing',
  'key-invalid',
]);

const openOld = async (options: OpenOptions, path: string, encrypted: boolean) => {
  try {
    return await openFirst({
      driver: await loadDriver(),
      path,
      encrypted,
      key: options.key,
      create: false,
      createFolder: false,
      lockTimeout: options.lockTimeout ?? 0,
      durability: 'full',
      origins: new Origins(),
      failures: new Failures(),
      scoped: new ScopedTables(),
      tables: new SystemTables(),
      touched: new TouchedTables(),
      report: undefined,
    });
  } catch (error) {
    if (!(error instanceof AshlarError) || unrelated.has(error.code)) throw error;
    throw new AshlarError(error.code, {
      message: `The file at ${path} cannot be opened and is therefore not replaced: ${error.message}`,
      detail: error.detail,
      suggestion: `Move ${basename(path)}, and ${basename(path)}${log} if it exists, to another folder; then restore again.`,
      cause: error,
    });
  }
};

// only the sole connection can leave WAL mode; only outside of WAL does a lock exclude readers too
const takeAlone = (writer: Connection, path: string): void => {
  try {
    writer.command('PRAGMA journal_mode = DELETE');
    writer.command('BEGIN EXCLUSIVE');
    if (writer.database.pragma('journal_mode', { simple: true }) === 'delete') return;
  } catch (error) {
    if (!isBusy(error)) throw sqliteError(error);
  }
  throw new AshlarError('database-locked', {
    message: `${path} is in use.`,
    suggestion: 'Stop the processes that use it, and restore again.',
  });
};

/**
 * Removes the log of a database that has left WAL mode. SQLite says nothing where it could not, and the log would be played into the
 * file that takes the place.
 */
const removeLog = (path: string): void => {
  try {
    for (const ending of [log, shared]) rmSync(path + ending, { force: true });
  } catch (error) {
    throw fileError(path, error);
  }
};

/** Re-encrypts the copy if its key is not the target's. @returns the key as `x'KEYSALT'` */
const underKeyOf = async (
  options: OpenOptions,
  { key }: Copy,
  fresh: string,
): Promise<string | undefined> => {
  if (key === undefined || options.key === undefined) return undefined;
  const salt = Buffer.from(key.slice(66, 98), 'hex');
  const wanted = await rawKey(options.key, salt);
  if (wanted === key) return key;
  const rewritten = `${fresh}-key`;
  try {
    await rewriteUnderKey({ path: fresh, key }, { path: rewritten, key: options.key });
    renameSync(rewritten, fresh);
  } finally {
    removeWithRest(rewritten);
  }
  const file = openFile(fresh, false);
  file.close();
  return rawKey(options.key, file.header);
};

const swap = (fresh: string, path: string, replaces: boolean): void => {
  // closing leaves a log only if it could not be checkpointed
  if (hasContent(fresh + log))
    throw new AshlarError('statement-failed', {
      message: 'The copy cannot be closed: its write-ahead log cannot be checkpointed.',
    });
  try {
    const [replaced, folder] = [replaces ? ownerOf(path) : undefined, ownerOf(dirname(path))];
    if (replaced) takeOwner(fresh, replaced);
    else if (folder) giveTo(fresh, folder);
    persist(fresh);
    if (replaces) renameSync(fresh, path);
    else putNew(fresh, path);
    persist(path);
  } catch (error) {
    throw fileError(path, error);
  }
};

/** Gives a copy a name that had no database at the start. A database that was created in the meantime is kept. */
const putNew = (fresh: string, path: string): void => {
  const taken = () => notEmpty(path, 'The file was created while the copy was checked.');
  if (hasContent(path)) throw taken();
  setAside(path);
  rmSync(path, { force: true });
  try {
    nameNew(fresh, path);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? taken() : error;
  }
};

const nameNew = (fresh: string, path: string): void => {
  try {
    // unlike rename, link never replaces a file
    linkSync(fresh, path);
  } catch (error) {
    if (!lacksHardLinks(error)) throw error;
    // the name is taken exclusively: rename replaces a file to which nobody has written so far
    closeSync(openSync(path, 'wx', 0o600));
    try {
      if (hasContent(path)) throw notEmpty(path, 'Another process has written to it meanwhile.');
      renameSync(fresh, path);
    } catch (error) {
      if (!hasContent(path)) rmSync(path, { force: true });
      throw error;
    }
  }
};

/** Keeps the log and journal of a database that no longer exists, under names that SQLite does not play back. */
const setAside = (path: string): void => {
  const stamp = new Date().toISOString().replace(/[-:.]/g, '');
  for (const ending of [log, journal])
    if (hasContent(path + ending)) renameSync(path + ending, `${path}${ending}.before-${stamp}`);
  for (const ending of [log, journal, shared]) rmSync(path + ending, { force: true });
};

// neither a restore that is complete nor the error of one that is not depends on it: the next restore removes what is left
const removeLeft = (path: string): void => {
  try {
    removeWithRest(path);
  } catch {}
};

const removeWithRest = (path: string): void => {
  for (const ending of ['', log, journal, shared]) rmSync(path + ending, { force: true });
};
