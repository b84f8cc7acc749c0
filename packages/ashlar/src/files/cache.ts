import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { writeAtomically } from './write.js';

/** How long a file that nobody reads is kept, in milliseconds. */
const longestKept = 90 * 86_400_000;

/** How long a draft is kept, which a crash left behind, in milliseconds. */
const longestDraft = 3_600_000;

/** The folder in which Ashlar keeps, for this user, what it can make again. */
export function cacheFolder(): string {
  const given = process.env.XDG_CACHE_HOME ?? '';
  // a relative path is to be ignored, and would be in the project: https://specifications.freedesktop.org/basedir-spec/latest/#variables
  return join(isAbsolute(given) ? given : join(homedir(), '.cache'), 'ashlar');
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

// what the file has as its first line: of its name, too, so that one kept file cannot stand in for another
const sealOf = (of: string, text: string): string => hashOf(`${hashOf(of)}\n${text}`);

/**
 * Writable by this user only: what another user could change is not trusted. On Windows a file has no such owner; the
 * folder is in the user's own, which others may not write.
 */
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
  const found = await readKept(file, of).catch(() => undefined);
  if (found !== undefined) return found;
  const made = await make();
  await keep(kind, file, `${sealOf(of, made)}\n${made}`).catch(() => undefined);
  return made;
}

// in a folder that others may write, a file of this user can get the name of another one
const isOwnFolder = async (): Promise<boolean> => {
  const found = await lstat(cacheFolder());
  return found.isDirectory() && isPrivate(found);
};

// undefined on Windows
const noLink = constants.O_NOFOLLOW ?? 0;

const readKept = async (file: string, of: string): Promise<string | undefined> => {
  if (!(await isOwnFolder())) return undefined;
  const handle = await open(file, constants.O_RDONLY | noLink);
  try {
    if (!isPrivate(await handle.stat())) return undefined;
    const content = await handle.readFile('utf8');
    const end = content.indexOf('\n');
    const text = content.slice(end + 1);
    if (sealOf(of, text) !== content.slice(0, end)) return undefined;
    // the time of the last use, by which unused files are found
    const now = new Date();
    await handle.utimes(now, now).catch(() => undefined);
    return text;
  } finally {
    await handle.close();
  }
};

const keep = async (kind: string, file: string, content: string): Promise<void> => {
  const folder = cacheFolder();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (!(await isOwnFolder())) return;
  await writeAtomically(file, content);
  for (const name of await readdir(folder)) {
    const isDraft = name.startsWith(`.${kind}-`);
    if (!isDraft && !name.startsWith(`${kind}-`)) continue;
    const { mtimeMs } = await stat(join(folder, name));
    if (Date.now() - mtimeMs > (isDraft ? longestDraft : longestKept))
      await rm(join(folder, name), { force: true });
  }
};
