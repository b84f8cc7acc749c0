import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Copy } from '../contract/copies.js';
import type { Roles } from '../contract/roles.js';
import { AshlarError } from '../errors.js';
import { onFile } from '../files/failure.js';
import type { Checkpoints } from '../prove/ledgers.js';
import { damaged } from './age/payload.js';
import { findBackup, payloadPath, readManifest } from './folder.js';
import { BackupKeys, type BackupKeysGiven, fingerprint } from './keys.js';
import { assertMac, type Manifest, mismatch } from './manifest.js';
import { counted, Meter, type OnProgress } from './meter.js';

/** The options that {@link verifyBackup} and {@link restoreBackup} have in common. */
export interface OpenBackupOptions {
  /** The folder that contains the backup; needed only if the backup is given by name. */
  readonly folder: string;
  readonly keys: BackupKeysGiven;
  /** The signed checkpoints with which the ledgers in the backup are compared. */
  readonly checkpoints?: Checkpoints | undefined;
  /**
   * The roles to grant rights to in the restored database, if the engine has roles. Default: `ashlar_app` and
   * `ashlar_auditor`.
   */
  readonly roles?: Roles | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** A function that is called before each step begins, with the name of the step. */
  readonly onStep?: ((step: string) => void) | undefined;
}

/** A backup that was opened: its encrypted file and its manifest are unchanged, and the given key decrypts it. */
export interface OpenedBackup {
  /** The folder that contains the backup's files. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** The decrypted copy of the database as a stream; reading it throws at the first part that was changed. */
  readonly copy: Copy;
}

/**
 * Opens a backup, passes it to `work` and closes it: compares its encrypted file with its manifest, decrypts the key of the
 * file, and checks by this key that the two were made together.
 *
 * @param given - the backup's name, or the path of one of its files
 * @throws AshlarError `backup-missing`, `backup-damaged`, `backup-manifest-mismatch`, `backup-key-missing`,
 *   `backup-key-invalid`, `backup-key-wrong`; `disk-full`, `privilege-missing`, `file-failed` also for files of `work`
 */
export function withBackup<T>(
  given: string,
  options: Pick<OpenBackupOptions, 'folder' | 'keys' | 'onProgress'>,
  work: (backup: OpenedBackup) => Promise<T>,
): Promise<T> {
  return onFile(options.folder, async () => {
    const backup = await openBackup(given, options);
    try {
      return await work(backup);
    } finally {
      backup.copy.bytes.destroy();
    }
  });
}

const openBackup = async (
  given: string,
  options: Pick<OpenBackupOptions, 'folder' | 'keys' | 'onProgress'>,
): Promise<OpenedBackup> => {
  const keys = await BackupKeys.from(options.keys);
  const { folder, name } = await findBackup(options.folder, given);
  const manifest = await readManifest(folder, name);
  const path = payloadPath(folder, name);
  await assertFile(path, manifest);
  const stored = createReadStream(path, { highWaterMark: 1_048_576 });
  try {
    const { fileKey, bytes } = await keys.open(stored);
    assertMac(manifest, fileKey);
    const key = manifest.database_key === null ? undefined : await keys.decryptText(manifest.database_key);
    if (key !== undefined && fingerprint(key) !== manifest.keys.database)
      throw mismatch(
        'The database key in the manifest does not have the fingerprint that the manifest records.',
      );
    const { format, size } = manifest.copy;
    const source = counted(bytes, (done) => options.onProgress?.(done, size));
    const copy = { format, size, bytes: Readable.from(source, { objectMode: false }), key };
    return { folder, manifest, copy };
  } catch (error) {
    stored.destroy();
    throw error;
  }
};

const assertFile = async (path: string, { file }: Manifest): Promise<void> => {
  const found = await stat(path).catch((cause: unknown) => {
    throw new AshlarError('backup-missing', {
      message: `The encrypted file of the backup, ${path}, does not exist.`,
      detail: 'Of this backup, only the manifest exists.',
      suggestion: 'Put the encrypted file into the folder of its manifest.',
      cause,
    });
  });
  if (found.size !== file.size)
    throw damaged(`The file of the backup has ${found.size} bytes instead of ${file.size}.`);
  const meter = new Meter();
  for await (const _ of meter.measure(createReadStream(path, { highWaterMark: 1_048_576 })));
  if (meter.measured.sha256 !== file.sha256)
    throw damaged('The file of the backup was changed: the SHA-256 does not match.');
};
