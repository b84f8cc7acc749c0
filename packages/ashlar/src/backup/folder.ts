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
const [payload, manifestEnding, verified] = ['.age', '.json', '.verified.json'] as const;
// hidden files are unfinished
const [part, removing] = ['.part', '.removing'] as const;
const nameForm = /^[a-z0-9_-]+-\d{8}T\d{9}Z-[0-9a-f]{8}$/;

/** Records that a backup was verified, when, and by which version. */
const record = z.strictObject({
  /** The checksum of its manifest at that time. */
  manifest: z.string(),
  verified_at: z.iso.datetime({ precision: 3 }),
  ashlar: z.string(),
});

/** A backup in a folder of backups, with its manifest and its last verification. */
export interface ListedBackup {
  readonly name: string;
  readonly folder: string;
  /** The manifest of the backup; `undefined` if it cannot be read. */
  readonly manifest: Manifest | undefined;
  /** The time at which the backup was last verified (ISO 8601); `undefined` if it was never verified. */
  readonly verifiedAt: string | undefined;
  /** The reason why the backup cannot be restored, if its manifest or the size of its file shows one. */
  readonly problem: string | undefined;
}

/** Creates a unique name for a new backup. Names of one label sort by time. */
export function newName(label: string, at: Date): string {
  return `${label}-${at.toISOString().replace(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`;
}

/**
 * Returns the default label for the backups of a database: the name of its file without the extension, or the name of
 * the database on the server.
 */
export function labelOf(url: string): string {
  const path =
    URL.canParse(url) && /^postgres(ql)?:/.test(url) ? new URL(url).pathname : url.replace(/^[a-z]+:/, '');
  return checkedLabel(basename(path).replace(/\.[^.]+$/, '')) || 'database';
}

/** A label with the characters that file names have: lower case letters, digits, `-` and `_`. */
const checkedLabel = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);

/**
 * Converts a label that a user chose to a label that is allowed in file names.
 *
 * @throws AshlarError `usage` if it has no character that file names can have
 */
export function labelNamed(text: string): string {
  const label = checkedLabel(text);
  if (label !== '') return label;
  throw new AshlarError('usage', {
    message: `The label "${text}" contains no character that is allowed in a backup name.`,
    suggestion: 'Use letters, digits, - and _.',
  });
}

/** Returns the path of the encrypted file of a backup. */
export function payloadPath(folder: string, name: string): string {
  return join(folder, `${name}${payload}`);
}
/** Returns the path of the encrypted file of a backup that is not published yet. */
export function draftPath(folder: string, name: string): string {
  return join(folder, `.${name}${payload}${part}`);
}
const manifestDraft = (folder: string, name: string): string =>
  join(folder, `.${name}${manifestEnding}${part}`);
const manifestPath = (folder: string, name: string): string => join(folder, `${name}${manifestEnding}`);
const verifiedPath = (folder: string, name: string): string => join(folder, `${name}${verified}`);

/**
 * Runs `work` while this process holds the lock of a folder of backups. Creates the folder if it is missing, and
 * first completes or removes what a killed process left unfinished.
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
        // the reason of the failure matters more than one of tidying up
        await tidy(folder).catch(() => undefined);
        throw error;
      }
    });
  } catch (error) {
    throw writeError(join(folder, lockName), error);
  }
}

/**
 * Publishes a backup whose encrypted file is written completely, under its draft name. It is listed from the moment
 * its manifest exists.
 */
export async function publish(folder: string, manifest: Manifest): Promise<void> {
  const { name } = manifest;
  try {
    await writeNewFile(manifestDraft(folder, name), formatManifest(manifest));
    await rename(draftPath(folder, name), payloadPath(folder, name));
    await syncPath(folder);
    await finish(folder, name);
  } catch (error) {
    throw writeError(payloadPath(folder, name), error);
  }
}

const finish = async (folder: string, name: string): Promise<void> => {
  await rename(manifestDraft(folder, name), manifestPath(folder, name));
  await syncPath(folder);
};

