import type { Engine } from '../contract/engine.js';
import type { OpenOptions } from '../contract/open-options.js';
import type { SystemFacts } from '../contract/system.js';
import { copiesOf } from '../engines/open.js';
import type { Tables } from '../model/index.js';
import type { ProveReport } from '../prove/report.js';
import { assertContinued, checkCopy, type LedgerRelation, provenAs, relationsOf } from './check.js';
import { noteVerified } from './folder.js';
import type { Manifest } from './manifest.js';
import { type OpenBackupOptions, withBackup } from './open-backup.js';

/** Options of {@link verifyBackup}. */
export interface VerifyBackupOptions extends OpenBackupOptions {
  /**
   * The URL of the server on which a temporary database is created; needed only on PostgreSQL. Default: the server of
   * the backup, without a password.
   */
  readonly at?: OpenOptions | undefined;
  /** The live database, whose ledgers are compared with those of the backup. */
  readonly live?: Engine | undefined;
}

/** The result of a successful verification of a backup. */
export interface BackupVerification {
  readonly manifest: Manifest;
  readonly reports: readonly ProveReport[];
  /**
   * How each ledger in the backup relates to the same ledger in the live database; `undefined` if no live database
   * was given.
   */
  readonly ledgers: readonly LedgerRelation[] | undefined;
  /** The time at which the backup was verified (ISO 8601). */
  readonly verifiedAt: string;
  /**
   * The reason why the verification could not be recorded in the folder of backups, for example because it is
   * read-only. Prune then treats the backup as not verified.
   */
  readonly notNoted: string | undefined;
}

/**
 * Restores a backup into a temporary database and compares it with the manifest: the bytes of the files, row counts,
 * schema, migrations and ledgers. Then attacks every guarantee, and compares the ledgers with the signed checkpoints
 * and with the live database. Records the verification next to the backup.
 *
 * @param file - the backup's name, or the path of one of its files
 * @param systems - at least the systems in the backup
 * @throws AshlarError `backup-missing`, `backup-damaged`, `backup-manifest-mismatch`, `backup-key-missing`,
 *   `backup-key-wrong`, `database-corrupt`, `guarantee-broken`, `ledger-conflict` if a live ledger was rewound,
 *   has forked, or is missing; `usage`, `disk-full`, `privilege-missing`, `file-failed`
 */
export async function verifyBackup(
  file: string,
  systems: readonly SystemFacts<Tables>[],
  options: VerifyBackupOptions,
): Promise<BackupVerification> {
  const { live, checkpoints, onStep } = options;
  const roles = provenAs(options.roles);
  return withBackup(file, options, async ({ folder, manifest, copy }) => {
    const request = { manifest, systems, checkpoints, roles, onStep };
    const copies = await copiesOf(manifest.database);
    const { at: given = { url: manifest.database } } = options;
    // a server of another kind cannot restore the copy
    const at = (await copiesOf(given.url)) === copies ? given : { url: manifest.database };
    const { reports, ledgers } = await copies.examine(
      { ...at, appRole: roles.app },
      copy,
      async (engine) => ({
        reports: await checkCopy(engine, request),
        ledgers: live && (await relationsOf(engine, live, request)),
      }),
    );
    const now = new Date();
    // a backup with entries that the live ledger has lost is worth keeping
    const isForked = ledgers?.some(({ relation }) => relation === 'forked');
    const notNoted = isForked ? undefined : await tryNote(folder, manifest, now);
    if (ledgers) assertContinued(ledgers);
    return { manifest, reports, ledgers, verifiedAt: now.toISOString(), notNoted };
  });
}

// the verification is valid all the same: the folder may be read-only
const tryNote = async (folder: string, manifest: Manifest, at: Date): Promise<string | undefined> => {
  try {
    await noteVerified(folder, manifest, at);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
