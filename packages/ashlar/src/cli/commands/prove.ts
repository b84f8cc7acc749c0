import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Engine } from '../../contract/engine.js';
import { AshlarError } from '../../errors.js';
import { failuresOf, type ProveReport, prove } from '../../prove/index.js';
import { reportPage } from '../../prove/page/page.js';
import type { System } from '../../system/system.js';
import type { Answer, Commands } from '../command.js';
import { summaries } from '../command-names.js';
import type { Invocation } from '../invocation.js';
import { printReport, printVerdict } from '../print-report.js';
import { reportError } from '../report-error.js';

interface Options {
  readonly brief?: boolean;
  readonly report?: string;
}

/** `ashlar prove`: attacks every guarantee, in transactions that are rolled back. */
export function proveCommand(commands: Commands): Command {
  return commands
    .make<Options>('prove', summaries.prove.description, run)
    .option('--brief', 'print only the number of attacks and the failures')
    .option('--report <file>', 'also write the report as an HTML page, for an auditor');
}

const run = async (invocation: Invocation, { report: file, brief }: Options): Promise<Answer> => {
  const { out } = invocation;
  const systems = await invocation.systems();
  const reports: ProveReport[] = [];
  for (const system of systems) {
    const report = await invocation.withEngine('owner', (owner) => proveWith(invocation, owner, system), {
      create: false,
    });
    if (reports.length > 0) out.line();
    if (brief) printVerdict(out, report);
    else printReport(out, report);
    reports.push(report);
  }
  const pages: string[] = [];
  if (file !== undefined) {
    for (const report of reports) pages.push(await writeReport(invocation, file, report, reports.length > 1));
  }
  const ok = reports.every((report) => report.ok);
  if (!ok && !out.json) reportError(guaranteeBroken(reports), out);
  return {
    document: {
      ok,
      ...(ok ? {} : { error: guaranteeBroken(reports) }),
      reports: reports.map((report) => ({ ...report, failures: failuresOf(report) })),
      pages,
    },
    exitCode: ok ? 0 : 1,
  };
};

/** Runs `prove` on a system in a database, over a connection of the database's owner. */
export function proveWith(invocation: Invocation, owner: Engine, system: System): Promise<ProveReport> {
  return invocation.alsoAsApp(owner, (app) =>
    prove(app, system, { owner, roles: invocation.roles(), checkpoints: invocation.ledgerKeys() }),
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
  const failures = reports.flatMap(failuresOf);
  const [first] = failures;
  return new AshlarError('guarantee-broken', {
    message: `A guarantee does not hold: ${first ?? ''}`,
    detail: failures.length > 1 ? `${failures.length - 1} more failures are listed above.` : undefined,
    suggestion: 'Find out who changed the database. `ashlar status` lists missing objects.',
  });
}
