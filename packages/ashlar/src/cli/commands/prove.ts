import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Engine } from '../../contract/engine.js';
import { AshlarError } from '../../errors.js';
import { type DataReport, failuresOf, findingsOf, type ProveReport, prove } from '../../prove/index.js';
import { reportPage } from '../../prove/page/page.js';
import type { System } from '../../system/system.js';
import type { Answer, Commands } from '../command.js';
import { summaries } from '../command-names.js';
import type { Invocation } from '../invocation.js';
import { printReport, printVerdict } from '../print-report.js';
import { Positions, proveRows } from '../prove-rows.js';
import { reportError } from '../report-error.js';

interface Options {
  readonly brief?: boolean;
  readonly report?: string;
  readonly data?: boolean;
  readonly check?: boolean;
  readonly resume?: string;
}

/** `ashlar prove`: attacks every guarantee, in transactions that are rolled back. */
export function proveCommand(commands: Commands): Command {
  return commands
    .make<Options>('prove', summaries.prove.description, run)
    .option('--brief', 'print only the number of attacks and the failures')
    .option('--check', 'fail also where the database could not be compared with its steps, as without PGlite')
    .option('--data', 'also check every row, and find those that break a guarantee, a foreign key or a CHECK')
    .option('--resume <file>', 'with --data: keep the position in this file, and go on from it after Ctrl-C')
    .option('--report <file>', 'also write the report as an HTML page, for an auditor');
}

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const { report: file, brief, data: checksRows = false, check = false, resume } = options;
  const { out, streams } = invocation;
  if (resume !== undefined && !checksRows) throw resumeAlone();
  const systems = await invocation.systems();
  const reports: ProveReport[] = [];
  const rows: DataReport[] = [];
  const positions = new Positions(resume === undefined ? undefined : resolve(streams.directory, resume));
  await positions.read();
  for (const system of systems) {
    const report = await invocation.withEngine('owner', (owner) => proveWith(invocation, owner, system), {
      create: false,
      system,
    });
    if (reports.length > 0) out.line();
    if (brief) printVerdict(out, report);
    else printReport(out, report);
    reports.push(report);
    if (!checksRows || rows.some(({ complete }) => !complete)) continue;
    rows.push(
      await invocation.withEngine('owner', (owner) => proveRows(invocation, owner, system, positions), {
        create: false,
        system,
      }),
    );
  }
  const isStopped = rows.some(({ complete }) => !complete);
  if (isStopped)
    out.note(`Continue with: ashlar prove --data${resume === undefined ? '' : ` --resume ${resume}`}`);
  else await positions.clear();
  const pages: string[] = [];
  if (file !== undefined) {
    for (const report of reports) pages.push(await writeReport(invocation, file, report, reports.length > 1));
  }
  const failures = [
    ...reports.flatMap(failuresOf),
    ...(check ? reports.flatMap(uncheckedOf) : []),
    ...rows.flatMap(findingsOf),
  ];
  const error = failures.length > 0 ? broken(failures) : undefined;
  const ok = !error && reports.every((report) => report.ok) && !isStopped;
  if (error && !out.json) reportError(error, out);
  return {
    document: {
      ok,
      ...(error ? { error } : {}),
      reports: reports.map((report, at) => ({
        ...report,
        failures: failuresOf(report),
        ...(rows[at] ? { data: withoutPosition(rows[at]) } : {}),
      })),
      pages,
    },
    exitCode: ok ? 0 : 1,
  };
};

const uncheckedOf = ({ structure }: ProveReport): readonly string[] =>
  structure.flatMap(({ check, unknown }) =>
    unknown === undefined ? [] : [`${check}: could not be checked: ${unknown}`],
  );

const withoutPosition = ({ position: _, ...report }: DataReport): Omit<DataReport, 'position'> => report;

const resumeAlone = (): AshlarError =>
  new AshlarError('usage', {
    message: '--resume needs --data.',
    suggestion: 'Add --data: ashlar prove --data --resume FILE.',
  });

/** Runs `prove` on a system in a database, over a connection of the database's owner. */
export function proveWith(invocation: Invocation, owner: Engine, system: System): Promise<ProveReport> {
  return invocation.alsoAsApp(owner, system, (app) =>
    prove(app, system, {
      owner,
      roles: invocation.roles(),
      scopeKeys: invocation.knownScopeKeys(),
      checkpoints: invocation.ledgerKeys(),
    }),
  );
}

const writeReport = async (
  { out, streams }: Invocation,
  file: string,
  report: ProveReport,
  several: boolean,
): Promise<string> => {
  const named = several ? file.replace(/(\.[^./\\]+)?$/, `-${report.system}$1`) : file;
  const path = resolve(streams.directory, named);
  try {
    await writeFile(path, out.clean(reportPage(report)));
  } catch (cause) {
    throw new AshlarError('usage', {
      message: `The report cannot be written to ${named}.`,
      suggestion: 'Name a file in an existing folder.',
      cause,
    });
  }
  out.note(`wrote ${named}`);
  return named;
};

/** Creates the error for the case that reports of `prove` contain failures. Its message is the first failure. */
export function guaranteeBroken(reports: readonly ProveReport[]): AshlarError {
  return broken(reports.flatMap(failuresOf));
}

const broken = (failures: readonly string[]): AshlarError => {
  const [first] = failures;
  return new AshlarError('guarantee-broken', {
    message: `A guarantee does not hold: ${first ?? ''}`,
    detail: failures.length > 1 ? `${failures.length - 1} more failures are listed above.` : undefined,
    suggestion: 'Find out who changed the database. `ashlar status` lists missing objects.',
  });
};
