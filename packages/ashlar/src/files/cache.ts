import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { writeAtomically } from './write.js';

/** How long a file that nobody reads is kept, in milliseconds. */
const longestKept = 90 * 86_400_000;

/** The folder in which Ashlar keeps, for this user, what it can make again. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ashlar');
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Writable by this user only: what another user could change is not trusted. */
const isPrivate = ({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean =>
  process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);

/**
 * Returns the text that is kept under a name, or makes and keeps it. A file that is missing, damaged, or that another user may
 * write costs no more than making it again; so does a folder that cannot be written.
 *
 * @param of - all that the text depends on; its hash is part of the file's name
 */
export async function cached(kind: string, of: string, make: () => Promise<string>): Promise<string> {
  const file = join(cacheFolder(), `${kind}-${hashOf(of)}`);
  const found = await readKept(file).catch(() => undefined);
  if (found !== undefined) return found;
  const made = await make();
  await keep(kind, file, made).catch(() => undefined);
  return made;
}

const readKept = async (file: string): Promise<string | undefined> => {
  const handle = await open(file, 'r');
  try {
    if (!isPrivate(await handle.stat())) return undefined;
    const content = await handle.readFile('utf8');
    const end = content.indexOf('\n');
    const text = content.slice(end + 1);
    if (hashOf(text) !== content.slice(0, end)) return undefined;
    // the time of the last use, by which unused files are found
    const now = new Date();
    await handle.utimes(now, now).catch(() => undefined);
    return text;
  } finally {
    await handle.close();
  }
};

const keep = async (kind: string, file: string, text: string): Promise<void> => {
  const folder = cacheFolder();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeAtomically(file, `${hashOf(text)}\n${text}`);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${kind}-`)) continue;
    const { mtimeMs } = await stat(join(folder, name));
    if (Date.now() - mtimeMs > longestKept) await rm(join(folder, name), { force: true });
  }
};
