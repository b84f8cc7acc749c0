import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, mkdir, open, opendir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { AshlarError } from 'ashlar';
import type { BlobStore, ByteSource, StagedBlob } from './blob-store.js';

// what this process is receiving now, in whichever store
const receiving = new Set<string>();

/**
 * Bytes as files of a folder on a file system with hard links: `objects/ab/abcd…` by hash, `incoming/HOST.PID.UUID` while
 * they come. A file gets its hash as a name only when it is complete and on the disk.
 *
 * @param folder - is made when it is missing, for this user alone
 */
export const diskStore = (folder: string): BlobStore => {
  const [objects, incoming] = [join(resolve(folder), 'objects'), join(resolve(folder), 'incoming')];
  const pathOf = (sha256: string): string => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw missing(sha256);
    return join(objects, sha256.slice(0, 2), sha256);
  };
  return {
    stage: (source, { limit }) => receive(incoming, source, limit, pathOf),
    read: async (sha256) => {
      try {
        return (await open(pathOf(sha256), constants.O_RDONLY)).createReadStream();
      } catch (error) {
        throw isMissing(error) ? missing(sha256) : error;
      }
    },
    has: async (sha256) => {
      try {
        await access(pathOf(sha256));
        return true;
      } catch (error) {
        if (isMissing(error)) return false;
        throw error;
      }
    },
    remove: (sha256) => rm(pathOf(sha256), { force: true }),
    list: async function* () {
      for await (const shard of entries(objects)) {
        if (!/^[0-9a-f]{2}$/.test(shard)) continue;
        for await (const name of entries(join(objects, shard))) if (/^[0-9a-f]{64}$/.test(name)) yield name;
      }
    },
    clean: async () => {
      let removed = 0;
      for await (const name of entries(incoming)) {
        const path = join(incoming, name);
        if (!isAbandoned(name, path)) continue;
        await rm(path, { force: true });
        removed++;
      }
      return removed;
    },
  };
};

const receive = async (
  incoming: string,
  source: ByteSource,
  limit: number,
  pathOf: (sha256: string) => string,
): Promise<StagedBlob> => {
  await mkdir(incoming, { recursive: true, mode: 0o700 });
  const path = join(incoming, `${hostname()}.${process.pid}.${randomUUID()}`);
  receiving.add(path);
  const discard = async (): Promise<void> => {
    // what cannot be removed now is found when the next process begins
    await rm(path, { force: true }).catch(() => undefined);
    receiving.delete(path);
  };
  try {
    const { sha256, size } = await write(path, source, limit);
    return { sha256, size, discard, keep: () => keep(path, pathOf(sha256)) };
  } catch (error) {
    await discard();
    throw error;
  }
};

const write = async (
  path: string,
  source: ByteSource,
  limit: number,
): Promise<{ sha256: string; size: number }> => {
  const hash = createHash('sha256');
  let size = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of source instanceof Uint8Array ? [source] : source) {
      size += chunk.length;
      if (size > limit) throw sizeExceeded(limit);
      hash.update(chunk);
      // goes on where the one before ended
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex'), size };
};

// a link rather than a rename: what was received is still there when the session that keeps it must be run again
const keep = async (from: string, to: string): Promise<void> => {
  const shard = dirname(to);
  if ((await mkdir(shard, { recursive: true, mode: 0o700 })) !== undefined) await sync(dirname(shard));
  try {
    await link(from, to);
  } catch (error) {
    // the same bytes, complete since they have their name
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  await sync(shard);
};

// a name is on the disk when its folder is
const sync = async (folder: string): Promise<void> => {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const entries = async function* (folder: string): AsyncGenerator<string> {
  try {
    for await (const { name } of await opendir(folder)) yield name;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
};

/** Whether the process that was receiving it is known to be gone: it ran on this host, and is no more. */
const isAbandoned = (name: string, path: string): boolean => {
  const [, host, pid] = /^(.*)\.(\d+)\.[0-9a-f-]{36}$/.exec(name) ?? [];
  if (host !== hostname()) return false;
  // a container's first process has the number that the one before it had
  if (Number(pid) === process.pid) return !receiving.has(path);
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    // EPERM: there, but another user's
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
};

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

const missing = (sha256: string): AshlarError =>
  new AshlarError('bytes-missing', {
    message: `The bytes ${sha256.slice(0, 64)} are not in the store.`,
    suggestion: 'Restore the folder of the documents together with the database.',
  });

const sizeExceeded = (limit: number): AshlarError =>
  new AshlarError('size-exceeded', {
    message: `It is larger than the ${limit} bytes that are allowed.`,
    suggestion: 'Nothing was kept. Store something smaller, or raise the limit.',
  });
