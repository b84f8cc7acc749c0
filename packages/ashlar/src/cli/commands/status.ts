import type { Command } from 'commander';
import type { BackupsReport } from '../../backup/index.js';
import type { Answer, Commands } from '../command.js';
import type { Invocation } from '../invocation.js';
import type { Output } from '../output.js';
import { type RolesReport, type StatusReport, statusOf, type TableReport } from '../status-report.js';

/** `ashlar status`: one page about each system. */
export const statusCommand = (commands: Commands): Command =>
  commands.make('status', 'engine, migrations, drift, guarantees, partitions, rows: one page', run);

const run = async (invocation: Invocation): Promise<Answer> => {
  const reports: StatusReport[] = [];
  for (const system of await invocation.systems()) {
    const look = { create: false };
    const report = await invocation.withEngine(
      'owner',
      (engine) => statusOf(engine, system, invocation.roles(), invocation.backups().folder),
      look,
    );
    if (reports.length > 0) invocation.out.line();
    printStatus(invocation.out, report);
    reports.push(report);
  }
  return { document: { systems: reports } };
};

/** Prints the page of one system. */
export const printStatus = (out: Output, report: StatusReport): void => {
  const fact = (name: string, text: string) => out.line(`  ${name.padEnd(12)}${text}`);
  out.line(out.style('bold', report.system));
  fact('engine', report.engine);
  fact('database', report.url);
  fact('encryption', report.encrypted ? out.style('green', 'at rest, by the engine') : 'none by the engine');
  if (report.roles) {
    fact('roles', rolesText(out, report.roles));
    for (const line of report.roles.differences) out.line(`${' '.repeat(14)}${line}`);
    if (report.roles.cost !== null) out.line(`${' '.repeat(14)}${report.roles.cost}`);
  }
  fact('migrations', migrationsText(out, report));
  fact('drift', driftText(out, report));
  for (const line of report.drift ?? []) out.line(`${' '.repeat(14)}${line}`);
  fact('backups', backupsText(out, report.backups));
  for (const line of report.backups.problems) out.line(`${' '.repeat(14)}${out.style('red', line)}`);
  out.line();
  out.table(
    ['table', 'rows', 'guarantees', 'partitions'],
    report.tables.map((table) => [
      table.name,
      table.rows === null ? 'missing' : table.rows,
      table.guarantees
        .map(({ name, level }) => (level === 'enforced' ? name : `${name} (${level})`))
        .join(', '),
      partitionsText(table),
    ]),
  );
  for (const { name, guarantees } of report.tables) {
    for (const { name: guarantee, level, note } of guarantees) {
      if (level !== 'enforced') out.line(`  ${name}: ${guarantee} is ${level}: ${note ?? ''}`);
    }
  }
};

const rolesText = (out: Output, roles: RolesReport): string => {
  const { user, owner, app, auditor, steps_down, differences, cost } = roles;
  const runs =
    cost === null
      ? `${app} runs the application`
      : steps_down
        ? `${user} runs the application and steps down to ${app}`
        : `${user} runs the application and cannot step down to ${app}`;
  const count = `${differences.length} difference${differences.length > 1 ? 's' : ''} (ashlar roles apply)`;
  return [
    owner === null ? 'nothing is owned yet' : `${owner} owns`,
    runs,
    `${auditor} reads`,
    ...(differences.length > 0 ? [out.style('red', count)] : []),
  ].join(' · ');
};

const migrationsText = (out: Output, { migrations }: StatusReport): string => {
  const { head, applied, pending, changed, missing, late } = migrations;
  const problems = [
    ...changed.map((step) => `${step} was edited`),
    ...missing.map((step) => `${step} is not in the folder`),
    ...late.map((step) => `${step} is late`),
  ];
  return [
    head === null ? 'none applied' : `${applied} applied, head ${head}`,
    pending.length > 0
      ? out.style('yellow', `${pending.length} pending (${pending.join(', ')})`)
      : 'nothing pending',
    ...problems.map((problem) => out.style('red', problem)),
  ].join(' · ');
};

const driftText = (out: Output, { drift, drift_unknown: unknown }: StatusReport): string => {
  if (drift === null) return out.style('yellow', `not known: ${unknown}`);
  return drift.length === 0
    ? 'none'
    : out.style('red', `${drift.length} difference${drift.length > 1 ? 's' : ''}`);
};

const backupsText = (out: Output, report: BackupsReport): string => {
  const { last, last_verified: verified, would_be_lost: loss } = report;
  if (!last || !loss) return out.style('yellow', `none in ${report.folder} (ashlar backup create)`);
  const rows = loss.rows === 0 ? 'no row' : `${loss.rows} row${loss.rows > 1 ? 's' : ''}`;
  const entries =
    loss.ledger_entries === 0
      ? ''
      : `, ${loss.ledger_entries} ledger entr${loss.ledger_entries > 1 ? 'ies' : 'y'}`;
  return [
    `last ${last.created_at}`,
    verified
      ? `last verified ${verified.created_at}`
      : out.style('yellow', 'none verified (ashlar backup verify)'),
    `${rows}${entries} since, in ${ageText(loss.seconds)}`,
  ].join(' · ');
};

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

const ageText = (seconds: number): string => {
  const [unit, length] = units.find(([, least]) => seconds >= least) ?? ['second', 1];
  const count = Math.floor(seconds / length);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
};

const partitionsText = ({ partitions }: TableReport): string => {
  if (!partitions) return '';
  const { count, horizon, rows_in_default: waiting } = partitions;
  const until = horizon === undefined ? '' : `, until ${horizon.slice(0, 10)}`;
  return `${count}${until}${waiting > 0 ? `, about ${waiting} rows in the default` : ''}`;
};
