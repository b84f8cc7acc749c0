import { type AttackReport, countAttacks, failuresOf, type ProveReport } from '../prove/index.js';
import type { Output } from './output.js';
import { printTable } from './print-table.js';

const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** Prints a report of `prove`: the attacks table by table, the checks, the ledgers, and last the failures. */
export function printReport(out: Output, report: ProveReport): void {
  out.line(`${out.style('bold', report.system)} · ${report.engine} · ${report.url}`);
  for (const { table, guarantee, summary, level, weaker, attacks } of report.tables) {
    out.line();
    out.line(`${out.style('bold', `${table}: ${guarantee}`)} · ${summary}`);
    if (level !== 'enforced') out.line(out.style('yellow', `  ${level}: ${weaker ?? ''}`));
    if (attacks.length === 0) out.line('  declares no attacks; only its objects were checked');
    else printTable(out, ['attack', 'as', 'refused by', 'verdict'], attacks.map(rowOf(out)));
  }
  out.line();
  for (const { check, ok, found, unknown, loose } of report.structure) {
    const verdict =
      unknown === undefined ? (ok ? 'in place' : plural(found.length, 'difference')) : 'unknown';
    const style = unknown === undefined ? (ok ? 'green' : 'red') : 'yellow';
    out.line(`${out.style(style, verdict)} ${check}${unknown === undefined ? '' : `: ${unknown}`}`);
    if (loose !== undefined) out.line(out.style('yellow', `  ${loose}`));
  }
  for (const { ledger, size, checked, root, ok, unverified } of report.ledgers) {
    const verdict = out.style(ok ? 'green' : 'red', ok ? 'verified' : 'failed');
    const compared = checked === size ? '' : `, ${checked} compared`;
    out.line(
      `${verdict} ledger ${ledger}: ${plural(size, 'entry', 'entries')}${compared}, root ${root || 'unknown'}`,
    );
    for (const line of unverified) out.line(out.style('yellow', `  ${line}`));
  }
  printVerdict(out, report);
}

const rowOf =
  (out: Output) =>
  ({ name, as, stoppedBy, verdict }: AttackReport): readonly string[] => [
    name,
    as,
    stoppedBy,
    out.style(verdict === 'failed' ? 'red' : 'green', verdict),
  ];

/** Prints the verdict of a report: the number of attacks, and each failure. */
export function printVerdict(out: Output, report: ProveReport): void {
  const attacks = plural(countAttacks(report), 'attack');
  const guarantees = plural(report.tables.length, 'guarantee');
  if (report.ok) {
    out.line(`${out.style('green', 'proven')} ${attacks} on ${guarantees}, none succeeded`);
    return;
  }
  const failures = failuresOf(report);
  out.line(out.style('red', `${plural(failures.length, 'failure')} in ${attacks} on ${guarantees}`));
  for (const line of failures) out.line(out.style('red', `  ${line}`));
}
