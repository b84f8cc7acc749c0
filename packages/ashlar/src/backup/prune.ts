import { inFolder, type ListedBackup, labelNamed, listBackups, remove } from './folder.js';
import { defaultKeepRules, type KeepRules, keptBy } from './keep-rules.js';

/** Options of {@link pruneBackups}. */
export interface PruneOptions {
  readonly folder: string;
  /** Prune only the backups with this label. Default: all; the rules apply to each database separately. */
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
 * Removes the backups that no keep rule keeps. The newest verified one of each database always stays. A backup that
 * cannot be read stays too: the operator must look at it.
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
  const databases = new Map<string, ListedBackup[]>();
  for (const one of sound) {
    const { manifest } = one;
    if (!manifest || (wanted !== undefined && manifest.label !== wanted)) continue;
    // different databases can have one label
    const database = `${manifest.label} ${manifest.database}`;
    databases.set(database, [...(databases.get(database) ?? []), one]);
  }
  return [...databases.values()]
    .flatMap((each) => decideOne(each, rules))
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
};

const decideOne = (listed: readonly ListedBackup[], rules: KeepRules): readonly Pruned[] => {
  const aged = listed.flatMap(({ name, manifest, verifiedAt }) =>
    manifest ? [{ name, createdAt: manifest.created_at, verifiedAt }] : [],
  );
  const reasons = keptBy(aged, rules);
  return aged.map((one) => {
    const why = reasons.get(one.name) ?? [];
    return why.length > 0
      ? { ...one, verdict: 'kept', why }
      : { ...one, verdict: 'removed', why: ['no rule keeps it'] };
  });
};
