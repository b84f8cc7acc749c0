import type { OpenOptions } from '../contract/open-options.js';
import type { Roles } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import { copiesOf, openEngine } from '../engines/open.js';
import type { AshlarError } from '../errors.js';
import type { Tables } from '../model/index.js';
import type { ProveReport } from '../prove/report.js';
import { applyRoles } from '../roles/roles.js';
import { checkCopy, provenAs, systemsOf } from './check.js';
import { identityAt, passOnIdentity } from './identity.js';
import { hasCounted } from './lineage.js';
import type { Manifest } from './manifest.js';
import { type OpenBackupOptions, withBackup } from './open-backup.js';

/** Options of {@link restoreBackup}. */
export interface RestoreOptions extends OpenBackupOptions {
  /** The URL of the restored database, and the key that encrypts it from now on. */
  readonly to: OpenOptions;
  /** Whether a database that already exists at the target may be replaced. Default false. */
  readonly replace?: boolean | undefined;
  /**
   * Whether to restore a database that does not verify: its rows, guarantees or ledgers differ from what the backup, the
   * declarations or the signed checkpoints say. `failures` of the result says what is wrong. The backup's own files must be
   * intact all the same. Default false.
   */
  readonly evenIfUnverified?: boolean | undefined;
}

/**
 * The result of a restoration: the manifest of the backup, and the reports on the guarantees of the restored systems.
 */
export interface Restored {
  readonly manifest: Manifest;
  readonly reports: readonly ProveReport[];
  /** What does not verify, one error for each failed check; empty unless `evenIfUnverified` was set. */
  readonly failures: readonly AshlarError[];
}

/**
 * Restores a backup into a new database, or replaces an existing database by it. The copy is written next to the
 * target, checked as {@link verifyBackup} does, and then becomes the database in one step. A failure before that step
 * leaves the target unchanged. The database keeps the identity of the one that it replaces, where that one has made the
 * backup; otherwise it gets another one than that of the backup, so that keep rules count the two apart.
 *
 * @param given - the backup's name, or the path of one of its files
 * @param systems - at least the systems in the backup
 * @throws AshlarError `restore-target-not-empty`, `database-locked` if the target is in use, `copy-unfit` for another
 *   kind of engine; the errors of {@link verifyBackup}
 */
export async function restoreBackup(
  given: string,
  systems: readonly SystemFacts<Tables>[],
  options: RestoreOptions,
): Promise<Restored> {
  const { to, replace = false, evenIfUnverified = false, checkpoints, roles, onStep } = options;
  const copies = await copiesOf(to.url);
  const proving = provenAs(roles);
  return withBackup(given, options, async ({ manifest, copy }) => {
    let reports: readonly ProveReport[] = [];
    let hasRoles = false;
    const failures: AshlarError[] = [];
    const replaced = replace ? await identityAt(to) : undefined;
    // another database in its place must not have its backups removed
    const isItsPast = replaced && manifest.identity && hasCounted(replaced, manifest.identity);
    await copies.put({ ...to, appRole: proving.app }, copy, {
      replace,
      check: async (engine) => {
        hasRoles = engine.dialect.roles !== undefined;
        reports = await checkCopy(
          engine,
          { manifest, systems, checkpoints, roles: proving, onStep },
          evenIfUnverified ? (error) => failures.push(error) : undefined,
        );
        await passOnIdentity(engine, isItsPast ? replaced : undefined);
      },
    });
    if (hasRoles) await grant(to, systemsOf(manifest, systems), roles);
    return { manifest, reports, failures };
  });
}

// rights are not part of a copy, and the copy may have been checked in another database
const grant = async (
  to: OpenOptions,
  systems: readonly SystemFacts<Tables>[],
  roles: Roles | undefined,
): Promise<void> => {
  const engine = await openEngine({ ...to, create: false });
  try {
    for (const system of systems) await applyRoles(engine, system, roles);
  } finally {
    await engine.close();
  }
};
