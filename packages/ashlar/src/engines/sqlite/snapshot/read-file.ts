import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { AshlarError } from '../../../errors.js';
import { programEnvironment } from '../../program-environment.js';

/** One moment of a database file. */
export interface FileMoment {
  readonly path: string;
  /** Device and inode, as the file was opened: another one may have come to stand at the path. */
  readonly identity: string;
  readonly pages: number;
  readonly pageSize: number;
  /** How many frames of the write-ahead log belong to it; 0 where the file alone is the moment. */
  readonly frames: number;
}

const replacedStatus = 3;

// writing blocks, and fails when the parent has ended. The log's form: https://sqlite.org/fileformat2.html#walformat
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
// of each page the last frame
const logged = new Map();
if (log !== undefined) {
  const first = Buffer.alloc(logHeader);
  readLog(first, 0);
  const header = Buffer.alloc(frameHeader);
  for (let frame = 1; frame <= frames; frame++) {
    readLog(header, frameAt(frame));
    if (header.compare(first, 16, 24, 8, 16) !== 0) fail('The log has begun anew.');
    logged.set(header.readUInt32BE(0), frame);
  }
}

// about what the pipe holds: while that is taken out, the next is read
const pagesAtOnce = Math.max(1, (1 << 17) / pageSize);
const block = Buffer.alloc(pagesAtOnce * pageSize);
for (let page = 1; page <= pages; page += pagesAtOnce) {
  const count = Math.min(pagesAtOnce, pages - page + 1);
  const bytes = block.subarray(0, count * pageSize);
  // what is not there yet stands in the log alone
  bytes.fill(0, readAt(file, bytes, (page - 1) * pageSize));
  for (let n = 0; n < count; n++) {
    const frame = logged.get(page + n);
    if (frame !== undefined)
      readLog(bytes.subarray(n * pageSize, (n + 1) * pageSize), frameAt(frame) + frameHeader);
  }
  for (let written = 0; written < bytes.length; ) written += fs.writeSync(1, bytes, written);
}`;

/**
 * Reads a file that this process has open as a database: each page as the log has it, else as it stands in the file.
 * Another process does it: closing any descriptor of the file here would drop the locks that SQLite holds on it (fcntl(2)).
 */
export function readFileElsewhere(moment: FileMoment): Readable {
  return Readable.from(chunksOf(moment), { objectMode: false });
}

async function* chunksOf({ path, identity, pages, pageSize, frames }: FileMoment): AsyncGenerator<Buffer> {
  const size = pages * pageSize;
  const numbers = [pages, pageSize, frames].map(String);
  const child = spawn(process.execPath, ['-e', program, path, identity, ...numbers], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // neither the options of this process are the child's, nor the keys in its environment
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
    message: `Another file stands at ${path} than the database that is open.`,
    detail: 'It was restored, or its key was changed, since it was opened.',
    suggestion: 'Open the database again.',
  });

const unread = (path: string, reason: string): AshlarError =>
  new AshlarError('statement-failed', {
    message: `${path} could not be read to its end.`,
    detail: reason,
  });
