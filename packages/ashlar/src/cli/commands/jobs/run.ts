import type { Command } from 'commander';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { wholeNumber } from '../../option-values.js';
import { printJob } from '../../print-job.js';
import { ProgressBar } from '../../progress.js';
import { untilInterrupted } from '../../until-interrupted.js';
import { withJobs } from '../../with-jobs.js';

interface Options {
  readonly concurrency?: string;
}

/** `ashlar jobs run ID`: run a job, or go on where it was left. */
export const runCommand = (commands: Commands): Command =>
  commands
    .make<Options>('run', 'run a job, or go on where it was left; Ctrl-C pauses it', run)
    .argument('<id>', 'the job')
    .option('--concurrency <n>', 'rows in flight at once');

const run = (invocation: Invocation, options: Options, id = ''): Promise<Answer> =>
  withJobs(invocation, async (jobs, db) => {
    const { out, streams } = invocation;
    const concurrency = wholeNumber('--concurrency', options.concurrency);
    const bar = new ProgressBar(streams.stderr, 'running');
    const pausing = () =>
      out.note('\npausing: rows in flight are finished first (Ctrl-C again ends at once)');
    const job = await untilInterrupted(pausing, (signal) =>
      jobs.run(db, id, { concurrency, signal, onProgress: (progress) => bar.update(progress) }),
    ).finally(() => bar.end());
    printJob(out, job);
    if (job.status === 'paused') out.note(`Go on with: ashlar jobs run ${job.id}`);
    // a script must not take a job that stopped half way for one that is done
    return { document: { job }, exitCode: job.status === 'completed' ? 0 : 1 };
  });
