import { inFolder, type ListedBackup, labelNamed, listBackups, remove } from './folder.js';
import { type DatedBackup as Aged, defaultKeepRules, type KeepRules, keptBy } from './keep-rules.js';
import type { Manifest } from './manifest.js';

/** Options of {@link pruneBackups}. */
export interface PruneOptions {
  readonly folder: string;
  /** Prune only the backups with this label. Default: all; the rules apply to each database and label separately. */
  readonly label?: string | undefined;
  readonly keep?: Partial<KeepRules> | undefined;
  /** Whether to report the backups that would be removed, without removing them. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** A backup that prune kept or removed, with the reasons. */
export interface Pruned {
  readonly name: string;
  readonly createdAt: string;
  readonly verifiedAt: string | undefined;
  readonly verdict: 'kept' | 'removed';
  readonly why: readonly string[];
}

/**
 * Removes the backups that no keep rule keeps. The newest verified one of each database always stays. A database is known by its
 * identity, never by its URL: a backup of an earlier release has none, and stays. So do a backup whose time is in the future,
 * and one that cannot be read: the operator must look at them.
 *
 * @returns each readable backup, newest first
 * @throws AshlarError `backup-folder-locked`, `privilege-missing`; `usage` for a label without a letter or digit
 */
export function pruneBackups(options: PruneOptions): Promise<readonly Pruned[]> {
  const { folder, dryRun = false } = options;
  const decideNow = async () => decide(await listBackups(folder), options);
  if (dryRun) return decideNow();
  return inFolder(folder, async () => {
    const decided = await decideNow();
    for (const { name, verdict } of decided) if (verdict === 'removed') await remove(folder, name);
    return decided;
  });
}

const decide = (listed: readonly ListedBackup[], { label, keep }: PruneOptions): readonly Pruned[] => {
  const rules: KeepRules = { ...defaultKeepRules, ...keep };
  const sound = listed.filter(({ problem }) => problem === undefined);
  const wanted = label === undefined ? undefined : labelNamed(label);
  const unknown: Aged[] = [];
  const databases = new Map<string, Aged[]>();
  for (const { name, manifest, verifiedAt } of sound) {
    if (!manifest || (wanted !== undefined && manifest.label !== wanted)) continue;
    const aged = { name, createdAt: manifest.created_at, verifiedAt };
    const database = databaseOf(manifest);
    if (database === undefined) unknown.push(aged);
    else databases.set(database, [...(databases.get(database) ?? []), aged]);
  }
  return [
    ...unknown.map((one): Pruned => ({ ...one, verdict: 'kept', why: [ofNoDatabase] })),
    ...[...databases.values()].flatMap((each) => decideOne(each, rules)),
  ].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
};

const ofNoDatabase = 'an earlier release made it: it does not say of which database it is';

/** The backups that count together; `undefined` for a backup of an earlier release. */
const databaseOf = ({ label, identity }: Manifest): string | undefined =>
  identity && `${label} ${identity.database} ${identity.place}`;

const decideOne = (aged: readonly Aged[], rules: KeepRules): readonly Pruned[] => {
  const reasons = keptBy(aged, rules);
  return aged.map((one) => {
    const why = reasons.get(one.name) ?? [];
    return why.length > 0
      ? { ...one, verdict: 'kept', why }
      : { ...one, verdict: 'removed', why: ['no rule keeps it'] };
  });
};
