import type { Command } from 'commander';
import type { Commands } from '../../command.js';
import { printJob } from '../../print-job.js';
import { withJobs } from '../../with-jobs.js';

type Verb = 'pause' | 'resume' | 'cancel';

const control = (commands: Commands, verb: Verb, description: string): Command =>
  commands
    .make(verb, description, (invocation, _, id = '') =>
      withJobs(invocation, async (jobs, db) => {
        const job = await jobs[verb](db, id);
        printJob(invocation.out, job);
        return { document: { job } };
      }),
    )
    .argument('<id>', 'the job');

/** `ashlar jobs pause ID`. */
export const pauseCommand = (commands: Commands): Command =>
  control(commands, 'pause', 'let rows in flight finish and start no more');

/** `ashlar jobs resume ID`. */
export const resumeCommand = (commands: Commands): Command =>
  control(commands, 'resume', 'make a paused job runnable again');

/** `ashlar jobs cancel ID`. */
export const cancelCommand = (commands: Commands): Command =>
  control(commands, 'cancel', 'end a job for good; rows not started are skipped');
