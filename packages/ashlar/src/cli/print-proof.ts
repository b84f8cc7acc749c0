import { type AttackProof, countAttacks, failuresOf, type Proof } from '../prove/index.js';
import type { Output } from './output.js';

const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** Prints every attack, table by table, then what was looked at, and what failed last. */
export const printProof = (out: Output, proof: Proof): void => {
  out.line(`${out.style('bold', proof.system)} · ${proof.engine} · ${proof.url}`);
  for (const { table, guarantee, promise, level, weaker, attacks } of proof.tables) {
    out.line();
    out.line(`${out.style('bold', `${table}: ${guarantee}`)} · ${promise}`);
    if (level !== 'enforced') out.line(out.style('yellow', `  ${level}: ${weaker ?? ''}`));
    if (attacks.length === 0) out.line('  declares no attacks; only its structure was looked at');
    else out.table(['attack', 'as', 'refused by', 'verdict'], attacks.map(rowOf(out)));
  }
  out.line();
  for (const { check, ok, found, unknown } of proof.structure) {
    const verdict =
      unknown === undefined ? (ok ? 'in place' : plural(found.length, 'difference')) : 'not known';
    const style = unknown === undefined ? (ok ? 'green' : 'red') : 'yellow';
    out.line(`${out.style(style, verdict)} ${check}${unknown === undefined ? '' : `: ${unknown}`}`);
  }
  for (const { ledger, size, checked, root, ok } of proof.ledgers) {
    const verdict = out.style(ok ? 'green' : 'red', ok ? 'verified' : 'failed');
    const compared = checked === size ? '' : `, ${checked} compared`;
    out.line(
      `${verdict} ledger ${ledger}: ${plural(size, 'entry', 'entries')}${compared}, root ${root || 'not known'}`,
    );
  }
  printVerdict(out, proof);
};

const rowOf =
  (out: Output) =>
  ({ name, as, refusedBy, verdict }: AttackProof): readonly string[] => [
    name,
    as,
    refusedBy,
    out.style(verdict === 'failed' ? 'red' : 'green', verdict),
  ];

/** Prints how many attacks there were, and each failure. */
export const printVerdict = (out: Output, proof: Proof): void => {
  const attacks = plural(countAttacks(proof), 'attack');
  const guarantees = plural(proof.tables.length, 'guarantee');
  if (proof.ok) {
    out.line(`${out.style('green', 'proven')} ${attacks} on ${guarantees}, none got through`);
    return;
  }
  const failures = failuresOf(proof);
  out.line(out.style('red', `failed ${plural(failures.length, 'thing')} of ${attacks} on ${guarantees}`));
  for (const line of failures) out.line(out.style('red', `  ${line}`));
};
