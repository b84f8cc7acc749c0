import { constants } from 'node:fs';
import { access, link, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type BlobStore, bytesMissing, isKey } from './blob-store.js';
import { entries, isAbsent } from './entries.js';
import { cleanIncoming, incomingKeys, receive } from './incoming.js';

/**
 * Creates a blob store in a folder whose file system supports hard links. Content is a file: `incoming/HOST.PID.UUID`
 * until the upload has ended, and `objects/ab/abcd…` by its key when it is complete and synced. A sweep needs no time of
 * grace: content that is still incoming is not listed, and other content has its row or never gets one. The file `owner` has
 * the id of the database's store.
 *
 * @param folder - created when missing, accessible to this user only
 */
export function diskStore(folder: string): BlobStore {
  const [objects, incoming] = [join(resolve(folder), 'objects'), join(resolve(folder), 'incoming')];
  const owner = join(resolve(folder), 'owner');
  const pathOf = (key: string): string => {
    if (!isKey(key)) throw bytesMissing(key);
    return join(objects, key.slice(0, 2), key);
  };
  // version 0.1 stored equal content once, under its hash
  const formerPathOf = (sha256: string): string => join(objects, sha256.slice(0, 2), sha256);
  const shards = async function* (): AsyncGenerator<string> {
    for await (const name of entries(objects)) if (/^[0-9a-f]{2}$/.test(name)) yield join(objects, name);
  };
  return {
    stage: async (source, { limit }) => {
      const { path, ...received } = await receive(incoming, source, limit);
      const store = () => keep(path, pathOf(received.key));
      return { ...received, store, assertKept: () => undefined };
    },
    read: async (key) => {
      try {
        return (await open(pathOf(key), constants.O_RDONLY)).createReadStream();
      } catch (error) {
        throw isAbsent(error) ? bytesMissing(key) : error;
      }
    },
    has: (key) => exists(pathOf(key)),
    remove: (key) => rm(pathOf(key), { force: true }),
    mark: async () => {
      try {
        return (await readFile(owner, 'utf8')).trim();
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    setMark: async (id) => {
      await mkdir(resolve(folder), { recursive: true, mode: 0o700 });
      // fails if another process has marked the store meanwhile
      await writeFile(owner, `${id}\n`, { flag: 'wx', mode: 0o600, flush: true });
    },
    list: async function* () {
      for await (const shard of shards()) {
        const keys: string[] = [];
        for await (const name of entries(shard)) if (isKey(name)) keys.push(name);
        // looked up after the files were seen: an upload that has ended by now has written its row, or never will
        const arriving = await incomingKeys(incoming);
        yield* keys.filter((key) => !arriving.has(key));
      }
    },
    clean: () => cleanIncoming(incoming),
    adopt: async (sha256, key) => {
      if (!isHash(sha256) || !(await exists(formerPathOf(sha256)))) return false;
      await keep(formerPathOf(sha256), pathOf(key));
      return true;
    },
    dropFormer: async () => {
      for await (const shard of shards())
        for await (const name of entries(shard))
          if (isHash(name)) await rm(join(shard, name), { force: true });
    },
  };
}

const isHash = (name: string): boolean => /^[0-9a-f]{64}$/.test(name);

const exists = async (path: string): Promise<boolean> => {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
};

// a link instead of a rename: the received file says that the upload has not ended
const keep = async (from: string, to: string): Promise<void> => {
  const shard = dirname(to);
  if ((await mkdir(shard, { recursive: true, mode: 0o700 })) !== undefined) await sync(dirname(shard));
  try {
    await link(from, to);
  } catch (error) {
    // the same content: a key is used for one content only, and a file with this name is complete
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
