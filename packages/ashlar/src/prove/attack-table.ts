import type { Attack, Attacker, Probe } from '../contract/attack.js';
import type { SqlDialect } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { Guarantee } from '../contract/guarantee.js';
import type { SystemFacts } from '../contract/system.js';
import { rootText } from '../engines/refusal.js';
import type { Table, Tables } from '../model/index.js';
import { type AttackTransaction, withAttackTransaction } from './attack-transaction.js';
import { constraintsOf } from './constraints.js';
import { forgeries } from './forgeries.js';
import { makeProbe, usualScope } from './probe.js';
import type { AttackReport } from './report.js';
import type { Attempt } from './sample-rows.js';
import { tryAttack } from './try-attack.js';

/**
 * Attacks the guarantees of a table in a transaction that is rolled back.
 *
 * @returns the reports on its guarantees, each with the position of its guarantee
 */
export async function attackTable(
  engine: Engine,
  system: SystemFacts<Tables>,
  { table, as, partitions }: { table: Table; as: Attacker; partitions: readonly string[] },
): Promise<readonly (readonly [number, readonly AttackReport[]])[]> {
  const attackable = [...provenGuarantees(engine.dialect, table).entries()].filter(
    ([, guarantee]) => guarantee.attacks && guarantee[engine.dialect.name].level !== 'refused',
  );
  const tried: (readonly [number, readonly AttackReport[]])[] = [];
  // of guarantees that another program attacks too
  const others = new Set<number>();
  const tryAll = (otherProgram: boolean, of: typeof attackable): Promise<void> =>
    withAttackTransaction(engine, { as, otherProgram }, async (transaction) => {
      const probe = await makeProbe({ engine, system, transaction, table, partitions });
      for (const [at, guarantee] of of) {
        const found = attacksOn(table, guarantee, probe);
        if (found.attacks.some((attack) => attack.otherProgram)) others.add(at);
        const chosen = found.attacks.filter(
          (attack) => attack.as === as && (attack.otherProgram ?? false) === otherProgram,
        );
        tried.push([at, await attackGuarantee(transaction, table, { ...found, attacks: chosen })]);
      }
    });
  try {
    await tryAll(false, attackable);
    if (as === 'owner' && others.size > 0)
      await tryAll(
        true,
        attackable.filter(([at]) => others.has(at)),
      );
    return tried;
  } catch (error) {
    return [
      ...tried,
      ...attackable.map(([at]): (typeof tried)[number] => [at, [notAttacked(as, rootText(error))]]),
    ];
  }
}

/**
 * The guarantees of a table that are attacked: those that it declares, and its constraints; the constraints of another tool's table
 * are that tool's.
 */
export function provenGuarantees(dialect: SqlDialect, table: Table): readonly Guarantee[] {
  return table.external ? table.guarantees : [...table.guarantees, constraintsOf(dialect)];
}

/** The attacks on a guarantee, or why there are none. */
interface Found {
  readonly attacks: readonly Attack[];
  readonly probe?: Probe;
  readonly reason?: string;
}

const attacksOn = (table: Table, guarantee: Guarantee, probe: Attempt<Probe>): Found => {
  if ('reason' in probe) return { attacks: [], reason: `${probe.reason}${probesOf(table)}` };
  try {
    return {
      attacks: [
        ...(guarantee.attacks?.(table, probe.value) ?? []),
        ...forgeries(guarantee, table, probe.value.dialect),
      ],
      probe: probe.value,
    };
  } catch (error) {
    return { attacks: [], reason: rootText(error) };
  }
};

const attackGuarantee = async (
  transaction: AttackTransaction,
  table: Table,
  { attacks, probe, reason }: Found,
): Promise<readonly AttackReport[]> => {
  if (probe === undefined) return [notAttacked(transaction.as, reason ?? '')];
  const reports: AttackReport[] = [];
  for (const attack of attacks) {
    const scope = attack.scope === undefined ? usualScope(table, probe) : attack.scope;
    reports.push(await tryAttack(transaction, attack, scope));
  }
  return reports;
};

// only the tool knows which values its constraints and types accept
const probesOf = ({ external, name }: Table): string =>
  external ? ` Give a row in the probes of the guard: probes: { ${name}: [{ … }] }.` : '';

const notAttacked = (as: Attacker, why: string): AttackReport => ({
  name: 'preparation of a row to attack',
  as,
  expect: 'refused',
  stoppedBy: 'nothing',
  by: `could not be attacked: ${why}`,
  verdict: 'failed',
});
