import type { Attack, Attacker, Probe } from '../contract/attack.js';
import type { Engine } from '../contract/engine.js';
import type { Guarantee } from '../contract/guarantee.js';
import type { SystemFacts } from '../contract/system.js';
import { rootText } from '../engines/refusal.js';
import type { Table, Tables } from '../model/index.js';
import { type AttackTransaction, withAttackTransaction } from './attack-transaction.js';
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
  const attackable = [...table.guarantees.entries()].filter(
    ([, guarantee]) => guarantee.attacks && guarantee[engine.dialect.name].level !== 'refused',
  );
  if (attackable.length === 0) return [];
  try {
    return await withAttackTransaction(engine, as, async (transaction) => {
      const probe = await makeProbe({ engine, system, transaction, table, partitions });
      const tried: (readonly [number, readonly AttackReport[]])[] = [];
      for (const [at, guarantee] of attackable)
        tried.push([at, await attackGuarantee(transaction, table, guarantee, probe)]);
      return tried;
    });
  } catch (error) {
    return attackable.map(([at]) => [at, [notAttacked(as, rootText(error))]]);
  }
}

const attackGuarantee = async (
  transaction: AttackTransaction,
  table: Table,
  guarantee: Guarantee,
  probe: Attempt<Probe>,
): Promise<readonly AttackReport[]> => {
  if ('reason' in probe) return [notAttacked(transaction.as, `${probe.reason}${probesOf(table)}`)];
  let attacks: readonly Attack[];
  try {
    attacks = [
      ...(guarantee.attacks?.(table, probe.value) ?? []),
      ...forgeries(guarantee, table, probe.value.dialect),
    ];
  } catch (error) {
    return [notAttacked(transaction.as, rootText(error))];
  }
  const reports: AttackReport[] = [];
  for (const attack of attacks) {
    if (attack.as !== transaction.as) continue;
    const scope = attack.scope === undefined ? usualScope(table, probe.value) : attack.scope;
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
