import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import {
  existingLedgers,
  folderOf,
  keptCheckpoints,
  originOf,
  withLedger,
} from '../ledger/database/index.js';
import { requireContinuation, treeRoot } from '../ledger/index.js';
import type { Table, Tables } from '../model/index.js';
import { type Checkpoints, failuresOf, type ProveReport, prove } from '../prove/index.js';
import { applyRoles, defaultRoles, type Roles } from '../roles/index.js';
import { assertContent, contentOf, headOf, still } from './content.js';
import type { LedgerHead, Manifest } from './manifest.js';

/** What a copy is compared with. */
export interface CheckRequest {
  readonly manifest: Manifest;
  readonly systems: readonly SystemFacts<Tables>[];
  readonly checkpoints: Checkpoints | undefined;
  /** Who gets which rights, where the engine has roles: they are the server's, and no part of a copy. */
  readonly roles: Roles | undefined;
  /** Told what is looked at next. */
  readonly onStep?: ((step: string) => void) | undefined;
}

/**
 * The roles that a copy is proven with: whoever puts it somewhere cannot act as an application that connects for itself,
 * only as one that steps down.
 */
export const provenAs = (roles: Roles = defaultRoles): Roles => {
  if (!roles.appConnects) return roles;
  const { appConnects: _, ...others } = roles;
  return { ...others, app: defaultRoles.app };
};

/** The systems that a backup tells of. @throws AshlarError `usage` where one of them was not given */
export const systemsOf = (
  manifest: Manifest,
  given: readonly SystemFacts<Tables>[],
): readonly SystemFacts<Tables>[] =>
  manifest.systems.map(({ name }) => {
    const found = given.find((system) => system.name === name);
    if (found) return found;
    throw new AshlarError('usage', {
      message: `The backup holds the system ${name}, which was not named.`,
      suggestion: `Name it with --system ${name}: its guarantees and ledgers are part of what is checked.`,
    });
  });

/**
 * Looks whether a database that was made from a copy is what its manifest says, and keeps what its systems promise.
 *
 * @returns the proofs
 * @throws AshlarError `backup-manifest-mismatch`, `ledger-conflict`, `guarantee-broken`, `usage`
 */
export const checkCopy = async (engine: Engine, request: CheckRequest): Promise<readonly ProveReport[]> => {
  const { manifest, checkpoints, roles, onStep } = request;
  const systems = systemsOf(manifest, request.systems);
  onStep?.('counts and fingerprints');
  const found = await engine.asOwner((owner) => contentOf(engine, still(owner), systems, async () => null));
  assertContent(manifest, found);
  for (const { system, table, head } of ledgersIn(manifest, systems))
    await assertCheckpoints(engine, system, table, head, checkpoints);
  const reports: ProveReport[] = [];
  for (const system of systems) {
    onStep?.(`guarantees and ledgers of ${system.name}`);
    if (engine.dialect.roles) await applyRoles(engine, system, roles);
    // as of its own time: what was prepared for the months to come was prepared for those after it
    const report = await prove(engine, system, {
      now: new Date(manifest.created_at),
      ...(roles ? { roles } : {}),
    });
    if (!report.ok) throw notProven(report);
    reports.push(report);
  }
  return reports;
};

const notProven = (report: ProveReport): AshlarError => {
  const [first, ...others] = failuresOf(report);
  return new AshlarError('guarantee-broken', {
    message: `A guarantee does not hold in the backup: ${first ?? ''}`,
    detail: others.length > 0 ? others.join('\n') : undefined,
    suggestion: 'Run ashlar prove on the database it was made of.',
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

// later ones say nothing about a backup from before
const assertCheckpoints = async (
  engine: Engine,
  system: SystemFacts<Tables>,
  table: Table,
  head: LedgerHead,
  checkpoints: Checkpoints | undefined,
): Promise<void> => {
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
        `The ledger ${head.ledger} of the backup has another history than was signed.`,
        `Its first ${size} entries are not those of the checkpoint ${file}.`,
      );
    }
  });
};

/** How the ledger of a backup stands to the live one. */
export interface LedgerRelation {
  readonly ledger: string;
  readonly size: number;
  /** How many entries the live one has. */
  readonly live: number;
  /** `absent`: the live database has no such ledger at all. */
  readonly relation: 'same' | 'continued' | 'rewound' | 'forked' | 'absent';
}

/** Compares the ledgers of a backup with those of the database as it is now. */
export const relationsOf = async (
  backup: Engine,
  live: Engine,
  { manifest, systems }: Pick<CheckRequest, 'manifest' | 'systems'>,
): Promise<readonly LedgerRelation[]> => {
  const relations: LedgerRelation[] = [];
  const ledgers = ledgersIn(manifest, systemsOf(manifest, systems));
  if (ledgers.length === 0) return [];
  const there = await existingLedgers(
    live,
    ledgers.map(({ table }) => table),
  );
  for (const { table, head } of ledgers) {
    if (!there.includes(table)) {
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
};

/** @throws AshlarError `ledger-conflict`, which names a history that was rewound, has forked, or is not there */
export const assertContinued = (relations: readonly LedgerRelation[]): void => {
  for (const { ledger, size, live, relation } of relations) {
    if (relation === 'rewound')
      throw conflict(
        `The ledger ${ledger} of the live database was rewound.`,
        `It has ${live} entries, all of them in the backup, which has ${size}.`,
      );
    if (relation === 'forked')
      throw conflict(
        `The ledgers ${ledger} of the backup and of the live database have forked.`,
        `The backup has ${size} entries and the live one ${live}, and neither continues the other.`,
      );
    if (relation === 'absent') throw absent(ledger, size);
  }
};

const absent = (ledger: string, size: number): AshlarError =>
  new AshlarError('ledger-conflict', {
    message: `The live database has no ledger ${ledger}.`,
    detail: `It was never set up, or is another one than the backup was made of; the backup, which has ${size} entries, is whole.`,
    suggestion: 'Restore the backup, name the database that it was made of, or compare with none: --no-live.',
  });

const conflict = (message: string, detail: string): AshlarError =>
  new AshlarError('ledger-conflict', {
    message,
    detail,
    suggestion:
      'A restored backup, a history written anew, or another database under the same name. Keep both, and find out which.',
  });
