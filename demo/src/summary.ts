import { join } from 'node:path';
import { countAttacks, type ProveReport } from 'ashlar/prove';
import Table from 'cli-table3';
import { ask } from './command.js';
import { count, say } from './output.js';

/** A system and the URL of its database. */
export interface Place {
  readonly system: string;
  readonly url: string;
}

/** The part of `ashlar status --json` that the summary shows. */
interface StatusReport {
  readonly system: string;
  readonly engine: string;
  readonly tables: readonly { readonly rows: number | null }[];
  readonly migrations: { readonly applied: number };
  readonly drift: unknown;
}

interface Summary {
  readonly report: ProveReport;
  readonly status: StatusReport;
  readonly seconds: number;
}

/** Attacks every guarantee of every system, and shows a summary table. */
export async function summarise(places: readonly Place[]): Promise<void> {
  const summaries: Summary[] = [];
  for (const place of places) summaries.push(await inspect(place));
  const table = new Table({
    head: ['system', 'engine', 'tables', 'rows', 'migrations', 'guarantees', 'attacks', 'ledgers', 'seconds'],
    style: { head: [], border: [] },
  });
  table.push(...summaries.map(rowOf));
  say(table.toString());
  const sum = (of: (summary: Summary) => number) => count(summaries.reduce((all, each) => all + of(each), 0));
  say(
    `\n${summaries.length} systems with ${sum(({ report }) => report.tables.length)} guarantees on ${sum(rows)} rows: ` +
      `${sum(({ report }) => countAttacks(report))} attacks, none succeeded. ` +
      `Total time: ${(performance.now() / 1_000).toFixed(1)} s.`,
  );
}

const inspect = async ({ system, url }: Place): Promise<Summary> => {
  const started = performance.now();
  const at = ['--system', system, '--url', url];
  const report = join('data', `${system}-report.html`);
  // exits when an attack succeeds
  const { reports } = (await ask('prove', ...at, '--report', report)) as { reports: [ProveReport] };
  const { systems } = (await ask('status', ...at)) as { systems: [StatusReport] };
  return { report: reports[0], status: systems[0], seconds: (performance.now() - started) / 1_000 };
};

const rows = ({ status }: Summary): number =>
  status.tables.reduce((all, table) => all + (table.rows ?? 0), 0);

const rowOf = (summary: Summary): (string | number)[] => {
  const { report, status, seconds } = summary;
  const emulated = report.tables.filter(({ level }) => level === 'emulated').length;
  const ledgers = report.ledgers.map(
    ({ ledger, size }) => `${ledger.slice(ledger.indexOf('/') + 1)} ${count(size)}, verified`,
  );
  return [
    status.system,
    status.engine,
    status.tables.length,
    count(rows(summary)),
    `${status.migrations.applied}, ${status.drift === null ? 'drift unknown' : 'no drift'}`,
    `${report.tables.length} proven${emulated > 0 ? `, ${emulated} emulated` : ''}`,
    count(countAttacks(report)),
    ledgers.join('\n') || 'none',
    seconds.toFixed(1),
  ];
};
