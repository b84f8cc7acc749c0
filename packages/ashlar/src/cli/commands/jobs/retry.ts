import type { Command } from 'commander';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { collect, wholeNumber } from '../../option-values.js';
import { printJob } from '../../print-job.js';
import { withJobs } from '../../with-jobs.js';

interface Options {
  readonly row?: readonly string[];
}

/** `ashlar jobs retry ID`: makes the failed rows of a job pending again. */
export function retryCommand(commands: Commands): Command {
  return commands
    .make<Options>('retry', 'make the failed rows of a job pending again, for `ashlar jobs run`', run)
    .argument('<id>', 'the id of the job')
    .option('--row <number>', 'retry only this row, even if its outcome is in doubt (repeatable)', collect);
}

const run = (invocation: Invocation, options: Options, id = ''): Promise<Answer> =>
  withJobs(invocation, async (jobs, db) => {
    const rows = options.row?.flatMap((row) => wholeNumber('--row', row) ?? []);
    const job = await jobs.retry(db, id, rows);
    printJob(invocation.out, jobs.sums, job);
    return { document: { job } };
  });
