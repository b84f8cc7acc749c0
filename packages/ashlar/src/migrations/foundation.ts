import type { Foundation, FoundationVersion, SqlDialect } from '../contract/dialect.js';
import type { Owner } from '../contract/owner.js';
import { AshlarError } from '../errors.js';
import { literal } from '../model/index.js';
import { type AppliedStep, readHistory, recordRowSql } from './history.js';
import { historySql } from './history-sql.js';
import { databaseIncoming, incomingRow } from './incoming.js';
import { ownSystem } from './own-system.js';

/** The version of Ashlar's own objects in a database, and the lowest version whose packages can use it. */
export interface FoundationState {
  readonly version: number;
  readonly oldest: number;
  /** Whether a move into the database has not ended. */
  readonly incoming: boolean;
}

/** The objects of a database from before versions were recorded. */
const first = { version: 1, oldest: 1 };

/** Returns the last version that a release knows. */
export function packageVersion({ foundationVersions }: Pick<Foundation, 'foundationVersions'>): number {
  return foundationVersions.at(-1)?.version ?? first.version;
}

/** Returns the version of Ashlar's own objects in a database from the rows of its history. */
export function foundationState(
  rows: readonly Pick<AppliedStep, 'system' | 'step' | 'checksum'>[],
): FoundationState {
  const own = rows.filter(({ system }) => system === ownSystem);
  const versions = own.filter(({ step }) => step !== incomingRow.step);
  const state = versions
    .map(({ step, checksum }) => {
      const version = Number.parseInt(step, 10) || first.version;
      // where the record cannot be read, only the releases that made the version are known to work
      const oldest = /^oldest:(\d+)$/.exec(checksum)?.[1];
      return { version, oldest: oldest === undefined ? version : Number(oldest) };
    })
    .reduce(
      (a, b) => ({ version: Math.max(a.version, b.version), oldest: Math.max(a.oldest, b.oldest) }),
      first,
    );
  return { ...state, incoming: versions.length < own.length };
}

/** Reads the version of Ashlar's own objects in a database that has a history. */
export async function readFoundation(owner: Pick<Owner, 'run'>): Promise<FoundationState> {
  const rows = await owner.run(
    `SELECT step, checksum FROM ashlar_migrations WHERE system = ${literal(ownSystem)}`,
  );
  return foundationState(
    rows.map(({ step, checksum }) => ({ system: ownSystem, step: String(step), checksum: String(checksum) })),
  );
}

/**
 * Returns what is wrong with the records of versions: a version that this release does not know, one that was recorded in
 * another way, or one that lacks although a later one is recorded. A person who can write the records could otherwise say which
 * release they are to be judged by.
 *
 * @returns one line for each record
 */
export function recordProblems(
  rows: readonly Pick<AppliedStep, 'system' | 'step' | 'checksum'>[],
  foundation: Pick<Foundation, 'foundationVersions'>,
): readonly string[] {
  const recorded = new Map(
    rows
      .filter(({ system, step }) => system === ownSystem && step !== incomingRow.step)
      .map(({ step, checksum }) => [step, checksum]),
  );
  const { version } = foundationState(rows);
  const known = foundation.foundationVersions.map((each) => ({
    name: versionName(each),
    checksum: checksumOf(each),
    isExpected: each.version < version,
  }));
  return [
    ...[...recorded.keys()]
      .filter((step) => !known.some(({ name }) => name === step))
      .map(
        (step) =>
          `Ashlar’s own objects are recorded as version ${step}, which this release does not know (its last one is ${packageVersion(foundation)}): they are compared with its own; \`prove\` of the release that made the version judges them`,
      ),
    ...known.flatMap(({ name, checksum, isExpected }) => {
      const found = recorded.get(name);
      if (found === undefined)
        return isExpected ? [`the history does not record the version ${name} of Ashlar’s own objects`] : [];
      return found === checksum
        ? []
        : [`the record of the version ${name} of Ashlar’s own objects was changed: ${found}`];
    }),
  ];
}

const checksumOf = ({ oldest }: FoundationVersion): string => `oldest:${oldest}`;

