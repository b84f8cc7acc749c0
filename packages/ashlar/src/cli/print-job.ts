import type { JobProgress, JobStatus, JobSum, JobSummary } from '../jobs/index.js';
import type { Output } from './output.js';

const colours: Readonly<Record<JobStatus, 'green' | 'yellow' | 'red' | 'cyan' | 'gray'>> = {
  pending: 'gray',
  running: 'cyan',
  paused: 'yellow',
  completed: 'green',
  failed: 'red',
  cancelled: 'gray',
};

/**
 * Formats a sum of a job as text; returns a dash while the sum is unknown. The sum of a simulated job says so wherever it is
 * shown, so that it is not taken for a bill.
 */
export function sumText({ column, format }: JobSum, job: Readonly<Record<string, unknown>>): string {
  const value = job[column];
  if (typeof value !== 'number') return '–';
  return job.simulated === true ? `${format(value)} SIMULATED` : format(value);
}

/** Prints a job: its name, status, id, numbers of rows, sums, times and error. */
export function printJob(out: Output, sums: readonly JobSum[], job: JobSummary): void {
  const fact = (name: string, text: string) => out.line(`  ${name.padEnd(11)}${text}`);
  const simulated = job.simulated === true ? ` · ${out.style('yellow', 'SIMULATED')}` : '';
  out.line(`${out.style('bold', job.name)} · ${out.style(colours[job.status], job.status)}${simulated}`);
  fact('id', job.id);
  fact(
    'rows',
    `${job.processed_rows} of ${job.total_rows} done · ${job.successful_rows} successful · ${job.failed_rows} failed`,
  );
  for (const sum of sums) fact(sum.label, sumText(sum, job));
  fact('created', job.created_at);
  if (job.confirmed_at) fact('confirmed', job.confirmed_at);
  if (job.started_at) fact('started', job.started_at);
  if (job.completed_at) fact('completed', job.completed_at);
  if (job.error_message) fact('error', `${job.error_message}${job.error_code ? ` (${job.error_code})` : ''}`);
}

/** Prints on standard error what a person has to do before a job can run. */
export function printNext(out: Output, { id, importer, status, mode, confirmed_at }: JobSummary): void {
  if (importer !== null) out.note('The import of this job has not ended: it cannot run.');
  else if (status === 'pending' && mode === 'confirm' && confirmed_at === null)
    out.note(`The job waits for its confirmation: ashlar jobs confirm ${id}`);
}

/** Returns the notes to show beside the progress bar of a job: the number of failed rows, and the known sums. */
export function progressNotes(sums: readonly JobSum[], { failed, totals, simulated }: JobProgress): string[] {
  const values: Readonly<Record<string, unknown>> = { ...totals, simulated };
  const known = sums.filter(({ column }) => typeof values[column] === 'number');
  return [
    ...(failed > 0 ? [`${failed.toLocaleString('en-US')} failed`] : []),
    ...known.map((sum) => sumText(sum, values)),
  ];
}
