import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, mkdir, open, opendir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { AshlarError } from 'ashlar';
import type { BlobStore, ByteSource, StagedBlob } from './blob-store.js';

// paths that this process is receiving now, in all stores
const receiving = new Set<string>();

/**
 * Creates a blob store in a folder whose file system supports hard links. Content is a file: `incoming/HOST.PID.UUID`
 * while it is received, then `objects/ab/abcd…` by hash. A file gets its hash as its name only when it is complete and
 * synced.
 *
 * @param folder - created when missing, accessible to this user only
 */
export function diskStore(folder: string): BlobStore {
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
}

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
    // `clean` of a later process removes a file that cannot be removed now
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
      // appends at the file's current position
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex'), size };
};

// a link instead of a rename: the received file must survive when its session is retried
const keep = async (from: string, to: string): Promise<void> => {
  const shard = dirname(to);
  if ((await mkdir(shard, { recursive: true, mode: 0o700 })) !== undefined) await sync(dirname(shard));
  try {
    await link(from, to);
  } catch (error) {
    // the same bytes: a file with this name is complete
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  await sync(shard);
};

// a new name is durable when its folder is synced
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

/** Tells whether the receiving process ran on this host and no longer runs. */
const isAbandoned = (name: string, path: string): boolean => {
  const [, host, pid] = /^(.*)\.(\d+)\.[0-9a-f-]{36}$/.exec(name) ?? [];
  if (host !== hostname()) return false;
  // the same pid: in a container each first process has it, so only this process's own files are in use
  if (Number(pid) === process.pid) return !receiving.has(path);
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    // EPERM: the process runs, as another user
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
};

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

const missing = (sha256: string): AshlarError =>
  new AshlarError('bytes-missing', {
    message: `The blob store has no content with the hash ${sha256.slice(0, 64)}.`,
    suggestion: 'Restore the folder of the blob store together with the database.',
  });

const sizeExceeded = (limit: number): AshlarError =>
  new AshlarError('size-exceeded', {
    message: `The content exceeds the limit of ${limit} bytes.`,
    suggestion: 'Nothing was stored. Upload a smaller document, or raise MAX_UPLOAD_BYTES.',
  });
