import type { Attacker } from '../contract/attack.js';
import type { Foundation } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { Guarantee } from '../contract/guarantee.js';
import type { Roles } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import { isRefused, scopeKeyError } from '../engines/scope-key-error.js';
import { assertDatabaseUsable } from '../migrations/foundation.js';
import { forIncoming } from '../migrations/incoming.js';
import { inCreationOrder } from '../migrations/shadow.js';
import { levelIn, type Table, type Tables } from '../model/index.js';
import { defaultRoles } from '../roles/names.js';
import { wantedRights } from '../roles/wanted.js';
import type { Secret } from '../settings/index.js';
import { attackTable, provenGuarantees } from './attack-table.js';
import { fingerprintOf } from './fingerprint.js';
import { type Checkpoints, proveLedgers } from './ledgers.js';
import type { AttackReport, GuaranteeReport, ProveReport, StructureReport } from './report.js';
import { checkStructure } from './structure.js';

/** Options of {@link prove}. */
export interface ProveOptions {
  /** The database, opened as the owner of the schema; needed only if the application connects as a different user. */
  readonly owner?: Engine;
  /** The roles whose rights are checked. Default: `ashlar_app` and `ashlar_auditor`. */
  readonly roles?: Roles;
  /**
   * SCOPE_KEY, and during a rotation the other key: every key of the database must be made from one of them. Without them,
   * more than one key is a failure.
   */
  readonly scopeKeys?: readonly (string | Secret)[];
  /**
   * The signed checkpoints against which the ledgers are verified. Without them a ledger is compared only with its
   * rows and its own tree.
   */
  readonly checkpoints?: Checkpoints;
  /** The time to state in the report. Default: now. */
  readonly now?: Date;
  /**
   * A function that is called before the guarantees of each table are attacked, once as the application and once as
   * the owner.
   */
  readonly onTable?: (table: string, as: Attacker) => void;
}

/**
 * Attacks every guarantee of a system in transactions that are rolled back: as the application, and as the owner where
 * the guarantee binds the owner too. Checks that every object of the guarantees is in place, and verifies each ledger.
 * Changes nothing, except that ledgers are sealed, and that autoincrement() numbers may be used up of a table whose rows
 * sessions may delete, or that another session uses at the same time.
 *
 * @returns the report; `ok` where nothing failed
 * @throws AshlarError `database-newer`, `database-incoming`, `scope-key-missing`, `scope-key-wrong`, and what opening or reading the database
 *   throws, for example `connection-lost`
 *
 * @example
 * const report = await prove(db.engine, wills);
 * if (!report.ok) console.error(failuresOf(report).join('\n'));
 */
export function prove(
  engine: Engine,
  system: SystemFacts<Tables>,
  options: ProveOptions = {},
): Promise<ProveReport> {
  return (options.owner ?? engine).holdingOwner(() => proveAll(engine, system, options));
}

/** Does what {@link prove} does, in a database into which a move has not ended. */
export function proveIncoming(
  engine: Engine,
  system: SystemFacts<Tables>,
  options: ProveOptions = {},
): Promise<ProveReport> {
  return (options.owner ?? engine).holdingOwner(() =>
    proveAll(engine, system, options, forIncoming(engine.dialect)),
  );
}

const proveAll = async (
  engine: Engine,
  system: SystemFacts<Tables>,
  options: ProveOptions,
  foundation: Foundation = engine.dialect,
): Promise<ProveReport> => {
  const { now = new Date(), owner = engine, roles, scopeKeys = [], checkpoints, onTable } = options;
  for (const each of new Set([engine, owner]))
    each.register(Object.values(system.tables), Object.values(system.views ?? {}));
  await owner.asOwner((connection) => assertDatabaseUsable(connection, owner.dialect, foundation));
  // attacks by a session that cannot sign would prove nothing
  if (isRefused(engine.context)) throw scopeKeyError(engine.context);
  const structure = [...(await checkStructure(owner, system, { now, roles, scopeKeys })), sessionsOf(engine)];
  const ledgers = await proveLedgers(owner, system, checkpoints);
  const tables = inCreationOrder(Object.values(system.tables)).filter((table) => table.guarantees.length > 0);
  const partitions = await partitionsOf(owner, tables);
  const attacked = new Map<string, AttackReport[]>();
  await keepingSequences(owner, system, async () => {
    for (const as of ['app', 'owner'] as const) {
      for (const table of tables) {
        onTable?.(table.name, as);
        for (const [at, reports] of await attackTable(as === 'app' ? engine : owner, system, {
          table,
          as,
          partitions: partitions.get(table.name) ?? [],
        }))
          attacked.set(placeOf(table, at), [...(attacked.get(placeOf(table, at)) ?? []), ...reports]);
      }
    }
  });
  const reports = tables.flatMap((table) =>
    provenGuarantees(engine.dialect, table).map((guarantee, at) =>
      reportOf(engine, table, guarantee, attacked.get(placeOf(table, at)) ?? []),
    ),
  );
  return {
    system: system.name,
    engine: engine.label,
    url: engine.url,
    at: now.toISOString(),
    fingerprint: await fingerprintOf(owner, system),
    tables: reports,
    structure,
    ledgers,
    ok: structure.every(({ ok }) => ok) && ledgers.every(({ ok }) => ok) && reports.every(holds),
  };
};

// no rollback gives back the numbers of sequences
const keepingSequences = async (
  engine: Engine,
  system: SystemFacts,
  work: () => Promise<void>,
): Promise<void> => {
  const { tables } = wantedRights(engine.dialect, system, defaultRoles);
  const putBack = await engine.asOwner(async (owner) => engine.dialect.sequences?.remember(owner, tables));
  try {
    await work();
  } finally {
    if (putBack) await engine.asOwner(putBack);
  }
};

// tables may share a guarantee object, and one table may have two guarantees of a name
const placeOf = (table: Table, at: number): string => `${table.name} ${at}`;

// no guarantee binds an application that can change the schema
const sessionsOf = ({ connectedRole }: Engine): StructureReport => {
  const strong = connectedRole?.canChangeSchema === true && connectedRole.sessionRole === undefined;
  const found = strong ? [`sessions act as ${connectedRole.user}, who can change the schema`] : [];
  return { check: 'role that sessions use', ok: !strong, found };
};

const holds = ({ level, attacks }: GuaranteeReport): boolean =>
  level !== 'refused' && attacks.every(({ verdict }) => verdict !== 'failed');

const reportOf = (
  engine: Engine,
  { name: table }: Table,
  guarantee: Guarantee,
  attacks: readonly AttackReport[],
): GuaranteeReport => {
  const { level, weaker } = levelIn(engine, guarantee, engine.connectedRole?.canChangeSchema === true);
  return {
    table,
    guarantee: guarantee.name,
    summary: guarantee.summary,
    level,
    ...(weaker === undefined ? {} : { weaker }),
    attacks,
  };
};

const partitionsOf = (
  engine: Engine,
  tables: readonly Table[],
): Promise<ReadonlyMap<string, readonly string[]>> =>
  engine.asOwner(async (owner) => {
    const names = new Map<string, readonly string[]>();
    for (const { name } of tables)
      names.set(
        name,
        (await engine.partitions(owner, name)).map((partition) => partition.name),
      );
    return names;
  });
