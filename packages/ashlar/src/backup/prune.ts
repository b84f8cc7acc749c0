import { inFolder, type ListedBackup, labelNamed, listBackups, remove } from './folder.js';
import { type DatedBackup, defaultKeepRules, type KeepRules, keptBy } from './keep-rules.js';
import { endsOf } from './lineage.js';
import type { DatabaseIdentity, Manifest } from './manifest.js';

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
 * Removes the backups that no keep rule keeps. The newest verified one of each database always stays, and of each earlier file or
 * schema of a database the newest one as well. A database is known by the identity and the history that it keeps, never by its URL
 * (decision 0039): a backup without them stays, and so do those of two databases with one identity. So do a backup whose time is in
 * the future, and one that cannot be read: the operator must look at them.
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
  const unknown: Pruned[] = [];
  const databases = new Map<string, Aged[]>();
  for (const { name, manifest, verifiedAt } of sound) {
    if (!manifest || (wanted !== undefined && manifest.label !== wanted)) continue;
    const aged = { name, createdAt: manifest.created_at, verifiedAt };
    const { identity } = manifest;
    const why = whyUnknown(identity);
    if (identity === undefined || why !== undefined)
      unknown.push({ ...aged, verdict: 'kept', why: [why ?? ofNoDatabase] });
    else {
      const database = `${manifest.label} ${identity.database} ${identity.place}`;
      databases.set(database, [...(databases.get(database) ?? []), { ...aged, identity }]);
    }
  }
  return [...unknown, ...[...databases.values()].flatMap((each) => decideOne(each, rules))].sort((a, b) =>
    a.createdAt < b.createdAt ? 1 : -1,
  );
};

type Aged = DatedBackup & { readonly identity: DatabaseIdentity };

const ofNoDatabase = 'an earlier release made it: it does not say of which database it is';
const ofTwo =
  'two databases have its identity, since one is a copy of the other: back up both into one folder, and remove by hand what is not needed';

/** Why no rule may remove a backup: it is not known of which database it is. */
const whyUnknown = (identity: Manifest['identity']): string | undefined => {
  if (identity === undefined) return ofNoDatabase;
  if (identity.database === null) return 'its database has no identity yet: run `ashlar up`';
  if (identity.number === null) return 'it could not be counted in its database, which could not be written';
};

const decideOne = (aged: readonly Aged[], rules: KeepRules): readonly Pruned[] => {
  const reasons = reasonsOf(aged, rules);
  return aged.map(({ name, createdAt, verifiedAt }) => {
    const why = reasons(name);
    return why.length > 0
      ? { name, createdAt, verifiedAt, verdict: 'kept', why }
      : { name, createdAt, verifiedAt, verdict: 'removed', why: ['no rule keeps it'] };
  });
};

const reasonsOf = (aged: readonly Aged[], rules: KeepRules): ((name: string) => readonly string[]) => {
  const ends = new Set(endsOf(aged.map(({ identity }) => identity)));
  if (ends.size > 1) return () => [ofTwo];
  const byRules = keptBy(aged, rules);
  const now = aged.find(({ identity }) => ends.has(identity))?.identity.incarnation;
  const before = new Set(aged.map(({ identity }) => identity.incarnation).filter((each) => each !== now));
  const floors = [...before].map((each) =>
    keptBy(
      aged.filter(({ identity }) => identity.incarnation === each),
      { ...none, last: 1 },
    ),
  );
  return (name) => {
    const why = byRules.get(name) ?? [];
    const isFloor = floors.some((floor) => (floor.get(name) ?? []).length > 0);
    return why.length === 0 && isFloor ? ['newest of an earlier file or schema of the database'] : why;
  };
};

const none: KeepRules = { last: 0, daily: 0, weekly: 0, monthly: 0 };
