import type { BackupsReport } from '../backup/index.js';
import type { RolesStatus, StatusReport, TableStatus } from '../status/status.js';
import type { Output } from './output.js';
import { printTable } from './print-table.js';

const indent = ' '.repeat(14);

/** Prints the status report of one system. */
export function printStatus(out: Output, report: StatusReport): void {
  const fact = (name: string, text: string) => out.line(`  ${name.padEnd(12)}${text}`);
  out.line(out.style('bold', report.system));
  fact('engine', report.engine);
  fact('database', report.url);
  fact(
    'encryption',
    report.encrypted ? out.style('green', 'the engine encrypts the file') : 'the engine does not encrypt',
  );
  if (report.roles) {
    fact('roles', rolesText(out, report.roles));
    for (const line of [...report.roles.differences, ...report.roles.others]) out.line(`${indent}${line}`);
    if (report.roles.cost !== null) out.line(`${indent}${report.roles.cost}`);
  }
  fact('migrations', migrationsText(out, report));
  fact('foundation', foundationText(out, report));
  fact('drift', driftText(out, report));
  for (const line of report.drift ?? []) out.line(`${indent}${line}`);
  const undeclared = report.undeclared ?? [];
  if (undeclared.length > 0)
    fact('by hand', `${counted(undeclared.length, 'object')} that no table declares`);
  for (const { object, from, lifts, accepted } of undeclared)
    out.line(
      `${indent}${object}${from === 'step' ? ', of a step' : ''}${accepted === undefined ? '' : `, accepted: ${accepted}`}${lifts ? out.style('red', ', could lift a guarantee') : ''}`,
    );
  if (report.missing_objects.length > 0)
    fact('guarantees', out.style('red', `${counted(report.missing_objects.length, 'object')} missing`));
  for (const line of report.missing_objects) out.line(`${indent}${line}`);
  if (report.outdated_objects && report.outdated_objects.length > 0)
    fact(
      'out of date',
      out.style('yellow', `${counted(report.outdated_objects.length, 'object')} (ashlar migrate new)`),
    );
  for (const line of report.outdated_objects ?? []) out.line(`${indent}${line}`);
  fact('backups', backupsText(out, report.backups));
  for (const line of report.backups.problems) out.line(`${indent}${out.style('red', line)}`);
  out.line();
  printTable(
    out,
    ['table', 'rows', 'guarantees', 'partitions'],
    report.tables.map((table) => [
      table.name,
      table.rows ?? table.state,
      table.guarantees
        .map(({ name, level }) => (level === 'enforced' ? name : `${name} (${level})`))
        .join(', '),
      partitionsText(table),
    ]),
  );
  if (report.tables.some(({ state }) => state === 'hidden'))
    out.line('  hidden: the role in use may not read the table');
  for (const { guarantee, level, reason, tables } of report.weaker) {
    out.line(`  ${out.style('yellow', level)} ${guarantee} on ${tables.join(', ')}`);
    out.line(`    ${reason}`);
  }
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function rolesText(out: Output, roles: RolesStatus): string {
  const { user, owner, app, auditor, steps_down, differences, cost } = roles;
  const runs =
    cost === null
      ? `${app} runs the application`
      : steps_down
        ? `${user} runs the application in the role ${app}`
        : `${user} runs the application and cannot switch to the role ${app}`;
  return [
    owner === null ? 'no tables yet' : `${owner} owns`,
    runs,
    `${auditor} reads`,
    ...(differences.length > 0
      ? [out.style('red', `${counted(differences.length, 'difference')} (ashlar roles apply)`)]
      : []),
  ].join(' · ');
}

function migrationsText(out: Output, { migrations }: StatusReport): string {
  const { head, applied, pending, waiting, changed, missing, late } = migrations;
  const problems = [
    ...changed.map((step) => `${step} was edited after it was applied`),
    ...missing.map((step) => `${step} is not in the folder`),
    ...late.map((step) => `${step} sorts before an applied step`),
  ];
  return [
    head === null ? 'none applied' : `${applied} applied, head ${head}`,
    pending.length > 0
      ? out.style('yellow', `${pending.length} pending (${pending.join(', ')})`)
      : 'nothing pending',
    ...(waiting.length > 0 ? [`${waiting.join(', ')} waits for ashlar up --contract`] : []),
    ...problems.map((problem) => out.style('red', problem)),
  ].join(' · ');
}

function foundationText(out: Output, { foundation }: StatusReport): string {
  const { database, package: known, oldest, pending } = foundation;
  if (database === null) return 'not created yet';
  const release = `version ${database}, this release has ${known}`;
  if (oldest > known) return out.style('red', `${release} and cannot use the database`);
  if (pending.length > 0)
    return `${release} · ${out.style('yellow', `pending: ${pending.join(', ')} (ashlar up)`)}`;
  return database === known ? `version ${database}` : release;
}

function driftText(out: Output, { drift, drift_unknown: unknown, drift_loose: loose }: StatusReport): string {
  if (drift === null) return out.style('yellow', `unknown: ${unknown}`);
  const found = drift.length === 0 ? 'none' : out.style('red', counted(drift.length, 'difference'));
  return loose === undefined ? found : `${found} · ${out.style('yellow', loose)}`;
}

function backupsText(out: Output, report: BackupsReport): string {
  const { last, last_verified: verified, would_be_lost: loss } = report;
  if (!last || !loss) return out.style('yellow', `none in ${report.folder} (ashlar backup create)`);
  const rows = loss.rows === 0 ? 'no rows' : counted(loss.rows, 'row');
  const entries =
    loss.ledger_entries === 0 ? '' : `, ${counted(loss.ledger_entries, 'ledger entry', 'ledger entries')}`;
  const hidden =
    loss.hidden_ledgers.length === 0 ? [] : [`hidden ledgers: ${loss.hidden_ledgers.join(', ')}`];
  return [
    `last ${last.created_at}`,
    verified
      ? `last verified ${verified.created_at}`
      : out.style('yellow', 'none verified (ashlar backup verify)'),
    `${rows}${entries} since, in ${ageText(loss.seconds)}`,
    ...hidden,
  ].join(' · ');
}

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

function ageText(seconds: number): string {
  const [unit, length] = units.find(([, least]) => seconds >= least) ?? ['second', 1];
  return counted(Math.floor(seconds / length), unit);
}

function partitionsText({ partitions }: TableStatus): string {
  if (!partitions) return '';
  const { count, horizon, rows_in_default: waiting } = partitions;
  const until = horizon === undefined ? '' : `, until ${horizon.slice(0, 10)}`;
  return `${count}${until}${waiting > 0 ? `, about ${waiting} rows in the default` : ''}`;
}
