import type { Database } from '../session/database.js';
import { cancelJob } from './cancel.js';
import { confirmJob } from './confirm.js';
import { pauseJob, resumeJob } from './control.js';
import type { AnyExecutor } from './executor.js';
import type { JobCommands, JobSum } from './job-commands.js';
import { pageLog } from './log.js';
import type { JobDatabase, JobModel } from './model.js';
import { jobStatus, listJobs, pageRows } from './query.js';
import { retryFailed } from './retry.js';
import { runJob } from './run.js';

/** The parts of the `ashlar jobs` commands that the system itself provides. */
export interface CommandParts {
  /** Creates the executor that `ashlar jobs run` calls for each row. */
  readonly executor: () => AnyExecutor;
  /** Creates a job from a file when `ashlar jobs import` is called. Without this function, the command is refused. */
  readonly import?: JobCommands['import'];
  /** Writes the rows of a job when `ashlar jobs export` is called. Without this function, the command is refused. */
  readonly export?: JobCommands['export'];
}

const actor = 'cli';
const shown = 20;

/** Creates the `ashlar jobs` commands for one kind of job. */
export function jobCommands(
  model: JobModel,
  sums: readonly JobSum[],
  { executor, import: importFile, export: exportRows }: CommandParts,
): JobCommands {
  // the command line opens the database of a system without the types of its tables
  const of = (db: Database) => db as unknown as JobDatabase;
  return {
    sums,
    import: importFile,
    export: exportRows,
    confirm: (db, id) => of(db).session({ actor }, (s) => confirmJob(model, s, id)),
    list: (db) => of(db).read((s) => listJobs(model, s)),
    show: (db, jobId) =>
      of(db).read(async (s) => {
        const { job, account } = await jobStatus(model, s, jobId);
        return {
          ...job,
          rows_by_status: { ...account.by_status, in_doubt: account.in_doubt },
          log: await pageLog(model, s, { jobId, newestFirst: true, limit: shown }),
          failures: await pageRows(model, s, { jobId, status: 'failed', limit: shown }),
        };
      }),
    run: (db, jobId, { executor: given, ...options } = {}) =>
      runJob(model, of(db), { jobId, executor: given ?? executor() }, { ...options, actor }),
    pause: (db, id) => of(db).session({ actor }, (s) => pauseJob(model, s, id)),
    resume: (db, id) => of(db).session({ actor }, (s) => resumeJob(model, s, id)),
    cancel: (db, id) => of(db).session({ actor }, (s) => cancelJob(model, s, id)),
    retry: (db, jobId, rows) =>
      of(db).session({ actor }, async (s) => (await retryFailed(model, s, { jobId, rows })).job),
  };
}