/** Removes the files of a backup, the manifest first, so that a partly removed backup is never listed. */
export async function remove(folder: string, name: string): Promise<void> {
  await rename(manifestPath(folder, name), join(folder, `.${name}${removing}`));
  await syncPath(folder);
  await removeRest(folder, name);
}

const removeRest = async (folder: string, name: string): Promise<void> => {
  await rm(payloadPath(folder, name), { force: true });
  await rm(verifiedPath(folder, name), { force: true });
  await syncPath(folder);
  await rm(join(folder, `.${name}${removing}`), { force: true });
};

// a payload that has neither a manifest nor an unfinished one stays: it may be all that is left of a backup
const tidy = async (folder: string): Promise<void> => {
  const files = new Set(await readdir(folder));
  for (const file of files) {
    const [, name = '', ending] = /^\.(.+?)(\.age\.part|\.json\.part|\.removing)$/.exec(file) ?? [];
    if (!nameForm.test(name)) continue;
    if (ending === removing) await removeRest(folder, name);
    else if (
      ending === `${manifestEnding}${part}` &&
      files.has(`${name}${payload}`) &&
      !files.has(`${name}${manifestEnding}`)
    )
      await finish(folder, name);
    else await rm(join(folder, file), { force: true });
  }
};

/** Lists all backups in a folder, oldest first; the list is empty if the folder does not exist. */
export async function listBackups(folder: string): Promise<readonly ListedBackup[]> {
  const files = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw writeError(join(folder, lockName), error);
  });
  const names = files.flatMap((file) => {
    const name =
      file.endsWith(manifestEnding) && !file.endsWith(verified) ? file.slice(0, -manifestEnding.length) : '';
    return nameForm.test(name) ? [name] : [];
  });
  const listed: ListedBackup[] = [];
  for (const name of names) {
    const found = await look(folder, name);
    // another process may have pruned it since the folder was read
    const isGone = found.problem !== undefined && !(await isThere(manifestPath(folder, name)));
    if (!isGone) listed.push(found);
  }
  return listed.sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );

const timeOf = ({ name, manifest }: ListedBackup): string =>
  manifest?.created_at.replace(/[-:.]/g, '') ?? name.split('-').at(-2) ?? '';

const look = async (folder: string, name: string): Promise<ListedBackup> => {
  const { manifest, problem } = await tryReadManifest(folder, name);
  return {
    name,
    folder,
    manifest,
    verifiedAt: manifest && (await verifiedAt(folder, manifest)),
    problem: problem ?? (manifest && (await sizeProblem(folder, manifest))),
  };
};

const tryReadManifest = async (
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
 * Reads the manifest of a backup.
 *
 * @throws AshlarError `backup-missing`, `backup-damaged`, `backup-manifest-mismatch`
 */
export async function readManifest(folder: string, name: string): Promise<Manifest> {
  const text = await readFile(manifestPath(folder, name), 'utf8').catch((cause: unknown) => {
    throw missing(manifestPath(folder, name), cause);
  });
  const manifest = parseManifest(text);
  if (manifest.name === name) return manifest;
  throw new AshlarError('backup-manifest-mismatch', {
    message: 'The backup and its manifest do not belong together.',
    detail: `The manifest next to ${name} belongs to ${manifest.name}.`,
    suggestion: 'Put each manifest next to its own file.',
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

/** Records in a file next to a backup that the backup was verified. */
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
 * Finds a backup by its name, or by the path of one of its files.
 *
 * @param folder - where to look for a name
 * @throws AshlarError `backup-missing`
 */
export async function findBackup(folder: string, given: string): Promise<{ folder: string; name: string }> {
  const name = basename(given).replace(/(\.verified)?\.json$|\.age$/, '');
  const folders = /[/\\]/.test(given) ? [dirname(given)] : [folder, dirname(resolve(given))];
  for (const each of folders) {
    if (await isThere(manifestPath(each, name))) return { folder: each, name };
  }
  throw missing(manifestPath(folders[0] ?? folder, name));
}

const missing = (path: string, cause?: unknown): AshlarError =>
  new AshlarError('backup-missing', {
    message: `The backup does not exist: there is no file ${path}.`,
    suggestion: 'Run `ashlar backup list` to see the backups. Choose another folder with --dir.',
    cause,
  });
