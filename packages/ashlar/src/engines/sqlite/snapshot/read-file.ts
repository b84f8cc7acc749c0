import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { AshlarError } from '../../../errors.js';
import { programEnvironment } from '../../program-environment.js';

/** The state of a database file at one point in time. */
export interface FileSnapshot {
  readonly path: string;
  /** The device and inode of the open file, which identify it even if another file has taken its path. */
  readonly identity: string;
  readonly pages: number;
  readonly pageSize: number;
  /**
   * The number of frames of the write-ahead log that belong to the snapshot; 0 if all of its pages are in the file
   * itself.
   */
  readonly frames: number;
}

const replacedStatus = 3;

// writing blocks, and fails when the parent has ended. Format of the log: https://sqlite.org/fileformat2.html#walformat
const program = `
const fs = require('node:fs');
const [path, identity, ...numbers] = process.argv.slice(1);
const [pages, pageSize, frames] = numbers.map(Number);
const [logHeader, frameHeader] = [32, 24];
const fail = (reason, status = 1) => {
  fs.writeSync(2, reason);
  process.exit(status);
};
process.on('uncaughtException', ({ message }) => fail(message));
const file = fs.openSync(path, 'r');
const { dev, ino } = fs.fstatSync(file, { bigint: true });
if (dev + ':' + ino !== identity) fail('replaced', ${replacedStatus});

const readAt = (descriptor, target, at) => {
  let read = 0;
  for (let bytes = 1; bytes > 0 && read < target.length; read += bytes)
    bytes = fs.readSync(descriptor, target, read, target.length - read, at + read);
  return read;
};

const log = frames > 0 ? fs.openSync(path + '-wal', 'r') : undefined;
const readLog = (target, at) => {
  if (readAt(log, target, at) !== target.length) fail('The log ends too early.');
};
const frameAt = (frame) => logHeader + (frame - 1) * (frameHeader + pageSize);
// the last frame of each page
const logged = new Map();
if (log !== undefined) {
  const first = Buffer.alloc(logHeader);
  readLog(first, 0);
  const header = Buffer.alloc(frameHeader);
  for (let frame = 1; frame <= frames; frame++) {
    readLog(header, frameAt(frame));
    if (header.compare(first, 16, 24, 8, 16) !== 0) fail('The log was restarted.');
    logged.set(header.readUInt32BE(0), frame);
  }
}

// about the capacity of the pipe: while the parent reads it, the next block is read
const pagesAtOnce = Math.max(1, (1 << 17) / pageSize);
const block = Buffer.alloc(pagesAtOnce * pageSize);
for (let page = 1; page <= pages; page += pagesAtOnce) {
  const count = Math.min(pagesAtOnce, pages - page + 1);
  const bytes = block.subarray(0, count * pageSize);
  // pages beyond the end of the file are in the log only
  bytes.fill(0, readAt(file, bytes, (page - 1) * pageSize));
  for (let n = 0; n < count; n++) {
    const frame = logged.get(page + n);
    if (frame !== undefined)
      readLog(bytes.subarray(n * pageSize, (n + 1) * pageSize), frameAt(frame) + frameHeader);
  }
  for (let written = 0; written < bytes.length; ) written += fs.writeSync(1, bytes, written);
}`;

/**
 * Streams the pages of a database file that this process has open; a child process reads them. Each page comes from the
 * write-ahead log if the log contains it, otherwise from the file. This process does not read them, because closing a
 * descriptor of the file here would drop SQLite's locks on it (fcntl(2)).
 *
 * @throws AshlarError through the stream: `state-conflict` if the file was replaced, `statement-failed`
 */
export function readFileElsewhere(snapshot: FileSnapshot): Readable {
  return Readable.from(chunksOf(snapshot), { objectMode: false });
}

async function* chunksOf({ path, identity, pages, pageSize, frames }: FileSnapshot): AsyncGenerator<Buffer> {
  const size = pages * pageSize;
  const numbers = [pages, pageSize, frames].map(String);
  const child = spawn(process.execPath, ['-e', program, path, identity, ...numbers], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // the child gets no options of this process, and no keys from its environment
    env: programEnvironment(),
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  let reason = '';
  child.stderr.on('data', (text: Buffer) => {
    reason += text.toString();
  });
  let read = 0;
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      read += chunk.length;
      yield chunk;
    }
    const status = await ended;
    if (status === replacedStatus) throw replaced(path);
    if (status !== 0 || read !== size) throw unread(path, reason || `${read} of ${size} bytes`);
  } finally {
    child.kill('SIGKILL');
  }
}

const replaced = (path: string): AshlarError =>
  new AshlarError('state-conflict', {
    message: `${path} is no longer the file of the open database.`,
    detail: 'A restore or a key rotation has replaced it.',
    suggestion: 'Open the database again.',
  });

const unread = (path: string, reason: string): AshlarError =>
  new AshlarError('statement-failed', {
    message: `${path} cannot be read to its end.`,
    detail: reason,
  });
