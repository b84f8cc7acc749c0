import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Copy } from '../engines/snapshot.js';
import { AshlarError } from '../errors.js';
import { damaged } from './age/payload.js';
import { payloadPath, readManifest } from './folder.js';
import { type BackupKeys, fingerprint } from './keys.js';
import { assertSeal, type Manifest, mismatch } from './manifest.js';
import { Meter, type OnProgress } from './meter.js';

/** A backup whose two files are what was written, and that its key opens. */
export interface OpenedBackup {
  readonly manifest: Manifest;
  /** The copy in it; reading it to its end fails where it is not what the manifest says. */
  readonly copy: Copy;
}

/**
 * Opens a backup: first the file as it stands is compared with its manifest, then its own key is found, and with that
 * whether the manifest was made together with it.
 *
 * @throws AshlarError `backup-missing`, `backup-damaged`, `backup-manifest-mismatch`, `backup-key-missing`,
 *   `backup-key-wrong`
 */
export const openBackup = async (
  { folder, name }: { folder: string; name: string },
  keys: BackupKeys,
  onProgress?: OnProgress,
): Promise<OpenedBackup> => {
  const manifest = await readManifest(folder, name);
  const path = payloadPath(folder, name);
  await assertFile(path, manifest);
  const stored = createReadStream(path, { highWaterMark: 1_048_576 });
  try {
    const { fileKey, bytes } = await keys.open(stored);
    assertSeal(manifest, fileKey);
    const key = manifest.database_key === null ? undefined : await keys.openText(manifest.database_key);
    if (key !== undefined && fingerprint(key) !== manifest.keys.database)
      throw mismatch('The database’s key in it has another fingerprint.');
    const { format, size } = manifest.copy;
    const source = compared(bytes, manifest, onProgress);
    return { manifest, copy: { format, size, bytes: Readable.from(source, { objectMode: false }), key } };
  } catch (error) {
    stored.destroy();
    throw error;
  }
};

const assertFile = async (path: string, { file }: Manifest): Promise<void> => {
  const found = await stat(path).catch((cause: unknown) => {
    throw new AshlarError('backup-missing', {
      message: `There is no ${path}.`,
      detail: 'Its manifest is there, and its file is not.',
      suggestion: 'Put the file beside its manifest.',
      cause,
    });
  });
  if (found.size !== file.size) throw damaged(`Its file has ${found.size} bytes instead of ${file.size}.`);
  const meter = new Meter();
  for await (const _ of meter.measure(createReadStream(path, { highWaterMark: 1_048_576 })));
  if (meter.measured.sha256 !== file.sha256)
    throw damaged('Its file is not what was written: the SHA-256 is another.');
};

async function* compared(
  plain: AsyncIterable<Uint8Array>,
  { copy }: Manifest,
  onProgress: OnProgress | undefined,
): AsyncGenerator<Uint8Array> {
  const meter = new Meter((done) => onProgress?.(done, copy.size));
  yield* meter.measure(plain);
  const { size, sha256 } = meter.measured;
  if (size !== copy.size || sha256 !== copy.sha256)
    throw mismatch('What was encrypted is not the copy that the manifest tells of.');
}
