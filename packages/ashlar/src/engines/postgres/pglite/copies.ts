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
import { contentOf, finishReplacing, prepareIncoming, replaceByIncoming } from './directory-replace.js';
import { openPglite, prepareDirectory } from './open.js';
import { majorInTar } from './tar.js';
import { freshTar, unfinished } from './template.js';

const scheme = 'pglite:';

/** What the embedded engine does with copies. One is held in memory as a whole. */
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
      // what was not put goes; a folder that cannot be cleared now is by the next who opens it
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
    message: 'A copy was to be put into a database in memory.',
    detail: 'It would be gone as soon as it was there.',
    suggestion: 'Name a folder: pglite:DIR.',
  });
};

const assertReplaceable = async (directory: string, replace: boolean): Promise<void> => {
  const content = await contentOf(directory);
  // a mark of one that was never finished stands for nothing
  if (content.length === 0 || content.includes(unfinished)) return;
  if (!replace) {
    throw new AshlarError('restore-target-not-empty', {
      message: `The folder ${directory} is not empty.`,
      suggestion: 'Name an empty folder, or say that what is there may be replaced.',
    });
  }
  if (content.includes('PG_VERSION')) return;
  throw new AshlarError('restore-target-not-empty', {
    message: `The folder ${directory} holds files, but no database.`,
    detail: 'Only a database is replaced by another. Nothing in it was changed.',
    suggestion: 'Name an empty folder.',
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
      message: `The copy is one of another engine (${format}).`,
      suggestion: 'Restore it with a URL of the engine that it was made of.',
    });
  }
  const content = await unzipped(bytes);
  const [found, expected] = await Promise.all([majorInTar(content), majorInTar(await freshTar())]);
  if (found === undefined) throw damaged('It is no data folder of PostgreSQL.');
  if (found !== expected) {
    throw new AshlarError('copy-unfit', {
      message: `The copy was made by PostgreSQL ${found}, and this PGlite is PostgreSQL ${expected}.`,
      detail: 'A data folder is read by its own major version only.',
      suggestion: 'Open it with the PGlite that made it, and move the data from there.',
    });
  }
  try {
    return await openPglite({ ...options, create: true }, directory, content);
  } catch (error) {
    if (error instanceof AshlarError && error.code !== 'statement-failed') throw error;
    throw damaged('PGlite does not open it.', error);
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
      throw damaged('It is cut off or changed.', error);
    throw error;
  }
  return new Blob(parts);
};

const damaged = (detail: string, cause?: unknown): AshlarError =>
  new AshlarError('database-corrupt', { message: 'The copy of the database is damaged.', detail, cause });
