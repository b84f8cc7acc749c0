import type { Engine } from '../contract/engine.js';
import type { Roles } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { folderOf, keptCheckpoints, originOf } from '../ledger/database/checkpoints.js';
import { existingLedgers, withLedger } from '../ledger/database/ledgers.js';
import { requireContinuation, treeRoot } from '../ledger/index.js';
import { assertDatabaseUsable } from '../migrations/foundation.js';
import type { Table, Tables } from '../model/index.js';
import type { Checkpoints } from '../prove/ledgers.js';
import { prove } from '../prove/prove.js';
import { failuresOf, type ProveReport } from '../prove/report.js';
import { defaultRoles } from '../roles/names.js';
import { applyRoles } from '../roles/roles.js';
import { version } from '../version.js';
import { assertSameState, databaseState, headOf, viewOf } from './database-state.js';
import type { LedgerHead, Manifest } from './manifest.js';

/** The manifest, systems and checkpoints with which a restored copy is compared. */
export interface CheckRequest {
  readonly manifest: Manifest;
  readonly systems: readonly SystemFacts<Tables>[];
  readonly checkpoints: Checkpoints | undefined;
  /**
   * The roles to grant rights to in the restored database, if the engine has roles; a copy does not contain roles,
   * because they belong to the server.
   */
  readonly roles: Roles | undefined;
  /** A function that is called before each step of the check begins, with the name of the step. */
  readonly onStep?: ((step: string) => void) | undefined;
}

/**
 * Chooses the roles with which `ashlar prove` attacks the guarantees of a restored copy. The process that restores it
 * cannot log in as an application with its own connection; it can only step down to the application's role.
 */
export function provenAs(roles: Roles = defaultRoles): Roles {
  if (!roles.appConnects) return roles;
  const { appConnects: _, ...others } = roles;
  return { ...others, app: defaultRoles.app };
}

/**
 * Returns those of the given systems that a backup contains.
 *
 * @throws AshlarError `usage` if one of them was not given
 */
export function systemsOf(
  manifest: Manifest,
  given: readonly SystemFacts<Tables>[],
): readonly SystemFacts<Tables>[] {
  return manifest.systems.map(({ name }) => {
    const found = given.find((system) => system.name === name);
    if (found) return found;
    throw new AshlarError('usage', {
      message: `The backup contains the system ${name}, but its declaration was not given.`,
      suggestion: `Add --system ${name}: its guarantees and ledgers are part of the check.`,
    });
  });
}

/**
 * Checks that a database restored from a copy matches the backup's manifest, and that the guarantees of the backup's
 * systems hold.
 *
 * @param onFailure - is called with each error of the check instead of throwing it, and the check goes on; default: throws
 * @returns one report for each system
 * @throws AshlarError `backup-manifest-mismatch`, `ledger-conflict`, `guarantee-broken`, `usage`,
 *   `database-newer`
 */
export async function checkCopy(
  engine: Engine,
  request: CheckRequest,
  onFailure: (error: AshlarError) => void = (error) => {
    throw error;
  },
): Promise<readonly ProveReport[]> {
  const { manifest, checkpoints, roles, onStep } = request;
  const systems = systemsOf(manifest, request.systems);
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof AshlarError)) throw error;
      onFailure(error);
    }
  };
  onStep?.('row counts and schema fingerprints');
  await engine.asOwner((owner) => assertDatabaseUsable(owner, engine.dialect));
  await attempt(async () => {
    const found = await engine.asOwner((owner) =>
      databaseState(engine, viewOf(owner), systems, async () => null),
    );
    assertSameState(manifest, found, manifest.ashlar === version());
  });
  for (const { system, table, head } of ledgersIn(manifest, systems))
    await attempt(() => assertCheckpoints({ engine, system, table, head, checkpoints }));
  const reports: ProveReport[] = [];
  for (const system of systems) {
    onStep?.(`guarantees and ledgers of ${system.name}`);
    await attempt(async () => {
      if (engine.dialect.roles) await applyRoles(engine, system, roles);
      // at the time of the backup: its partitions were created for the months that followed it
      const report = await prove(engine, system, {
        now: new Date(manifest.created_at),
        ...(roles ? { roles } : {}),
      });
      reports.push(report);
      if (!report.ok) throw guaranteeBroken(report);
    });
  }
  return reports;
}

const guaranteeBroken = (report: ProveReport): AshlarError => {
  const [first, ...others] = failuresOf(report);
  return new AshlarError('guarantee-broken', {
    message: `A guarantee does not hold in the backup: ${first ?? ''}`,
    detail: others.length > 0 ? others.join('\n') : undefined,
    suggestion: 'Run `ashlar prove` on the original database.',
  });
};

interface LedgerIn {
  readonly system: SystemFacts<Tables>;
  readonly table: Table;
  readonly head: LedgerHead;
}

const ledgersIn = (manifest: Manifest, systems: readonly SystemFacts<Tables>[]): readonly LedgerIn[] =>
  systems.flatMap((system) =>
    Object.values(system.tables).flatMap((table) => {
      const head = manifest.ledgers.find(
        (one) => one.table === table.name && one.ledger === originOf(system, table),
      );
      return head ? [{ system, table, head }] : [];
    }),
  );

