import { existsSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Copies, Copy } from '../../../contract/copies.js';
import type { Engine } from '../../../contract/engine.js';
import type { OpenOptions } from '../../../contract/open-options.js';
import { AshlarError } from '../../../errors.js';
import { lockDirectory } from './directory-lock.js';
import { filesIn, finishReplacing, prepareIncoming, replaceByIncoming } from './directory-replace.js';
import { openPglite, prepareDirectory } from './open.js';
import { majorInTar } from './tar.js';
import { freshTar, unfinished } from './template.js';

const scheme = 'pglite:';

/** Restores copies of PGlite databases, and opens copies for examination. A copy is held in memory completely. */
export const pgliteCopies: Copies = {
  put: async (options, copy, { check, replace }) => {
    const directory = folderOf(options.url);
    const isNew = !existsSync(directory);
    await prepareDirectory(directory, options.create ?? true);
    const lock = await lockDirectory(directory);
    try {
      await finishReplacing(directory);
      await assertReplaceable(directory, replace);
      const incoming = await prepareIncoming(directory);
      const engine = await openCopy(options, copy, incoming);
      await checked(engine, check);
      await replaceByIncoming(directory);
    } finally {
      // removes a failed restore; if that fails too, the next process that opens the folder does it
      await finishReplacing(directory).catch(() => undefined);
      await lock.release();
      if (isNew) await rmdir(directory).catch(() => undefined);
    }
  },
  examine: async (options, copy, work) => {
    const engine = await openCopy(options, copy, undefined);
    return checked(engine, () => work(engine));
  },
};

const checked = async <T>(engine: Engine, work: (engine: Engine) => Promise<T>): Promise<T> => {
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
};

const folderOf = (url: string): string => {
  const directory = url.slice(scheme.length);
  if (directory !== 'memory') return resolve(directory);
  throw new AshlarError('usage', {
    message: 'A copy cannot be restored into a database in memory.',
    detail: 'A database in memory is lost when the command ends.',
    suggestion: 'Use a folder: pglite:DIR.',
  });
};

const assertReplaceable = async (directory: string, replace: boolean): Promise<void> => {
  const files = await filesIn(directory);
  // a folder with this marker never became a database
  if (files.length === 0 || files.includes(unfinished)) return;
  if (!replace) {
    throw new AshlarError('restore-target-not-empty', {
      message: `The folder ${directory} is not empty.`,
      suggestion: 'Choose an empty folder, or pass --replace.',
    });
  }
  if (files.includes('PG_VERSION')) return;
  throw new AshlarError('restore-target-not-empty', {
    message: `The folder ${directory} has files, but no database.`,
    detail: '--replace replaces only a database. Nothing was changed.',
    suggestion: 'Choose an empty folder.',
  });
};

const openCopy = async (
  options: OpenOptions,
  { format, bytes }: Copy,
  directory: string | undefined,
): Promise<Engine> => {
  if (format !== 'pglite-tar') {
    bytes.destroy();
    throw new AshlarError('copy-unfit', {
      message: `The copy was made by another engine (format ${format}).`,
      suggestion: 'Use a URL of the engine that made the copy.',
    });
  }
  const content = await unzipped(bytes);
  const [found, expected] = await Promise.all([majorInTar(content), majorInTar(await freshTar())]);
  if (found === undefined) throw damaged('The copy contains no data folder of PostgreSQL.');
  if (found !== expected) {
    throw new AshlarError('copy-unfit', {
      message: `The copy was made with PostgreSQL ${found}, but this PGlite is PostgreSQL ${expected}.`,
      detail: 'Only the same major version of PostgreSQL can read a data folder.',
      suggestion: 'Restore the copy with the PGlite version that made it, and export the data from there.',
    });
  }
  try {
    return await openPglite({ ...options, create: true }, directory, content);
  } catch (error) {
    if (error instanceof AshlarError && error.code !== 'statement-failed') throw error;
    throw damaged('PGlite cannot open the copy.', error);
  }
};

const unzipped = async (bytes: Readable): Promise<Blob> => {
  const parts: Buffer[] = [];
  try {
    await pipeline(bytes, createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) parts.push(chunk);
    });
  } catch (error) {
    if (/^Z_/.test((error as NodeJS.ErrnoException).code ?? ''))
      throw damaged('The file of the copy is truncated or was changed.', error);
    throw error;
  }
  return new Blob(parts);
};

const damaged = (detail: string, cause?: unknown): AshlarError =>
  new AshlarError('database-corrupt', { message: 'The copy of the database is damaged.', detail, cause });
