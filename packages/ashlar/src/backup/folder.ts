import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { AshlarError } from '../errors.js';
import { syncPath } from '../files/sync.js';
import { writeAtomically, writeNewFile } from '../files/write.js';
import { version } from '../version.js';
import { lockName, withFolderLock } from './lock.js';
import { formatManifest, type Manifest, parseManifest } from './manifest.js';
import { writeError } from './write-error.js';

/** The endings of a backup's files. */
const [payload, told, verified] = ['.age', '.json', '.verified.json'] as const;
// what is hidden is not finished
const [part, removing] = ['.part', '.removing'] as const;
const nameForm = /^[a-z0-9_-]+-\d{8}T\d{9}Z-[0-9a-f]{8}$/;

/** That a backup was verified, when and by what. */
const record = z.strictObject({
  /** The checksum of the manifest that stood beside it then. */
  manifest: z.string(),
  verified_at: z.iso.datetime({ precision: 3 }),
  ashlar: z.string(),
});

/** A backup in a folder. */
export interface Listed {
  readonly name: string;
  readonly folder: string;
  /** `undefined` where it cannot be read. */
  readonly manifest: Manifest | undefined;
  /** When it was last verified; ISO 8601. */
  readonly verifiedAt: string | undefined;
  /** Why it is no backup that could be restored, as far as its manifest and the size of its file tell. */
  readonly problem: string | undefined;
}

/** The name of a backup made now: its names sort by when they were made. */
export function newName(label: string, at: Date): string {
  return `${label}-${at.toISOString().replace(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`;
}

/** The label of a database's backups, from its URL: the file's name without its ending, or the database's. */
export function labelOf(url: string): string {
  const path =
    URL.canParse(url) && /^postgres(ql)?:/.test(url) ? new URL(url).pathname : url.replace(/^[a-z]+:/, '');
  return checkedLabel(basename(path).replace(/\.[^.]+$/, '')) || 'database';
}

/** A label as names of files have it: lower case letters, digits, `-` and `_`. */
const checkedLabel = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);

/** The label that somebody named. @throws AshlarError `usage` where nothing is left of it in a name of a file */
export function labelNamed(text: string): string {
  const label = checkedLabel(text);
  if (label !== '') return label;
  throw new AshlarError('usage', {
    message: `The label "${text}" has no letter or digit that names of backups can have.`,
    suggestion: 'Use lower case letters, digits, - and _.',
  });
}

export function payloadPath(folder: string, name: string): string {
  return join(folder, `${name}${payload}`);
}
/** Where the file of a backup is written before it is one. */
export function draftPath(folder: string, name: string): string {
  return join(folder, `.${name}${payload}${part}`);
}
const toldDraft = (folder: string, name: string): string => join(folder, `.${name}${told}${part}`);
const toldPath = (folder: string, name: string): string => join(folder, `${name}${told}`);
const verifiedPath = (folder: string, name: string): string => join(folder, `${name}${verified}`);

/**
 * Keeps a folder to this process, makes it where it is missing, and ends what a killed process had begun there.
 *
 * @throws AshlarError `backup-folder-locked`, `privilege-missing`, `disk-full`
 */
export async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await withFolderLock(folder, async () => {
      await tidy(folder);
      try {
        return await work();
      } catch (error) {
        // what was half-done is gone, or completed; the reason why is what matters
        await tidy(folder).catch(() => undefined);
        throw error;
      }
    });
  } catch (error) {
    throw writeError(join(folder, lockName), error);
  }
}

/** Makes a backup of a file that was written as a draft: from the moment its manifest is there it is listed. */
export async function publish(folder: string, manifest: Manifest): Promise<void> {
  const { name } = manifest;
  try {
    await writeNewFile(toldDraft(folder, name), formatManifest(manifest));
    await rename(draftPath(folder, name), payloadPath(folder, name));
    await syncPath(folder);
    await finish(folder, name);
  } catch (error) {
    throw writeError(payloadPath(folder, name), error);
  }
}

const finish = async (folder: string, name: string): Promise<void> => {
  await rename(toldDraft(folder, name), toldPath(folder, name));
  await syncPath(folder);
};

/** Removes a backup: its manifest first, so that no half of one is listed. */
export async function remove(folder: string, name: string): Promise<void> {
  await rename(toldPath(folder, name), join(folder, `.${name}${removing}`));
  await syncPath(folder);
  await removeRest(folder, name);
}

const removeRest = async (folder: string, name: string): Promise<void> => {
  await rm(payloadPath(folder, name), { force: true });
  await rm(verifiedPath(folder, name), { force: true });
  await syncPath(folder);
  await rm(join(folder, `.${name}${removing}`), { force: true });
};

