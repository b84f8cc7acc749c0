import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { AshlarError } from '../errors.js';
import { fileFailure } from '../files/failure.js';
import { readWhole } from '../files/read.js';
import { syncPath } from '../files/sync.js';
import { writeAtomically, writeNewFile } from '../files/write.js';
import { percentDecoded } from '../settings/percent.js';
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
  if (URL.canParse(url) && /^postgres(ql)?:/.test(url)) {
    const database = new URL(url).pathname.slice(1);
    return checkedLabel(percentDecoded(database) ?? database) || 'database';
  }
  return checkedLabel(basename(url.replace(/^[a-z]+:/, '')).replace(/\.[^.]+$/, '')) || 'database';
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
 *
 * @throws AshlarError `disk-full`, `privilege-missing`; `file-failed`, which says whether the backup is listed all the same
 */
export async function publish(folder: string, manifest: Manifest): Promise<void> {
  const { name } = manifest;
  try {
    await writeNewFile(manifestDraft(folder, name), formatManifest(manifest));
    await rename(draftPath(folder, name), payloadPath(folder, name));
    await syncPath(folder);
    await finish(folder, name);
  } catch (error) {
    // with both files complete, the next run would list it
    await readdir(folder)
      .then((files) => tidyOne(folder, name, new Set(files)))
      .catch(() => undefined);
    // only what was seen is said
    const isListed = await stat(manifestPath(folder, name)).then(
      () => true,
      () => false,
    );
    throw isListed ? listedAllTheSame(name, error) : writeError(payloadPath(folder, name), error);
  }
}

const listedAllTheSame = (name: string, cause: unknown): AshlarError =>
  new AshlarError('file-failed', {
    message: `The backup ${name} is complete and listed, but the operating system failed to confirm that it is on the disk.`,
    detail: cause instanceof Error ? cause.message : undefined,
    suggestion: 'Check the disk, then verify the backup or make another one.',
    cause,
  });

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
  await removeLeft(verifiedPath(folder, name));
  await syncPath(folder);
  await rm(join(folder, `.${name}${removing}`), { force: true });
};

const tidy = async (folder: string): Promise<void> => {
  const files = new Set(await readdir(folder));
  const names = new Set([...files].map(nameIn).filter((name) => nameForm.test(name)));
  for (const name of names) await tidyOne(folder, name, files);
};

/** The name of the backup to which a file that may have been left belongs. */
const nameIn = (file: string): string =>
  /^\.(.+?)(?:\.age\.part|\.json\.part|\.removing)$/.exec(file)?.[1] ??
  (file.endsWith(verified) ? file.slice(0, -verified.length) : '');

// a payload that has neither a manifest nor an unfinished one stays: it may be all that is left of a backup. A file of another
// program with such a name stays too: only a manifest proves that a file belonged to a backup
const tidyOne = async (folder: string, name: string, files: ReadonlySet<string>): Promise<void> => {
  const has = (file: string): boolean => files.has(file);
  const isListed = has(`${name}${manifestEnding}`);
  const isManifest = async (path: string): Promise<boolean> =>
    readManifestAt(path, name).then(
      () => true,
      () => false,
    );
  const removed = join(folder, `.${name}${removing}`);
  const draft = manifestDraft(folder, name);
  if (has(`.${name}${removing}`) && !isListed && (await isManifest(removed))) return removeRest(folder, name);
  if (has(`.${name}${manifestEnding}${part}`)) {
    if (isListed || !has(`${name}${payload}`)) await removeLeft(draft);
    else if (await isManifest(draft)) await finish(folder, name);
  }
  if (has(`.${name}${payload}${part}`)) await removeLeft(draftPath(folder, name));
  // recorded while the backup was removed
  if (has(`${name}${verified}`) && !isListed && !has(`${name}${payload}`))
    await removeLeft(verifiedPath(folder, name));
};

const removeLeft = async (path: string): Promise<void> => {
  await rm(path, { force: true }).catch((error: unknown) => {
    // a folder of that name is not ours
    if ((error as NodeJS.ErrnoException).code !== 'ERR_FS_EISDIR') throw error;
  });
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
  let found: Stats;
  try {
    found = await stat(payloadPath(folder, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? `${name}${payload} is missing.`
      : `${name}${payload} cannot be read (${code}).`;
  }
  return found.size === file.size
    ? undefined
    : `${name}${payload} has ${found.size} bytes instead of ${file.size}.`;
};

/**
 * Reads the manifest of a backup.
 *
 * @throws AshlarError `backup-missing`, `backup-damaged`, `backup-manifest-mismatch`, `file-failed`
 */
export function readManifest(folder: string, name: string): Promise<Manifest> {
  return readManifestAt(manifestPath(folder, name), name);
}

const readManifestAt = async (path: string, name: string): Promise<Manifest> => {
  const bytes = await readWhole(path).catch((cause: unknown) => {
    throw (cause as NodeJS.ErrnoException).code === 'ENOENT'
      ? missing(path, cause)
      : fileFailure(path, cause);
  });
  const manifest = parseManifest(bytes.toString('utf8'));
  if (manifest.name === name) return manifest;
  throw new AshlarError('backup-manifest-mismatch', {
    message: 'The backup and its manifest do not belong together.',
    detail: `The manifest next to ${name} belongs to ${manifest.name}.`,
    suggestion: 'Put each manifest next to its own file.',
  });
};

const verifiedAt = async (folder: string, { name, checksum }: Manifest): Promise<string | undefined> => {
  try {
    const found = record.parse(JSON.parse((await readWhole(verifiedPath(folder, name))).toString('utf8')));
    return found.manifest === checksum ? found.verified_at : undefined;
  } catch {
    return undefined;
  }
};

/** Records in a file next to a backup that the backup was verified, unless it was removed meanwhile. */
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
  // a removal that began before removes no record that is written after
  if (!(await isThere(manifestPath(folder, name)))) await rm(path, { force: true });
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
