import { linkSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Copy, PutOptions } from '../../../contract/copies.js';
import type { OpenOptions } from '../../../contract/open-options.js';
import { AshlarError } from '../../../errors.js';
import type { Connection } from '../driver/connection.js';
import { loadDriver } from '../driver/driver.js';
import { isBusy, sqliteError } from '../driver/errors.js';
import { Origins } from '../driver/row-decoder.js';
import { persist } from '../file/durable.js';
import { fileError, locate, openFile } from '../file/file.js';
import { assertKey, rawKey } from '../file/key.js';
import { openFirst } from '../file/open.js';
import { rewriteUnderKey } from '../file/rewrite.js';
import { ScopedTables } from '../scope/scoped-tables.js';
import { assertFormat, assertSound, isAlive, openCopy, passingName, writeCopy } from './copy-file.js';

// SQLite plays back whatever lies beside a database under these names, whatever database it was of
const [log, journal, shared] = ['-wal', '-journal', '-shm'] as const;
/** How long one who waits for the old file's lock still meets it, before it looks at the path again; milliseconds. */
const linger = 100;

/**
 * Makes a copy the database at a path. The old one is taken over first: its write-ahead log is moved into it and it is
 * locked, so that it is whole, and nobody's, for as long as it stands there. The copy is written beside it, looked at, and
 * put in its place by one rename.
 *
 * @throws AshlarError `restore-target-not-empty`, `database-locked` where it is in use, `copy-unfit`, `key-missing`,
 *   `key-invalid`; `key-wrong` and `database-corrupt` where the old one cannot be opened; what `check` throws
 */
export const putCopy = async (
  options: OpenOptions,
  copy: Copy,
  { check, replace }: PutOptions,
): Promise<void> => {
  assertFormat(copy, options);
  if (copy.format === 'sqlcipher') assertKey(options.key);
  const path = locate(options.url.slice(copy.format.length + 1));
  if (!replace) assertEmpty(path);
  const old = await takeOver(options, path, copy.format === 'sqlcipher');
  const folder = dirname(path);
  removeLeftovers(folder, basename(path));
  const fresh = join(folder, passingName(basename(path)));
  try {
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
    removeWithRest(fresh);
  }
};

const hasContent = (path: string): boolean => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;

const assertEmpty = (path: string): void => {
  const found = ['', log, journal].map((ending) => path + ending).find(hasContent);
  if (found === undefined) return;
  throw notEmpty(
    found,
    found === path ? undefined : 'SQLite would play it back into whatever database comes to stand beside it.',
  );
};

const notEmpty = (found: string, detail: string | undefined): AshlarError =>
  new AshlarError('restore-target-not-empty', {
    message: `${found} is there, and not empty.`,
    detail,
    suggestion: 'Restore to another path, or pass --replace.',
  });

/** Locks the database that is there against everybody, with nothing of it outside its file; `undefined` where there is none. */
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
    return { close };
  } catch (error) {
    close();
    throw error;
  }
};

/** What says nothing about the database itself. */
const passing: ReadonlySet<string> = new Set(['database-locked', 'disk-full', 'key-missing', 'key-invalid']);

const openOld = async (options: OpenOptions, path: string, encrypted: boolean) => {
  try {
    return await openFirst({
      driver: await loadDriver(),
      path,
      encrypted,
      key: options.key,
      create: false,
      lockTimeout: options.lockTimeout ?? 0,
      durability: 'full',
      origins: new Origins(),
      scoped: new ScopedTables(),
      onStatement: undefined,
    });
  } catch (error) {
    if (!(error instanceof AshlarError) || passing.has(error.code)) throw error;
    throw new AshlarError(error.code, {
      message: `What stands at ${path} cannot be opened, and so not be replaced: ${error.message}`,
      detail: error.detail,
      suggestion: `Move ${basename(path)}, and ${basename(path)}${log} where there is one, into another folder; then restore again.`,
      cause: error,
    });
  }
};

// only whoever is alone can leave WAL mode; only outside of it does a lock keep readers out as well
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
    suggestion: 'Stop what uses it, and restore again.',
  });
};

/** Writes the copy anew where it is under another key than the place is opened with. @returns `x'KEYSALT'` */
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
  // left by closing only where it could not be moved into the file
  if (hasContent(fresh + log))
    throw new AshlarError('statement-failed', { message: 'The copy could not be closed.' });
  try {
    persist(fresh);
    if (replaces) renameSync(fresh, path);
    else putNew(fresh, path);
    persist(path);
  } catch (error) {
    throw fileError(path, error);
  }
};

/** Gives a copy a name that no database had when it was begun: one that was made meanwhile is somebody’s. */
const putNew = (fresh: string, path: string): void => {
  const taken = () => notEmpty(path, 'It was made while the copy was looked at.');
  if (hasContent(path)) throw taken();
  setAside(path);
  rmSync(path, { force: true });
  try {
    // a link is never made over a file, as a rename is
    linkSync(fresh, path);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? taken() : error;
  }
};

/** What is left of a database that is gone is kept, under names that SQLite does not play back. */
const setAside = (path: string): void => {
  const stamp = new Date().toISOString().replace(/[-:.]/g, '');
  for (const ending of [log, journal])
    if (hasContent(path + ending)) renameSync(path + ending, `${path}${ending}.before-${stamp}`);
  for (const ending of [log, journal, shared]) rmSync(path + ending, { force: true });
};

const removeWithRest = (path: string): void => {
  for (const ending of ['', log, journal, shared]) rmSync(path + ending, { force: true });
};

const removeLeftovers = (folder: string, base: string): void => {
  const mark = `.${base}.restoring-`;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(mark)) continue;
    if (!isAlive(Number.parseInt(name.slice(mark.length), 10))) rmSync(join(folder, name), { force: true });
  }
};
