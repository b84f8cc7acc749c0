import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { AshlarError } from '../errors.js';

/** How much is read of a file that is read as a whole, in bytes. */
const longest = 67_108_864;
/** How much is read of a key or of settings, in bytes. */
const longestKey = 1_048_576;
/** How long the writer of a pipe may take, in milliseconds. */
const pipeWait = 10_000;
const pause = 10;

// without O_NONBLOCK, opening a pipe waits for a writer. It changes nothing for a file. Windows has no such flag
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const kindOf = (found: Stats): string =>
  found.isDirectory() ? 'a folder' : found.isFIFO() ? 'a pipe' : found.isSocket() ? 'a socket' : 'a device';

const notAFile = (path: string, kind: string): AshlarError =>
  new AshlarError('file-failed', {
    message: `${path} is ${kind}, not a file.`,
    suggestion: 'Put the file that belongs there in its place.',
  });

const tooLong = (path: string, most: number): AshlarError =>
  new AshlarError('file-failed', {
    message: `${path} has more than ${most} bytes, and is not what belongs there.`,
    suggestion: 'Check the path.',
  });

// open(2) of a socket
const unopened = (path: string, error: unknown): unknown =>
  (error as NodeJS.ErrnoException).code === 'ENXIO' ? notAFile(path, 'a socket') : error;

/**
 * Reads a whole file, and never waits for one: a folder, a pipe or a device in its place is refused. Throws errors of the file
 * system as they are.
 *
 * @throws AshlarError `file-failed` for what is no file, and for more than 64 MiB
 */
export async function readWhole(path: string): Promise<Buffer> {
  const handle = await open(path, flags).catch((error: unknown) => {
    throw unopened(path, error);
  });
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw notAFile(path, kindOf(found));
    if (found.size > longest) throw tooLong(path, longest);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/**
 * Reads a file, or a pipe to its end, such as that of `--key-file <(…)`: a pipe can be read once only. `/dev/null` is empty. Throws
 * errors of the file system as they are.
 *
 * @param wait - how long the writer of a pipe may take, in milliseconds. Default: ten seconds
 * @throws AshlarError `file-failed` for a folder, a device or more than 1 MiB, and where no writer came
 */
export function readFileOrPipe(path: string, wait = pipeWait): Buffer {
  const descriptor = openDescriptor(path);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile() && !found.isFIFO() && !isNull(found)) throw notAFile(path, kindOf(found));
    return readAll(descriptor, path, found.isFIFO() ? wait : undefined);
  } finally {
    closeSync(descriptor);
  }
}

// the usual way to put an empty file in the place of another
const isNull = (found: Stats): boolean =>
  found.isCharacterDevice() && found.rdev === statSync('/dev/null', { throwIfNoEntry: false })?.rdev;

const openDescriptor = (path: string): number => {
  try {
    return openSync(path, flags);
  } catch (error) {
    throw unopened(path, error);
  }
};

const readAll = (descriptor: number, path: string, wait: number | undefined): Buffer => {
  const deadline = performance.now() + (wait ?? 0);
  const parts: Buffer[] = [];
  let size = 0;
  // a pipe of `<(…)` has its writer from the beginning, and gets no other one
  let hadWriter = /^\/(dev|proc\/self)\/fd\//.test(path);
  for (;;) {
    const part = readPart(descriptor);
    hadWriter ||= part === undefined || part.length > 0;
    // a pipe without a writer is at its end before its writer has come
    const isWaiting = part === undefined || (wait !== undefined && part.length === 0 && !hadWriter);
    if (isWaiting) {
      if (performance.now() > deadline) throw silent(path, wait ?? 0);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
      continue;
    }
    if (part.length === 0) return Buffer.concat(parts);
    parts.push(part);
    size += part.length;
    if (size > longestKey) throw tooLong(path, longestKey);
  }
};

/** The next bytes; `undefined` where the writer of a pipe has not written yet. */
const readPart = (descriptor: number): Buffer | undefined => {
  const part = Buffer.alloc(65_536);
  try {
    return part.subarray(0, readSync(descriptor, part));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
};

const silent = (path: string, wait: number): AshlarError =>
  new AshlarError('file-failed', {
    message: `${path} is a pipe, and nobody wrote to it and closed it within ${wait / 1_000} seconds.`,
    suggestion: 'Start the writer of the pipe, or name a file.',
  });
