import { join } from 'node:path';
import type { Command } from 'commander';
import { adoptStep } from '../../../migrations/adopt-step.js';
import { folderPath } from '../../../migrations/steps.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import {
  decisionsOf,
  inFolder,
  printChanges,
  type StepOptions,
  stepFolder,
  withStepOptions,
} from '../../step-decisions.js';

interface Options extends StepOptions {
  readonly zone?: string;
}

/** `ashlar migrate adopt`: writes the steps that take over a database: what it has, and the form of its tables. */
export function adoptStepCommand(commands: Commands): Command {
  return withStepOptions(
    commands
      .make<Options>(
        'adopt',
        'write the difference between the database and the declared tables as a step',
        run,
      )
      .argument('<name>', 'what the step does, in snake_case')
      .option('--zone <zone>', 'the zone in which times without zone were written: UTC, Europe/Berlin'),
  );
}

const run = async (invocation: Invocation, options: Options, name = ''): Promise<Answer> => {
  const { out } = invocation;
  const system = await invocation.system();
  const folder = stepFolder(invocation, options, system);
  const decisions = { ...(await decisionsOf(invocation, options, folder)), zone: options.zone };
  const look = { create: false };
  const { found, step } = await invocation.withEngine(
    'owner',
    (engine) => adoptStep(engine, system, folder, name, decisions),
    look,
  );
  if (found) {
    out.line(`wrote ${inFolder(invocation, join(folderPath(folder), found.name))}`);
    for (const line of found.differences) out.line(`  ${line}`);
  }
  if (step) {
    out.line(`wrote ${inFolder(invocation, step.folder)}`);
    printChanges(invocation, step.changes);
    for (const object of step.kept) out.note(`kept, because no table declares it: ${object}`);
    for (const mark of step.marks) out.line(`fill  ${mark}`);
  }
  if (!found && !step) out.line('nothing to do: the database has the declared tables');
  if (found) out.line(`next: ashlar migrate stamp ${found.name}`);
  if (step && step.marks.length > 0)
    out.line(
      'next: correct each expression beside its mark /* fill … */, delete its line, and run: ashlar up (or delete the step, and answer for all times: --zone UTC)',
    );
  else if (step) out.line('next: ashlar up');
  return {
    document: {
      system: system.name,
      found: found?.name ?? null,
      differences: found?.differences ?? [],
      step: step?.name ?? null,
      changes: step?.changes ?? {},
      kept: step?.kept ?? [],
      marks: step?.marks ?? [],
    },
  };
};
