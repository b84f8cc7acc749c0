import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { AshlarError } from '../../errors.js';

/** A part of a file that is to be read. */
export interface FileRequest {
  readonly path: string;
  /** Device and inode, as the file was opened: another one may have come to stand at the path. */
  readonly identity: string;
  /** How many bytes from its beginning. */
  readonly size: number;
}

const replacedStatus = 3;

// it ends with its parent, whose end of the pipes is then gone
const program = `
const fs = require('node:fs');
const [path, identity, size] = process.argv.slice(1);
process.stdin.on('end', () => process.exit()).resume();
process.stdout.on('error', () => process.exit(1));
const descriptor = fs.openSync(path, 'r');
const { dev, ino } = fs.fstatSync(descriptor, { bigint: true });
if (dev + ':' + ino !== identity) process.exit(${replacedStatus});
fs.createReadStream(path, { fd: descriptor, start: 0, end: Number(size) - 1, highWaterMark: 1 << 20 })
  .on('error', (error) => { fs.writeSync(2, error.code); process.exit(1); })
  .on('end', () => process.stdin.destroy())
  .pipe(process.stdout);`;

/**
 * Reads a file that this process has open as a database. Another process does it: closing any descriptor of the file here
 * would drop the locks that SQLite holds on it (fcntl(2)).
 */
export const readFileElsewhere = (request: FileRequest): Readable =>
  Readable.from(chunksOf(request), { objectMode: false });

async function* chunksOf({ path, identity, size }: FileRequest): AsyncGenerator<Buffer> {
  const child = spawn(process.execPath, ['-e', program, path, identity, String(size)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // options of this process, an inspector's port among them, are not the child's
    env: { ...process.env, NODE_OPTIONS: '' },
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
    detail: reason.trim().split('\n').at(-1),
  });
