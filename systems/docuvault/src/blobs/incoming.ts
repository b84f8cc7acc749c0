import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AshlarError } from 'ashlar';
import type { ByteSource } from './blob-store.js';
import { entries } from './entries.js';

// paths that this process is receiving now, in all stores
const receiving = new Set<string>();

/** Content in a file of its own, `HOST.PID.UUID`, until it is stored. */
export interface Received {
  readonly path: string;
  /** The key of the content, a random UUID: the file has it in its name. */
  readonly key: string;
  /** The SHA-256 hash of the content (FIPS 180-4), in lower-case hex. */
  readonly sha256: string;
  readonly size: number;
  /** Deletes the file. Never fails. */
  discard(): Promise<void>;
}

/**
 * Receives content into a file in a folder, hashes it and syncs it.
 *
 * @param limit - the maximum number of bytes
 * @param idle - how long the source may send nothing, in milliseconds
 * @throws AshlarError `size-exceeded`; `input-invalid` for what is no bytes, and for a source that sends nothing; the errors of `source`. On failure no bytes remain.
 */
export async function receive(
  folder: string,
  source: ByteSource,
  limit: number,
  idle = longestPause,
): Promise<Received> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = randomUUID();
  const path = join(folder, `${hostname()}.${process.pid}.${key}`);
  receiving.add(path);
  const discard = async (): Promise<void> => {
    // `cleanIncoming` of a later process removes a file that cannot be removed now
    await rm(path, { force: true }).catch(() => undefined);
    receiving.delete(path);
  };
  try {
    return { path, key, discard, ...(await write(path, limited(bytesOf(source), idle), limit)) };
  } catch (error) {
    await discard();
    throw error;
  }
}

const write = async (
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<{ sha256: string; size: number }> => {
  const hash = createHash('sha256');
  let size = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of chunks) {
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

const bytesOf = async function* (source: unknown): AsyncGenerator<Uint8Array> {
  const isStream = typeof source === 'object' && source !== null && Symbol.asyncIterator in source;
  if (!isStream && !(source instanceof Uint8Array)) throw noBytes();
  for await (const chunk of isStream && !(source instanceof Uint8Array)
    ? (source as AsyncIterable<unknown>)
    : [source]) {
    // the length of a text is not that of its bytes
    if (!(chunk instanceof Uint8Array)) throw noBytes();
    yield chunk;
  }
};

/** How long a source may send nothing, in milliseconds: a connection that is gone may not say so. */
const longestPause = 120_000;

const limited = async function* (
  source: AsyncGenerator<Uint8Array>,
  idle: number,
): AsyncGenerator<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  try {
    for (;;) {
      const silence = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(silent(idle)), idle);
      });
      const { done, value } = await Promise.race([source.next(), silence]);
      clearTimeout(timer);
      if (done) {
        isOver = true;
        return;
      }
      yield value;
    }
  } finally {
    clearTimeout(timer);
    // not awaited: a source that sends nothing does not end either
    if (!isOver) void source.return(undefined).catch(() => undefined);
  }
};

const silent = (idle: number): AshlarError =>
  new AshlarError('input-invalid', {
    message: `The content is not complete: nothing came for ${idle / 1_000} seconds.`,
    suggestion: 'Nothing was stored. Upload it again.',
  });

/** Returns the keys of the content that is being received, or that killed processes have left. */
export async function incomingKeys(folder: string): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for await (const name of entries(folder)) keys.add(name.slice(-keyLength));
  return keys;
}

/** The length of a UUID. */
const keyLength = 36;

const noBytes = (): AshlarError =>
  new AshlarError('input-invalid', {
    message: 'The content is not bytes.',
    detail: 'Content is a Uint8Array, or a stream whose chunks are Uint8Arrays.',
    suggestion: 'Nothing was stored. Open the stream without an encoding, or convert text with Buffer.from.',
  });

/**
 * Removes files whose receiving process ran on this host and no longer runs, and files to which nothing was added for a day:
 * the host of a container that was killed never comes back.
 *
 * @returns the number of removed files
 */
export async function cleanIncoming(folder: string): Promise<number> {
  let removed = 0;
  for await (const name of entries(folder)) {
    const path = join(folder, name);
    if (!isAbandoned(name, path) && !(await isOld(path))) continue;
    await rm(path, { force: true });
    removed++;
  }
  return removed;
}

const isOld = async (path: string): Promise<boolean> => {
  if (receiving.has(path)) return false;
  const file = await stat(path).catch(() => undefined);
  return file !== undefined && Date.now() - file.mtimeMs > 86_400_000;
};

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

const sizeExceeded = (limit: number): AshlarError =>
  new AshlarError('size-exceeded', {
    message: `The content exceeds the limit of ${limit} bytes.`,
    suggestion: 'Nothing was stored. Upload a smaller document, or raise MAX_UPLOAD_BYTES.',
  });
