import { inFolder, type Listed, labelNamed, listBackups, remove } from './folder.js';
import { defaultKeepRules, type KeepRules, keptBy } from './keep-rules.js';

/** What is pruned, and how. */
export interface PruneOptions {
  readonly folder: string;
  /** Only backups of the database with this label. Default: each database's backups by themselves. */
  readonly label?: string | undefined;
  readonly keep?: Partial<KeepRules> | undefined;
  /** Only say what would be done. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** What became of a backup, and why. */
export interface Pruned {
  readonly name: string;
  readonly createdAt: string;
  readonly verifiedAt: string | undefined;
  readonly verdict: 'kept' | 'removed';
  readonly why: readonly string[];
}

/**
 * Removes the backups of a database that no rule keeps. The newest verified one always stays, and so does one that cannot be
 * read: it is no backup, and somebody must look at it.
 *
 * @returns each backup that was decided about, newest first
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

const decide = (listed: readonly Listed[], { label, keep }: PruneOptions): readonly Pruned[] => {
  const rules: KeepRules = { ...defaultKeepRules, ...keep };
  const sound = listed.filter(({ problem }) => problem === undefined);
  const wanted = label === undefined ? undefined : labelNamed(label);
  const databases = new Map<string, Listed[]>();
  for (const one of sound) {
    const { manifest } = one;
    if (!manifest || (wanted !== undefined && manifest.label !== wanted)) continue;
    // files of one name may be different databases
    const whose = `${manifest.label} ${manifest.database}`;
    databases.set(whose, [...(databases.get(whose) ?? []), one]);
  }
  return [...databases.values()]
    .flatMap((each) => decideOne(each, rules))
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
};

const decideOne = (listed: readonly Listed[], rules: KeepRules): readonly Pruned[] => {
  const aged = listed.flatMap(({ name, manifest, verifiedAt }) =>
    manifest ? [{ name, createdAt: manifest.created_at, verifiedAt }] : [],
  );
  const verdicts = keptBy(aged, rules);
  return aged.map((one) => {
    const why = verdicts.get(one.name) ?? [];
    return why.length > 0
      ? { ...one, verdict: 'kept', why }
      : { ...one, verdict: 'removed', why: ['no rule keeps it'] };
  });
};