interface LedgerOfBackup {
  readonly engine: Engine;
  readonly system: SystemFacts<Tables>;
  readonly table: Table;
  readonly head: LedgerHead;
  readonly checkpoints: Checkpoints | undefined;
}

// checkpoints that are larger than the backup's ledger say nothing about it
const assertCheckpoints = async ({
  engine,
  system,
  table,
  head,
  checkpoints,
}: LedgerOfBackup): Promise<void> => {
  const kept = await keptCheckpoints({
    engine,
    system,
    table,
    origin: head.ledger,
    checkpoints: checkpoints && folderOf(checkpoints.folder, system, table),
    signer: undefined,
    verifiers: checkpoints?.verifiers ?? [],
  });
  await withLedger(engine, table, async (reader) => {
    for (const { size, root, file } of kept) {
      if (size > head.size || (await treeRoot(reader, size)).equals(root)) continue;
      throw conflict(
        `The ledger ${head.ledger} of the backup does not match a signed checkpoint.`,
        `The first ${size} entries of the ledger in the backup differ from those of the checkpoint ${file}.`,
      );
    }
  });
};

/**
 * Whether a ledger in a backup and the same ledger in the live database have the same entries, and which has more.
 */
export interface LedgerRelation {
  readonly ledger: string;
  /** The number of entries that the ledger has in the backup. */
  readonly size: number;
  /** The number of entries that the ledger has in the live database. */
  readonly live: number;
  /**
   * How the ledger in the live database relates to the ledger in the backup. `same`: both have the same entries.
   * `continued`: the live ledger has further entries. `rewound`: the live ledger lost entries. `forked`: neither
   * continues the other. `absent`: the live database has no such ledger.
   */
  readonly relation: 'same' | 'continued' | 'rewound' | 'forked' | 'absent';
}

/** Compares each ledger in a backup with the same ledger in the live database. */
export async function relationsOf(
  backup: Engine,
  live: Engine,
  { manifest, systems }: Pick<CheckRequest, 'manifest' | 'systems'>,
): Promise<readonly LedgerRelation[]> {
  const relations: LedgerRelation[] = [];
  const ledgers = ledgersIn(manifest, systemsOf(manifest, systems));
  if (ledgers.length === 0) return [];
  const existing = await existingLedgers(
    live,
    ledgers.map(({ table }) => table),
  );
  for (const { table, head } of ledgers) {
    if (!existing.includes(table)) {
      relations.push({ ledger: head.ledger, size: head.size, live: 0, relation: 'absent' });
      continue;
    }
    const before = { origin: head.ledger, size: head.size, root: Buffer.from(head.root, 'base64') };
    const relation = await withLedger(live, table, async (reader) => {
      const now = await headOf(reader);
      const newest = { origin: head.ledger, size: now.size, root: Buffer.from(now.root, 'base64') };
      if (now.size < head.size) {
        const was = await withLedger(backup, table, (old) => treeRoot(old, now.size));
        return { live: now.size, relation: was.equals(newest.root) ? 'rewound' : 'forked' } as const;
      }
      try {
        await requireContinuation(before, newest, reader);
      } catch (error) {
        if (!(error instanceof AshlarError)) throw error;
        return { live: now.size, relation: 'forked' } as const;
      }
      return { live: now.size, relation: now.size === head.size ? 'same' : 'continued' } as const;
    });
    relations.push({ ledger: head.ledger, size: head.size, ...relation });
  }
  return relations;
}

/** @throws AshlarError `ledger-conflict` if a live ledger was rewound, has forked, or is missing */
export function assertContinued(relations: readonly LedgerRelation[]): void {
  for (const { ledger, size, live, relation } of relations) {
    if (relation === 'rewound')
      throw conflict(
        `The ledger ${ledger} of the live database was rewound.`,
        `The live ledger has ${live} entries, all of which are in the backup; the ledger in the backup has ${size}.`,
      );
    if (relation === 'forked')
      throw conflict(
        `The ledgers ${ledger} of the backup and of the live database have forked.`,
        `The ledger in the backup has ${size} entries, the live ledger ${live}; neither continues the other.`,
      );
    if (relation === 'absent') throw absent(ledger, size);
  }
}

const absent = (ledger: string, size: number): AshlarError =>
  new AshlarError('ledger-conflict', {
    message: `The live database has no ledger ${ledger}.`,
    detail: `The database is not initialised, or is not the database that was backed up. The backup is complete: it has ${size} entries.`,
    suggestion:
      'Restore the backup, pass the URL of the original database, or skip the comparison with `--no-live`.',
  });

const conflict = (message: string, detail: string): AshlarError =>
  new AshlarError('ledger-conflict', {
    message,
    detail,
    suggestion:
      'The live database is a restored backup, or one of the two ledgers was rewritten or belongs to another database of this name. Keep both and find out which.',
  });
