import { AshlarError } from '../errors.js';
import { inFolder, type ListedBackup, labelNamed, listBackups, remove } from './folder.js';
import {
  type DatedBackup,
  defaultKeepRules,
  inOrder,
  type KeepReasons,
  type KeepRules,
  keptBy,
} from './keep-rules.js';
import { endsOf } from './lineage.js';
import type { Manifest } from './manifest.js';

/** Options of {@link pruneBackups}. */
export interface PruneOptions {
  readonly folder: string;
  /** Prune only the backups with this label. Default: all; the rules apply to each database and label separately. */
  readonly label?: string | undefined;
  readonly keep?: Partial<KeepRules> | undefined;
  /**
   * Whether the rules also remove the backups with the label that their database has not counted: those of an earlier release, of a
   * standby, of a role that may only read. All of them must be of one database, which only the caller knows. Default false.
   */
  readonly uncounted?: boolean | undefined;
  /** Whether to report the backups that would be removed, without removing them. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** A backup that prune kept or removed, with the reasons. */
export interface Pruned {
  readonly name: string;
  readonly createdAt: string;
  readonly verifiedAt: string | undefined;
  /** The size of its encrypted file. */
  readonly bytes: number;
  /** Whether its database has counted it: no rule removes another one, unless `uncounted` is set. */
  readonly isCounted: boolean;
  readonly verdict: 'kept' | 'removed';
  readonly why: readonly string[];
}

/**
 * Removes the backups that no keep rule keeps. The newest verified one of each database always stays, and of each earlier file or
 * schema of a database, and of each system that is no longer backed up from it, the newest one as well. A database is known by the
 * identity and the history that it keeps, never by its URL (decision 0039): a backup without them stays, and so do those of two
 * databases with one identity. So do a backup whose time is in the future, and one that cannot be read: the operator must look at them.
 *
 * @returns each readable backup, newest first
 * @throws AshlarError `backup-folder-locked`, `privilege-missing`; `usage` for a label without a letter or digit, and for `uncounted`
 *   without a label
 */
export async function pruneBackups(options: PruneOptions): Promise<readonly Pruned[]> {
  const { folder, label, uncounted = false, dryRun = false } = options;
  if (uncounted && label === undefined)
    throw new AshlarError('usage', {
      message: 'Backups that their database has not counted are pruned by their label.',
      detail: 'Without one, the rules for one database would remove backups of another.',
      suggestion: 'Give the label that only this database has: --label NAME.',
    });
  const decideNow = async () => decide(await listBackups(folder), options);
  if (dryRun) return decideNow();
  return inFolder(folder, async () => {
    const decided = await decideNow();
    for (const { name, verdict } of decided) if (verdict === 'removed') await remove(folder, name);
    return decided;
  });
}

const decide = (
  listed: readonly ListedBackup[],
  { label, keep, uncounted = false }: PruneOptions,
): readonly Pruned[] => {
  const rules: KeepRules = { ...defaultKeepRules, ...keep };
  const sound = listed.filter(({ problem }) => problem === undefined);
  const wanted = label === undefined ? undefined : labelNamed(label);
  const unknown: Aged[] = [];
  const databases = new Map<string, readonly Aged[]>();
  for (const { name, manifest, verifiedAt } of sound) {
    if (!manifest || (wanted !== undefined && manifest.label !== wanted)) continue;
    const { created_at: createdAt, identity, file, systems } = manifest;
    const number = identity?.number;
    const names = systems.map((system) => system.name);
    const aged = { name, createdAt, verifiedAt, bytes: file.size, number, identity, systems: names };
    if (whyUnknown(identity) === undefined) {
      const database = `${manifest.label} ${identity?.database} ${identity?.place}`;
      databases.set(database, [...(databases.get(database) ?? []), aged]);
    } else unknown.push(aged);
  }
  const known = [...databases.values()];
  // with several databases of the label, it is not known of which one they are
  const together = known.length > 1 ? [unknown, ...known] : [[...unknown, ...known.flat()]];
  const groups = uncounted ? together : known;
  return [
    ...(uncounted ? [] : unknown.map((aged) => prunedOf(aged, [whyUnknown(aged.identity) ?? '']))),
    ...groups.flatMap((each) => decideOne(each, rules)),
  ].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
};

interface Aged extends DatedBackup {
  readonly bytes: number;
  readonly identity: Manifest['identity'];
  /** The names of the systems whose tables it records. */
  readonly systems: readonly string[];
}

const ofNoDatabase = 'an earlier release made it: it does not say of which database it is';
const ofTwo =
  'two databases have its identity, since one is a copy of the other: back up both into one folder, and remove by hand what is not needed';

/** Why no rule may remove a backup: it is not known of which database it is. */
const whyUnknown = (identity: Manifest['identity']): string | undefined => {
  if (identity === undefined) return ofNoDatabase;
  if (identity.database === null) return 'its database has no identity yet: run `ashlar up`';
  if (identity.number === null) return 'it could not be counted in its database, which could not be written';
};

const prunedOf = (
  { name, createdAt, verifiedAt, bytes, identity }: Aged,
  why: readonly string[],
): Pruned => ({
  name,
  createdAt,
  verifiedAt,
  bytes,
  isCounted: whyUnknown(identity) === undefined,
  verdict: why.length > 0 ? 'kept' : 'removed',
  why: why.length > 0 ? why : ['no rule keeps it'],
});

const decideOne = (aged: readonly Aged[], rules: KeepRules): readonly Pruned[] => {
  const reasons = reasonsOf(aged, rules);
  return aged.map((one) => prunedOf(one, reasons(one.name)));
};

const reasonsOf = (aged: readonly Aged[], rules: KeepRules): ((name: string) => readonly string[]) => {
  const counted = aged.filter(({ identity }) => whyUnknown(identity) === undefined);
  const ends = new Set(endsOf(counted.flatMap(({ identity }) => identity ?? [])));
  if (ends.size > 1) return () => [ofTwo];
  const end = counted.find(({ identity }) => identity && ends.has(identity)) ?? inOrder(aged).at(-1);
  const byRules = keptBy(aged, rules);
  const floors = [
    ...newestOfEach(counted, ({ identity }) => (identity ? [identity.incarnation] : []), end).map(
      ([, floor]) => [floor, 'newest of an earlier file or schema of the database'] as const,
    ),
    ...newestOfEach(aged, ({ systems }) => systems, end).map(
      ([name, floor]) => [floor, `newest with the system ${name}`] as const,
    ),
  ];
  return (name) => {
    const why = byRules.get(name) ?? [];
    if (why.length > 0) return why;
    return floors.flatMap(([floor, reason]) => (floor.get(name)?.length ? [reason] : []));
  };
};

/** Of each value that the last backup does not have, which backups must stay. */
const newestOfEach = (
  aged: readonly Aged[],
  valuesOf: (one: Aged) => readonly string[],
  end: Aged | undefined,
): readonly (readonly [value: string, kept: KeepReasons])[] => {
  const present = new Set(end && valuesOf(end));
  const values = new Set(aged.flatMap(valuesOf).filter((value) => !present.has(value)));
  return [...values].map((value) => [
    value,
    keptBy(
      aged.filter((one) => valuesOf(one).includes(value)),
      { ...none, last: 1 },
    ),
  ]);
};

const none: KeepRules = { last: 0, daily: 0, weekly: 0, monthly: 0 };
