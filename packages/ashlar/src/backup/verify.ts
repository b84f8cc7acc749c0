import type { Engine } from '../contract/engine.js';
import type { OpenOptions } from '../contract/open-options.js';
import type { SystemFacts } from '../contract/system.js';
import { copiesOf } from '../engines/open.js';
import type { Tables } from '../model/index.js';
import type { ProveReport } from '../prove/index.js';
import { assertContinued, checkCopy, type LedgerRelation, provenAs, relationsOf } from './check.js';
import { noteVerified } from './folder.js';
import type { Manifest } from './manifest.js';
import { type OpenBackupOptions, openBackup } from './open-backup.js';

/** How a backup is verified. */
export interface VerifyBackupOptions extends OpenBackupOptions {
  /**
   * A server on which a database may be made for the time of the verification; other engines need none. Default: that of
   * the backup, as its user may connect without a password.
   */
  readonly at?: OpenOptions | undefined;
  /** The database as it is now, to compare ledgers with. */
  readonly live?: Engine | undefined;
}

/** What a verification found; it rejects where something is wrong. */
export interface BackupVerification {
  readonly manifest: Manifest;
  readonly reports: readonly ProveReport[];
  /** How its ledgers stand to the live ones; `undefined` without a live database. */
  readonly ledgers: readonly LedgerRelation[] | undefined;
  /** When; ISO 8601. */
  readonly verifiedAt: string;
  /** Why it could not be noted beside the backup, where the folder cannot be written to; it is not kept for it then. */
  readonly notNoted: string | undefined;
}

/**
 * Restores a backup into a throwaway engine and looks whether it is what its manifest says: every byte of both files, row
 * counts, schema, migrations and ledgers; then attacks every guarantee, and compares its ledgers with what was signed and
 * with the live database. That it was verified is noted beside it.
 *
 * @param file - the backup's name, or the path of one of its files
 * @param systems - at least those that it tells of
 * @throws AshlarError `backup-missing`, `backup-damaged`, `backup-manifest-mismatch`, `backup-key-missing`,
 *   `backup-key-wrong`, `database-corrupt`, `guarantee-broken`, `ledger-conflict` where a history was rewound, has
 *   forked, or is not there; `usage`
 */
export const verifyBackup = async (
  file: string,
  systems: readonly SystemFacts<Tables>[],
  options: VerifyBackupOptions,
): Promise<BackupVerification> => {
  const { live, checkpoints, onStep } = options;
  const roles = provenAs(options.roles);
  const { folder, manifest, copy } = await openBackup(file, options);
  const request = { manifest, systems, checkpoints, roles, onStep };
  try {
    const copies = await copiesOf(manifest.database);
    const { at: given = { url: manifest.database } } = options;
    // another kind of engine has nothing to offer
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
    // one that the live database has fallen behind is all the more worth keeping
    const isForked = ledgers?.some(({ relation }) => relation === 'forked');
    const notNoted = isForked ? undefined : await tryNote(folder, manifest, now);
    if (ledgers) assertContinued(ledgers);
    return { manifest, reports, ledgers, verifiedAt: now.toISOString(), notNoted };
  } finally {
    copy.bytes.destroy();
  }
};

// it holds all the same: the folder may be one that can only be read
const tryNote = async (folder: string, manifest: Manifest, at: Date): Promise<string | undefined> => {
  try {
    await noteVerified(folder, manifest, at);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
