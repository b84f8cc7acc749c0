import type { Command } from 'commander';
import { AshlarError } from '../../errors.js';
import { type StatusReport, status } from '../../migrations/index.js';
import type { Answer, Commands } from '../command.js';
import { summaries } from '../command-names.js';
import type { Invocation } from '../invocation.js';
import { printStatus } from '../print-status.js';
import { reportError } from '../report-error.js';

interface Options {
  readonly check?: boolean;
}

/** `ashlar status`: shows the status of each system on one page. */
export function statusCommand(commands: Commands): Command {
  return commands
    .make<Options>('status', summaries.status.description, run)
    .option('--check', 'exit 1 on drift, missing steps, missing objects of guarantees, or wrong rights');
}

async function run(invocation: Invocation, { check = false }: Options): Promise<Answer> {
  const { out } = invocation;
  const reports: StatusReport[] = [];
  for (const system of await invocation.systems()) {
    const report = await invocation.withEngine(
      'owner',
      (engine) =>
        status(engine, system, {
          roles: invocation.roles(),
          scopeKeys: invocation.knownScopeKeys(),
          backups: invocation.backups().folder,
        }),
      { create: false, incoming: true, system },
    );
    if (reports.length > 0) out.line();
    printStatus(out, report);
    reports.push(report);
  }
  const failed = check ? reports.filter(({ ok }) => !ok) : [];
  if (failed.length > 0 && !out.json) reportError(statusFailed(failed), out);
  return {
    document: { systems: reports, ...(failed.length > 0 ? { error: statusFailed(failed) } : {}) },
    exitCode: failed.length > 0 ? 1 : 0,
  };
}

function statusFailed(failed: readonly StatusReport[]): AshlarError {
  return new AshlarError('status-failed', {
    message: `The database has problems: ${failed.map(({ system }) => system).join(', ')}.`,
    detail: failed.flatMap(({ system, problems }) => problems.map((line) => `${system}: ${line}`)).join('\n'),
    suggestion:
      '`ashlar up` applies missing steps and restores rights. Drift and missing objects need a new step.',
  });
}
