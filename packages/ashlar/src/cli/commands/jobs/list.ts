import type { Command } from 'commander';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { sumText } from '../../print-job.js';
import { printTable } from '../../print-table.js';
import { withJobs } from '../../with-jobs.js';

/** `ashlar jobs list`: lists the 100 newest jobs. */
export function listCommand(commands: Commands): Command {
  return commands.make('list', 'list the 100 newest jobs', run);
}

const run = (invocation: Invocation): Promise<Answer> =>
  withJobs(invocation, async (jobs, db) => {
    const { out } = invocation;
    const all = await jobs.list(db);
    if (all.length === 0) out.line('no jobs');
    else {
      printTable(
        out,
        ['id', 'name', 'status', 'rows', 'done', 'failed', ...jobs.sums.map(({ label }) => label), 'created'],
        all.map((job) => [
          job.id,
          job.name,
          job.status,
          job.total_rows,
          job.processed_rows,
          job.failed_rows,
          ...jobs.sums.map((sum) => sumText(sum, job)),
          job.created_at,
        ]),
      );
    }
    return { document: { jobs: all } };
  });
