import type { Command } from 'commander';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { loadExecutor } from '../../load-executor.js';
import { wholeNumber } from '../../option-values.js';
import { printJob, progressNotes } from '../../print-job.js';
import { ProgressBar } from '../../progress.js';
import { untilInterrupted } from '../../until-interrupted.js';
import { withJobs } from '../../with-jobs.js';

interface Options {
  readonly concurrency?: string;
  readonly callSeconds?: string;
  readonly executor?: string;
}

/** `ashlar jobs run ID`: runs or continues a job. */
export function runCommand(commands: Commands): Command {
  return commands
    .make<Options>('run', 'run a job, or continue it; Ctrl-C pauses it', run)
    .argument('<id>', 'the id of the job')
    .option('--concurrency <n>', 'the maximum number of rows in flight at the same time')
    .option('--call-seconds <n>', 'the number of seconds that a call of the executor may take')
    .option(
      '--executor <file>',
      'a module whose default export is the executor (default: that of the system)',
    );
}

const run = (invocation: Invocation, options: Options, id = ''): Promise<Answer> =>
  withJobs(invocation, async (jobs, db) => {
    const { out, streams } = invocation;
    const concurrency = wholeNumber('--concurrency', options.concurrency);
    const callSeconds = wholeNumber('--call-seconds', options.callSeconds);
    const executor =
      options.executor === undefined ? undefined : await loadExecutor(streams.directory, options.executor);
    const bar = new ProgressBar(streams.stderr, 'running');
    const pausing = () =>
      out.note('\npausing: the rows in flight are finished first (Ctrl-C again exits at once)');
    const job = await untilInterrupted(pausing, (signal) =>
      jobs.run(db, id, {
        concurrency,
        callSeconds,
        executor,
        signal,
        onProgress: (progress) => bar.update({ ...progress, notes: progressNotes(jobs.sums, progress) }),
      }),
    ).finally(() => bar.end());
    printJob(out, jobs.sums, job);
    if (job.simulated === true)
      out.note('SIMULATED: nothing was executed in reality. Give your executor with --executor FILE.');
    if (job.status === 'paused') out.note(`Continue with: ashlar jobs run ${job.id}`);
    // a script must not treat a job that stopped half way as done
    return { document: { job }, exitCode: job.status === 'completed' ? 0 : 1 };
  });
