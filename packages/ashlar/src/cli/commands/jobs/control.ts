import type { Command } from 'commander';
import type { Commands } from '../../command.js';
import { printJob } from '../../print-job.js';
import { withJobs } from '../../with-jobs.js';

type Verb = 'confirm' | 'pause' | 'resume' | 'cancel';

const control = (commands: Commands, verb: Verb, description: string): Command =>
  commands
    .make(verb, description, (invocation, _, id = '') =>
      withJobs(invocation, async (jobs, db) => {
        const job = await jobs[verb](db, id);
        printJob(invocation.out, jobs.sums, job);
        return { document: { job } };
      }),
    )
    .argument('<id>', 'the id of the job');

/** `ashlar jobs confirm ID`: confirms a job of mode `confirm`, which can be run from then on. */
export function confirmCommand(commands: Commands): Command {
  return control(commands, 'confirm', 'confirm a job that waits for it, for `ashlar jobs run`');
}

/** `ashlar jobs pause ID`: pauses a job once the rows that it is processing are finished. */
export function pauseCommand(commands: Commands): Command {
  return control(commands, 'pause', 'pause a job: finish the rows in flight and start no other rows');
}

/** `ashlar jobs resume ID`: makes a paused job runnable again. */
export function resumeCommand(commands: Commands): Command {
  return control(commands, 'resume', 'make a paused job runnable again, for `ashlar jobs run`');
}

/** `ashlar jobs cancel ID`: ends a job, and skips its pending rows. */
export function cancelCommand(commands: Commands): Command {
  return control(commands, 'cancel', 'end a job permanently; pending rows are skipped');
}
