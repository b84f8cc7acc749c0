import type { OpenOptions } from '../contract/open-options.js';
import type { SystemFacts } from '../contract/system.js';
import { copiesOf, openEngine } from '../engines/open.js';
import type { Tables } from '../model/index.js';
import type { ProveReport } from '../prove/index.js';
import { applyRoles, type Roles } from '../roles/index.js';
import { checkCopy, provenAs, systemsOf } from './check.js';
import type { Manifest } from './manifest.js';
import { type OpenBackupOptions, openBackup } from './open-backup.js';

/** How a backup is restored. */
export interface RestoreOptions extends OpenBackupOptions {
  /** Where to, and under which key it is opened there from now on. */
  readonly to: OpenOptions;
  /** What is there may be replaced. Default false. */
  readonly replace?: boolean | undefined;
}

/** What was restored. */
export interface Restored {
  readonly manifest: Manifest;
  readonly reports: readonly ProveReport[];
}

/**
 * Puts a backup in the place of a database. It is written beside what is there and checked like a verification does, and
 * only then, in one step, becomes the database; whatever goes wrong before leaves the place as it was.
 *
 * @param given - the backup's name, or the path of one of its files
 * @param systems - at least those that it tells of
 * @throws AshlarError `restore-target-not-empty`, `database-locked` where the target is in use, `copy-unfit` for another
 *   kind of engine, and what {@link verifyBackup} throws
 */
export const restoreBackup = async (
  given: string,
  systems: readonly SystemFacts<Tables>[],
  options: RestoreOptions,
): Promise<Restored> => {
  const { to, replace = false, checkpoints, roles, onStep } = options;
  const copies = await copiesOf(to.url);
  const { manifest, copy } = await openBackup(given, options);
  const proving = provenAs(roles);
  try {
    let reports: readonly ProveReport[] = [];
    let hasRoles = false;
    await copies.put({ ...to, appRole: proving.app }, copy, {
      replace,
      check: async (engine) => {
        hasRoles = engine.dialect.roles !== undefined;
        reports = await checkCopy(engine, { manifest, systems, checkpoints, roles: proving, onStep });
      },
    });
    if (hasRoles) await grant(to, systemsOf(manifest, systems), roles);
    return { manifest, reports };
  } finally {
    copy.bytes.destroy();
  }
};

// rights are no part of a copy, and what was checked may have been brought here from another place
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
