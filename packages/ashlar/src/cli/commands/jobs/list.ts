import type { Command } from 'commander';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { money } from '../../money.js';
import { withJobs } from '../../with-jobs.js';

/** `ashlar jobs list`. */
export const listCommand = (commands: Commands): Command =>
  commands.make('list', 'all jobs, newest first', run);

const run = (invocation: Invocation): Promise<Answer> =>
  withJobs(invocation, async (jobs, db) => {
    const { out } = invocation;
    const all = await jobs.list(db);
    if (all.length === 0) out.line('no jobs');
    else {
      out.table(
        ['id', 'name', 'status', 'rows', 'done', 'failed', 'cost', 'created'],
        all.map((job) => [
          job.id,
          job.name,
          job.status,
          job.total_rows,
          job.processed_rows,
          job.failed_rows,
          money(job.total_cost_cents),
          job.created_at,
        ]),
      );
    }
    return { document: { jobs: all } };
  });
