import type { Database, JobCommands } from 'ashlar';
import { cancelJob, pauseJob, resumeJob, retryFailed } from './control.js';
import type { ShippingDatabase } from './database.js';
import { importJob } from './import.js';
import { jobStatus, listJobs, pageRows, recentLog } from './query.js';
import { runJob } from './run.js';
import { simulatedExecutor } from './simulated.js';

// the command line opens the database with this system's tables, and does not know their types
const shippingOf = (db: Database): ShippingDatabase => db as unknown as ShippingDatabase;

const actor = 'cli';

/** What `ashlar jobs` does here. Rows are run by the simulated executor: no carrier is called. */
export const jobCommands: JobCommands = {
  list: (db) => shippingOf(db).read((s) => listJobs(s)),

  show: (db, id) =>
    shippingOf(db).read(async (s) => {
      const { job, account } = await jobStatus(s, id);
      return {
        ...job,
        rows_by_status: { ...account.by_status, in_doubt: account.in_doubt },
        log: await recentLog(s, id),
        failures: await pageRows(s, { jobId: id, status: 'failed', limit: 20 }),
      };
    }),

  import: (db, path, { name, where, ...options }) => {
    const conditions = Object.entries(where ?? {}).map(([column, value]) => ` --where ${column}=${value}`);
    const command = `jobs import ${path} --name ${name}${conditions.join('')}`;
    return importJob(shippingOf(db), path, { ...options, name, where, command, actor });
  },

  run: (db, id, options = {}) => runJob(shippingOf(db), id, simulatedExecutor(), { ...options, actor }),
  pause: (db, id) => shippingOf(db).session({ actor }, (s) => pauseJob(s, id)),
  resume: (db, id) => shippingOf(db).session({ actor }, (s) => resumeJob(s, id)),
  cancel: (db, id) => shippingOf(db).session({ actor }, (s) => cancelJob(s, id)),
  retry: (db, id, rows) =>
    shippingOf(db).session({ actor }, async (s) => (await retryFailed(s, { jobId: id, rows })).job),
};