// a payload without a manifest and without a trace of what was under way is left alone: it may be all that is left of one
const tidy = async (folder: string): Promise<void> => {
  const files = new Set(await readdir(folder));
  for (const file of files) {
    const [, name = '', ending] = /^\.(.+?)(\.age\.part|\.json\.part|\.removing)$/.exec(file) ?? [];
    if (!nameForm.test(name)) continue;
    if (ending === removing) await removeRest(folder, name);
    else if (ending === `${told}${part}` && files.has(`${name}${payload}`) && !files.has(`${name}${told}`))
      await finish(folder, name);
    else await rm(join(folder, file), { force: true });
  }
};

/** All backups in a folder, oldest first; none where there is no folder. */
export async function listBackups(folder: string): Promise<readonly Listed[]> {
  const files = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw writeError(join(folder, lockName), error);
  });
  const names = files.flatMap((file) => {
    const name = file.endsWith(told) && !file.endsWith(verified) ? file.slice(0, -told.length) : '';
    return nameForm.test(name) ? [name] : [];
  });
  const listed: Listed[] = [];
  for (const name of names) {
    const found = await look(folder, name);
    // pruned since the folder was read, which is no fault of it
    const isGone = found.problem !== undefined && !(await isThere(toldPath(folder, name)));
    if (!isGone) listed.push(found);
  }
  return listed.sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );

const timeOf = ({ name, manifest }: Listed): string =>
  manifest?.created_at.replace(/[-:.]/g, '') ?? name.split('-').at(-2) ?? '';

const look = async (folder: string, name: string): Promise<Listed> => {
  const { manifest, problem } = await readTold(folder, name);
  return {
    name,
    folder,
    manifest,
    verifiedAt: manifest && (await verifiedAt(folder, manifest)),
    problem: problem ?? (manifest && (await sizeProblem(folder, manifest))),
  };
};

const readTold = async (
  folder: string,
  name: string,
): Promise<{ manifest: Manifest | undefined; problem: string | undefined }> => {
  try {
    return { manifest: await readManifest(folder, name), problem: undefined };
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    return { manifest: undefined, problem: error.detail ?? error.message };
  }
};

const sizeProblem = async (folder: string, { name, file }: Manifest): Promise<string | undefined> => {
  const found = await stat(payloadPath(folder, name)).catch(() => undefined);
  if (!found) return `${name}${payload} is missing.`;
  return found.size === file.size
    ? undefined
    : `${name}${payload} has ${found.size} bytes instead of ${file.size}.`;
};

/**
 * The manifest of a backup.
 *
 * @throws AshlarError `backup-missing`, `backup-damaged`, `backup-manifest-mismatch`
 */
export async function readManifest(folder: string, name: string): Promise<Manifest> {
  const text = await readFile(toldPath(folder, name), 'utf8').catch((cause: unknown) => {
    throw missing(toldPath(folder, name), cause);
  });
  const manifest = parseManifest(text);
  if (manifest.name === name) return manifest;
  throw new AshlarError('backup-manifest-mismatch', {
    message: 'The backup and its manifest do not belong together.',
    detail: `The manifest beside ${name} is that of ${manifest.name}.`,
    suggestion: 'Put each manifest beside its own file.',
  });
}

const verifiedAt = async (folder: string, { name, checksum }: Manifest): Promise<string | undefined> => {
  const text = await readFile(verifiedPath(folder, name), 'utf8').catch(() => '');
  try {
    const found = record.parse(JSON.parse(text));
    return found.manifest === checksum ? found.verified_at : undefined;
  } catch {
    return undefined;
  }
};

/** Notes beside a backup that it was verified. */
export async function noteVerified(folder: string, { name, checksum }: Manifest, at: Date): Promise<void> {
  const noted: z.infer<typeof record> = {
    manifest: checksum,
    verified_at: at.toISOString(),
    ashlar: version(),
  };
  const path = verifiedPath(folder, name);
  await writeAtomically(path, `${JSON.stringify(noted, null, 2)}\n`).catch((error: unknown) => {
    throw writeError(path, error);
  });
}

/**
 * The folder and the name of a backup that somebody names: by its name, or by the path of one of its files.
 *
 * @param folder - where it is looked for when only its name is given
 * @throws AshlarError `backup-missing`
 */
export async function findBackup(folder: string, given: string): Promise<{ folder: string; name: string }> {
  const name = basename(given).replace(/(\.verified)?\.json$|\.age$/, '');
  const folders = /[/\\]/.test(given) ? [dirname(given)] : [folder, dirname(resolve(given))];
  for (const each of folders) {
    if (await isThere(toldPath(each, name))) return { folder: each, name };
  }
  throw missing(toldPath(folders[0] ?? folder, name));
}

const missing = (path: string, cause?: unknown): AshlarError =>
  new AshlarError('backup-missing', {
    message: `There is no backup with a manifest ${path}.`,
    suggestion: 'ashlar backup list tells those there are; --dir names another folder.',
    cause,
  });
