import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import type { TableFacts } from '../contract/table.js';
import { AshlarError } from '../errors.js';
import { ledgersOf, originOf } from '../ledger/database/checkpoints.js';
import { withLedger } from '../ledger/database/ledgers.js';
import type { Tables } from '../model/index.js';
import { redactUrl } from '../settings/index.js';
import { headOf } from './database-state.js';
import { type ListedBackup, labelOf, listBackups } from './folder.js';
import { readIdentity } from './identity.js';
import { isInFuture } from './keep-rules.js';
import { hasCounted, type Lineage } from './lineage.js';
import type { Manifest } from './manifest.js';

/** The name of a backup, with the times at which it was created and last verified. */
export interface BackupSummary {
  readonly name: string;
  /** The time at which the backup was created (ISO 8601). */
  readonly created_at: string;
  readonly verified_at: string | null;
}

/** The data that would be lost if the last backup were restored now. */
export interface Loss {
  /** The age of the backup in seconds. */
  readonly seconds: number;
  /** The number of rows that the tables of the system have gained since the backup. */
  readonly rows: number;
  /**
   * The number of entries that the ledgers have gained since the backup; ledgers that the role has no right to read
   * are not counted.
   */
  readonly ledger_entries: number;
  /** The tables whose ledgers the role has no right to read. */
  readonly hidden_ledgers: readonly string[];
}

/** The part of the report of `ashlar status` that is about backups. */
export interface BackupsReport {
  readonly folder: string;
  readonly count: number;
  readonly last: BackupSummary | null;
  readonly last_verified: BackupSummary | null;
  /** The data that would be lost if the last backup were restored now; `null` if there is no backup. */
  readonly would_be_lost: Loss | null;
  /** The incomplete or damaged backups, each with the reason why it cannot be restored. */
  readonly problems: readonly string[];
}

/** A request to compare a database with its last backup. */
export interface LossRequest {
  /** The folder that contains the database's backups. */
  readonly folder: string;
  /** The current row count of each table of the system. */
  readonly rows: Readonly<Record<string, number>>;
  readonly now: Date;
}

/** Reports the backups of a database, and the data that would be lost if the last one were restored now. */
export async function backupsReport(
  engine: Engine,
  system: SystemFacts<Tables>,
  { folder, rows, now }: LossRequest,
): Promise<BackupsReport> {
  const listed = await listBackups(folder);
  const own = await ownOf(listed, engine, system);
  const sound = own.filter(({ problem }) => problem === undefined);
  const isFuture = ({ manifest }: ListedBackup): boolean =>
    manifest !== undefined && isInFuture(manifest.created_at, now);
  const past = sound.filter((one) => !isFuture(one));
  const last = past.at(-1);
  return {
    folder,
    count: sound.length,
    last: summaryOf(last),
    last_verified: summaryOf(past.filter(({ verifiedAt }) => verifiedAt !== undefined).at(-1)),
    would_be_lost: last?.manifest
      ? await lossOf({ engine, system, manifest: last.manifest, rows, now })
      : null,
    problems: [
      ...listed
        .filter((one) => one.manifest === undefined || own.includes(one))
        .flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`])),
      ...sound
        .filter(isFuture)
        .map(
          ({ name, manifest }) =>
            `${name}: its time, ${manifest?.created_at}, is in the future: it is not counted as the last backup, and keep rules leave it alone.`,
        ),
    ],
  };
}

const ownOf = async (
  listed: readonly ListedBackup[],
  engine: Engine,
  { name }: SystemFacts<Tables>,
): Promise<readonly ListedBackup[]> => {
  const { url } = engine;
  const own = await readIdentity(engine);
  const those = (fits: (manifest: Manifest) => boolean) =>
    listed.filter(
      ({ manifest }) =>
        manifest &&
        !isAnothers(manifest, own) &&
        fits(manifest) &&
        manifest.systems.some((system) => system.name === name),
    );
  if (own) {
    const known = those((manifest) => isCounted(manifest, own));
    if (known.length > 0)
      return known.toSorted((a, b) => (numberOf(a.manifest) ?? 0) - (numberOf(b.manifest) ?? 0));
  }
  const named = those(({ database }) => database === redactUrl(url));
  // a file can be named by different URLs, and different files can have one name
  return named.length > 0 ? named : those(({ label }) => label === labelOf(url));
};

const numberOf = (manifest: Manifest | undefined) => manifest?.identity?.number;

const isCounted = ({ identity }: Manifest, own: Lineage): boolean =>
  identity !== undefined && hasCounted(own, identity);

// with one identity, a copy has made what this database has not counted
const isAnothers = (manifest: Manifest, own: Lineage | undefined): boolean =>
  own !== undefined &&
  manifest.identity !== undefined &&
  !isCounted(manifest, own) &&
  (manifest.identity.number !== null || manifest.identity.database !== own.database);

const summaryOf = (one: ListedBackup | undefined): BackupSummary | null =>
  one?.manifest
    ? { name: one.name, created_at: one.manifest.created_at, verified_at: one.verifiedAt ?? null }
    : null;

interface SinceBackup {
  readonly engine: Engine;
  readonly system: SystemFacts<Tables>;
  readonly manifest: Manifest;
  readonly rows: Readonly<Record<string, number>>;
  readonly now: Date;
}

const lossOf = async ({ engine, system, manifest, rows, now }: SinceBackup): Promise<Loss> => {
  let entries = 0;
  const hidden: string[] = [];
  for (const table of ledgersOf(system)) {
    if (!(table.name in rows)) continue;
    const size = await sizeOf(engine, table);
    if (size === undefined) {
      hidden.push(table.name);
      continue;
    }
    const then = manifest.ledgers.find(({ ledger }) => ledger === originOf(system, table))?.size ?? 0;
    entries += Math.max(0, size - then);
  }
  return {
    seconds: Math.max(0, Math.round((now.getTime() - Date.parse(manifest.created_at)) / 1_000)),
    rows: Object.entries(rows).reduce(
      (sum, [table, count]) => sum + Math.max(0, count - (manifest.rows[table] ?? 0)),
      0,
    ),
    ledger_entries: entries,
    hidden_ledgers: hidden,
  };
};

/** The size of the ledger of a table; `undefined` where the role may not read it. */
const sizeOf = async (engine: Engine, table: TableFacts): Promise<number | undefined> => {
  try {
    return (await withLedger(engine, table, headOf)).size;
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'privilege-missing') return undefined;
    throw error;
  }
};