/** Returns the versions that a database lacks, in the order in which they apply. */
export function pendingVersions(
  state: FoundationState,
  { foundationVersions }: Pick<Foundation, 'foundationVersions'>,
): readonly FoundationVersion[] {
  return foundationVersions.filter(({ version }) => version > state.version);
}

/** Returns the name under which the history and `status` show a version: `0002_name`. */
export function versionName({ version, name }: FoundationVersion): string {
  return `${String(version).padStart(4, '0')}_${name}`;
}

/**
 * Throws if a newer release changed a database so that this release cannot use it, or if a move into it has not ended.
 *
 * @throws AshlarError `database-newer`, `database-incoming`
 */
export function assertUsable(
  { version, oldest, incoming }: FoundationState,
  foundation: Pick<Foundation, 'foundationVersions' | 'allowsIncoming'>,
): void {
  if (incoming && !foundation.allowsIncoming) throw databaseIncoming();
  const known = packageVersion(foundation);
  if (oldest <= known) return;
  throw new AshlarError('database-newer', {
    message: 'A newer release of Ashlar upgraded this database, and this release cannot use it.',
    detail: `Ashlar’s own objects in the database have version ${version}, which works with releases that know version ${oldest} or a later one. This release knows version ${known}. Nothing was changed.`,
    suggestion: 'Install the release of Ashlar that upgraded the database, or a newer one.',
    facts: { foundation: { database: version, oldest, package: known } },
  });
}

/**
 * Throws if a newer release changed the database of a connection so that this release cannot use it, or if a move into it
 * has not ended.
 *
 * @throws AshlarError `database-newer`, `database-incoming`
 */
export async function assertDatabaseUsable(
  owner: Owner,
  dialect: SqlDialect,
  foundation: Pick<Foundation, 'foundationVersions' | 'allowsIncoming'> = dialect,
): Promise<void> {
  assertUsable(foundationState(await readHistory(owner, dialect)), foundation);
}

/** Returns the statement that records a version in the history. */
export function versionSql(
  dialect: Pick<SqlDialect, 'now'>,
  version: FoundationVersion,
  actor: string,
  milliseconds: number,
): string {
  return recordRowSql(dialect, {
    system: ownSystem,
    step: versionName(version),
    checksum: checksumOf(version),
    actor,
    milliseconds,
  });
}

/** An upgrade of Ashlar's own objects in a database. */
export interface Upgrade {
  readonly owner: Owner;
  readonly dialect: SqlDialect;
  readonly foundation: Pick<Foundation, 'foundationVersions' | 'allowsIncoming'>;
  readonly actor: string;
  /** How a transaction waits for locks. */
  readonly limit: { lockTimeout?: number };
  /** Grants and revokes rights in the transaction of a version: by default, the application may write to new tables. */
  readonly grant: () => Promise<unknown>;
}

/** A version of Ashlar's own objects that `up` applied. */
export interface AppliedVersion {
  readonly version: string;
  readonly duration_ms: number;
}

/**
 * Applies the given versions that the database still lacks, each in a transaction that also records it. A crash leaves
 * the objects of the version before.
 *
 * @throws AshlarError `database-newer`, `lock-timeout`, and what a statement throws
 */
export async function upgradeFoundation(
  { owner, dialect, foundation, actor, limit, grant }: Upgrade,
  pending: readonly FoundationVersion[],
): Promise<AppliedVersion[]> {
  const done: AppliedVersion[] = [];
  for (const version of pending) {
    const started = performance.now();
    const applied = await owner.atomically(async () => {
      // a new database begins with the objects of the last version
      if ((await owner.run(historySql[dialect.name].exists)).length === 0) return undefined;
      // another process may have upgraded the database since the plan was made
      const state = await readFoundation(owner);
      assertUsable(state, foundation);
      if (state.version >= version.version) return undefined;
      for (const statement of version.change) await owner.script(statement);
      const duration = performance.now() - started;
      await owner.script(versionSql(dialect, version, actor, duration));
      await grant();
      return { version: versionName(version), duration_ms: Math.round(duration) };
    }, limit);
    if (applied) done.push(applied);
  }
  return done;
}
