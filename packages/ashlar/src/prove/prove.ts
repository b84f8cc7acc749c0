import type { Attack, Attacker, Probe } from '../contract/attack.js';
import type { Engine } from '../contract/engine.js';
import type { Guarantee } from '../contract/guarantee.js';
import type { SystemFacts } from '../contract/system.js';
import { rootText } from '../engines/refusal.js';
import { inCreationOrder } from '../migrations/shadow.js';
import type { Table, Tables } from '../model/index.js';
import type { Roles } from '../roles/index.js';
import { fingerprintOf } from './fingerprint.js';
import { type Hand, withHand } from './hand.js';
import { type Checkpoints, proveLedgers } from './ledgers.js';
import { makeProbe, usualScope } from './probe.js';
import type { AttackReport, GuaranteeReport, ProveReport, StructureReport } from './report.js';
import type { Made } from './rows.js';
import { lookAtStructure } from './structure.js';
import { tryAttack } from './try-attack.js';

/** How a proof is run. */
export interface ProveOptions {
  /** The database opened as the owner of the schema, where the application connects as another user. */
  readonly owner?: Engine;
  /** Whose rights are looked at. Default: `ashlar_app` and `ashlar_auditor`. */
  readonly roles?: Roles;
  /** The signed checkpoints of its ledgers. Without them a ledger is compared with its rows and itself alone. */
  readonly checkpoints?: Checkpoints;
  /** The moment it is for. Default: now. */
  readonly now?: Date;
  /** Told the name of each table before it is attacked. */
  readonly onTable?: (table: string, as: Attacker) => void;
}

/**
 * Attacks every guarantee of a system: as the application, and as the owner where the promise reaches him, in
 * transactions that are undone; looks whether everything that keeps the guarantees is in place; and verifies each ledger.
 * Nothing is changed but that numbers of autoincrement() may have been used, and that ledgers are sealed.
 *
 * @returns the record; `ok` where nothing failed
 * @throws AshlarError when the database cannot be reached
 *
 * @example
 * const proof = await prove(db.engine, wills);
 * if (!proof.ok) console.error(failuresOf(proof).join('\n'));
 */
export async function prove(
  engine: Engine,
  system: SystemFacts<Tables>,
  options: ProveOptions = {},
): Promise<ProveReport> {
  const { now = new Date(), owner = engine, roles, checkpoints, onTable } = options;
  for (const each of new Set([engine, owner])) each.register(Object.values(system.tables));
  const structure = [...(await lookAtStructure(owner, system, now, roles)), sessionsOf(engine)];
  const ledgers = await proveLedgers(owner, system, checkpoints);
  const tables = inCreationOrder(Object.values(system.tables)).filter((table) => table.guarantees.length > 0);
  const attacked = new Map<string, AttackReport[]>();
  for (const as of ['app', 'owner'] as const) {
    for (const table of tables) {
      onTable?.(table.name, as);
      for (const [at, reports] of await attackTable({ app: engine, owner }, system, table, as))
        attacked.set(placeOf(table, at), [...(attacked.get(placeOf(table, at)) ?? []), ...reports]);
    }
  }
  const reports = tables.flatMap((table) =>
    table.guarantees.map((guarantee, at) =>
      proofOf(engine, table, guarantee, attacked.get(placeOf(table, at)) ?? []),
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
}

// tables may share a guarantee, and one table may have two of a name
const placeOf = (table: Table, at: number): string => `${table.name} ${at}`;

// an application that can change the schema stands before no wall at all
const sessionsOf = ({ connectedRole }: Engine): StructureReport => {
  const strong = connectedRole?.canChangeSchema === true && connectedRole.sessionRole === undefined;
  const found = strong ? [`sessions act as ${connectedRole.user}, who could change the schema`] : [];
  return { check: 'who sessions act as', ok: !strong, found };
};

const holds = ({ level, attacks }: GuaranteeReport): boolean =>
  level !== 'refused' && attacks.every(({ verdict }) => verdict !== 'failed');

const proofOf = (
  engine: Engine,
  { name: table }: Table,
  guarantee: Guarantee,
  attacks: readonly AttackReport[],
): GuaranteeReport => {
  const enforcement = guarantee[engine.dialect.name];
  const weaker = enforcement.level === 'refused' ? enforcement.why : enforcement.weaker;
  return {
    table,
    guarantee: guarantee.name,
    summary: guarantee.summary,
    level: enforcement.level,
    ...(weaker === undefined ? {} : { weaker }),
    attacks,
  };
};

/** The proofs of a table's guarantees, by their place among them. */
const attackTable = async (
  engines: Readonly<Record<Attacker, Engine>>,
  system: SystemFacts<Tables>,
  table: Table,
  as: Attacker,
): Promise<readonly (readonly [number, readonly AttackReport[]])[]> => {
  const engine = engines[as];
  const attackable = [...table.guarantees.entries()].filter(
    ([, guarantee]) => guarantee.attacks && guarantee[engine.dialect.name].level !== 'refused',
  );
  if (attackable.length === 0) return [];
  const partitions = await engines.owner.asOwner((owner) => engines.owner.partitions(owner, table.name));
  const names = partitions.map(({ name }) => name);
  try {
    return await withHand(engine, as, async (hand) => {
      const probe = await makeProbe(engine, system, hand, table, names);
      const tried: (readonly [number, readonly AttackReport[]])[] = [];
      for (const [at, guarantee] of attackable)
        tried.push([at, await attackGuarantee(hand, table, guarantee, probe)]);
      return tried;
    });
  } catch (error) {
    return attackable.map(([at]) => [at, [notAttacked(as, rootText(error))]]);
  }
};

const attackGuarantee = async (
  hand: Hand,
  table: Table,
  guarantee: Guarantee,
  probe: Made<Probe>,
): Promise<readonly AttackReport[]> => {
  if ('why' in probe) return [notAttacked(hand.as, probe.why)];
  let attacks: readonly Attack[];
  try {
    attacks = guarantee.attacks?.(table, probe.made) ?? [];
  } catch (error) {
    return [notAttacked(hand.as, rootText(error))];
  }
  const reports: AttackReport[] = [];
  for (const attack of attacks) {
    if (attack.as !== hand.as) continue;
    const scope = attack.scope === undefined ? usualScope(table, probe.made) : attack.scope;
    reports.push(await tryAttack(hand, attack, scope));
  }
  return reports;
};

const notAttacked = (as: Attacker, why: string): AttackReport => ({
  name: 'a row to attack',
  as,
  expect: 'refused',
  stoppedBy: 'nothing',
  by: `could not be attacked: ${why}`,
  verdict: 'failed',
});
