import type { Command } from 'commander';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { printJob, printNext } from '../../print-job.js';
import { printTable } from '../../print-table.js';
import { withJobs } from '../../with-jobs.js';

/** `ashlar jobs show ID`: shows a job, its rows by status, its failures and its log. */
export function showCommand(commands: Commands): Command {
  return commands
    .make('show', 'show a job: its rows by status, its failures and its log', run)
    .argument('<id>', 'the id of the job');
}

const run = (invocation: Invocation, _: object, id = ''): Promise<Answer> =>
  withJobs(invocation, async (jobs, db) => {
    const { out } = invocation;
    const job = await jobs.show(db, id);
    printJob(out, jobs.sums, job);
    printNext(out, job);
    out.line();
    printTable(out, ['rows', 'count'], Object.entries(job.rows_by_status));
    if (job.failures.length > 0) {
      out.line();
      printTable(
        out,
        ['failed row', 'attempts', 'error', 'message'],
        job.failures.map((row) => [
          row.row_number,
          row.attempts,
          row.error_code ?? '',
          row.error_message ?? '',
        ]),
      );
    }
    if (job.log.length > 0) out.line();
    for (const { timestamp, level, message } of job.log)
      out.line(`${timestamp} ${level.padEnd(7)} ${message}`);
    return { document: { job } };
  });
