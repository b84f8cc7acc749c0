import type { JobStatus, JobSummary } from '../jobs/job-commands.js';
import { money } from './money.js';
import type { Output } from './output.js';

const colours: Readonly<Record<JobStatus, 'green' | 'yellow' | 'red' | 'cyan' | 'gray'>> = {
  pending: 'gray',
  running: 'cyan',
  paused: 'yellow',
  completed: 'green',
  failed: 'red',
  cancelled: 'gray',
};

/** A job in a few lines. */
export const printJob = (out: Output, job: JobSummary): void => {
  const fact = (name: string, text: string) => out.line(`  ${name.padEnd(11)}${text}`);
  out.line(`${out.style('bold', job.name)} · ${out.style(colours[job.status], job.status)}`);
  fact('id', job.id);
  fact(
    'rows',
    `${job.processed_rows} of ${job.total_rows} done · ${job.successful_rows} successful · ${job.failed_rows} failed`,
  );
  fact('cost', money(job.total_cost_cents));
  fact('created', job.created_at);
  if (job.started_at) fact('started', job.started_at);
  if (job.completed_at) fact('completed', job.completed_at);
  if (job.error_message) fact('error', `${job.error_message}${job.error_code ? ` (${job.error_code})` : ''}`);
};
