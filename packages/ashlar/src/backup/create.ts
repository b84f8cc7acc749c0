import type { Engine } from '../contract/engine.js';
import type { Snapshot } from '../contract/snapshot.js';
import type { SystemFacts } from '../contract/system.js';
import { writeNewFile } from '../files/write.js';
import { folderOf, keptCheckpoints, originOf } from '../ledger/database/checkpoints.js';
import { assertNotIncoming } from '../migrations/incoming.js';
import type { Tables } from '../model/index.js';
import type { Checkpoints } from '../prove/ledgers.js';
import { redactUrl } from '../settings/index.js';
import { version } from '../version.js';
import { type CheckpointOf, databaseState } from './database-state.js';
import { draftPath, inFolder, labelNamed, labelOf, listBackups, newName, publish } from './folder.js';
import { countBackup, identityIn } from './identity.js';
import { BackupKeys, type BackupKeysGiven, fingerprint } from './keys.js';
import { type Manifest, signManifest } from './manifest.js';
import { counted, type Measured, Meter, type OnProgress } from './meter.js';
import { writeError } from './write-error.js';

/** Options of {@link createBackup}. */
export interface CreateOptions {
  /** The folder in which the backup is stored. Created if it is missing, readable by its owner only. */
  readonly folder: string;
  /** The keys with which the backup is encrypted. */
  readonly keys: BackupKeysGiven;
  /** The label of the backup, by which the backups of one database are grouped. Default: the name in its URL. */
  readonly label?: string | undefined;
  /**
   * The signed checkpoints of the database's ledgers; the newest checkpoint of each ledger is stored in the manifest.
   */
  readonly checkpoints?: Checkpoints | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Creates an encrypted backup from a consistent snapshot of a database, which can stay in use meanwhile. No plaintext
 * of it reaches a disk, and it is listed only when it is complete.
 *
 * @param systems - the systems in the database; the manifest records their migrations, fingerprints and ledgers
 * @throws AshlarError `backup-key-missing`, `backup-key-invalid`, `backup-folder-locked`, `disk-full`,
 *   `privilege-missing`, `lock-timeout`, `database-incoming`; `usage` for a database in memory
 *
 * @example
 * const { name } = await createBackup(db.engine, [wills], { folder: 'backups', keys: { recipients: ['age1…'] } });
 */
export async function createBackup(
  engine: Engine,
  systems: readonly SystemFacts<Tables>[],
  options: CreateOptions,
): Promise<Manifest> {
  const { folder } = options;
  const keys = await BackupKeys.from(options.keys);
  return inFolder(folder, async () => {
    // committed rows are sealed first, so that the ledgers in the backup contain them
    for (const { tables } of systems) engine.register(Object.values(tables));
    await assertNotIncoming(engine);
    await engine.seal();
    const own = await countBackup(engine, await listBackups(folder));
    const label = options.label === undefined ? labelOf(engine.url) : labelNamed(options.label);
    const manifest = await engine.snapshot(async (snapshot) => {
      const at = new Date();
      const name = newName(label, at);
      const reading = databaseState(engine, snapshot, systems, newestOf(engine, options.checkpoints));
      const writing = writeCopy({
        snapshot,
        reading,
        keys,
        path: draftPath(folder, name),
        onProgress: options.onProgress,
      });
      // wait for both, also when one fails
      await Promise.allSettled([reading, writing]);
      const [state, copy] = [await reading, await writing];
      const draft = {
        format: 'ashlar/backup/v2' as const,
        name,
        label,
        identity: identityIn(snapshot, own),
        created_at: at.toISOString(),
        database: redactUrl(engine.url),
        engine: engine.label,
        ashlar: version(),
        copy: { size: copy.size, format: snapshot.format },
        file: copy.encrypted,
        keys: {
          backup: [...keys.fingerprints],
          database: snapshot.key === undefined ? null : fingerprint(snapshot.key),
        },
        database_key: snapshot.key === undefined ? null : await keys.encryptText(snapshot.key),
        ...state,
      };
      return signManifest(draft, copy.fileKey);
    });
    await publish(folder, manifest);
    return manifest;
  });
}

interface Written {
  readonly fileKey: Buffer;
  /** The size of the copy before encryption, in bytes. */
  readonly size: number;
  readonly encrypted: Measured;
}

interface CopyToWrite {
  readonly snapshot: Snapshot;
  readonly reading: Promise<unknown>;
  readonly keys: BackupKeys;
  readonly path: string;
  readonly onProgress: OnProgress | undefined;
}

const writeCopy = async ({ snapshot, reading, keys, path, onProgress }: CopyToWrite): Promise<Written> => {
  let size = 0;
  const encrypted = new Meter();
  const source = snapshot.copy(reading);
  // while a passphrase becomes a key, nothing reads the copy: an error without a reader would end the process
  source.on('error', () => undefined);
  reading.catch((error) => source.destroy(error));
  try {
    const plain = counted(source, (done) => {
      size = done;
      onProgress?.(done, snapshot.size);
    });
    const file = await keys.encrypt(plain);
    await writeNewFile(path, encrypted.measure(file.bytes)).catch((error: unknown) => {
      throw writeError(path, error);
    });
    return { fileKey: file.fileKey, size, encrypted: encrypted.measured };
  } finally {
    source.destroy();
  }
};

const newestOf =
  (engine: Engine, checkpoints: Checkpoints | undefined): CheckpointOf =>
  async (system, table) => {
    if (!checkpoints || checkpoints.verifiers.length === 0) return null;
    const kept = await keptCheckpoints({
      engine,
      system,
      table,
      origin: originOf(system, table),
      checkpoints: folderOf(checkpoints.folder, system, table),
      signer: undefined,
      verifiers: checkpoints.verifiers,
    });
    return kept.at(-1)?.note ?? null;
  };
