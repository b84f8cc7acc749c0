import { setTimeout as sleep } from 'node:timers/promises';
import { type ShippingDatabase, shipments, simulatedExecutor } from '@ashlar/shipping';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oneOfEach } from '../../../test/support/engines.js';
import { makeJob, openShipping, type ShippingPlace } from './support.js';

const { engines } = oneOfEach(import.meta.url);

describe.each(engines)('totals always equal the rows on $name', (engine) => {
  let place: ShippingPlace;
  let db: ShippingDatabase;
  beforeAll(async () => {
    place = await openShipping(engine);
    db = place.db;
  });
  afterAll(() => place.remove());

  /** Compares until the work ends. @returns how many times */
  const watch = async (jobId: string, work: Promise<unknown>): Promise<number> => {
    let looks = 0;
    let over = false;
    const ended = work.finally(() => {
      over = true;
    });
    ended.catch(() => undefined);
    while (!over) {
      const { job, account, balanced } = await db.read((s) => shipments.status(s, jobId));
      expect({ job, account, balanced }).toMatchObject({ balanced: true });
      looks++;
      await sleep(1);
    }
    await ended;
    return looks;
  };

  test('while four workers run one job, and rows fail', async () => {
    const jobId = await makeJob(db, 600, { chunkRows: 25 });
    const executor = simulatedExecutor({ fail: [1, 99, 250, 251, 600], latency: 1 });
    const workers = Array.from({ length: 4 }, () =>
      shipments.run(db, jobId, executor, { concurrency: 4, flushEvery: 10 }),
    );
    expect(await watch(jobId, Promise.all(workers))).toBeGreaterThan(2);
    for (const job of await Promise.all(workers)) {
      expect(job).toMatchObject({
        status: 'failed',
        processed_rows: 600,
        failed_rows: 5,
        successful_rows: 595,
      });
    }
  });

  test('during any sequence of runs, pauses, retries and cancels', { timeout: 120_000 }, async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('run' as const),
        workers: fc.integer({ min: 1, max: 4 }),
        window: fc.integer({ min: 1, max: 30 }),
      }),
      fc.record({
        kind: fc.constantFrom('pause' as const, 'retry' as const),
        after: fc.integer({ min: 0, max: 20 }),
      }),
    );
    const scenario = fc.record({
      rows: fc.integer({ min: 1, max: 80 }),
      chunkRows: fc.integer({ min: 1, max: 30 }),
      fail: fc.array(fc.integer({ min: 1, max: 80 }), { maxLength: 10 }),
      steps: fc.array(step, { minLength: 1, maxLength: 5 }),
      cancel: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ rows, chunkRows, fail, steps, cancel }) => {
        const jobId = await makeJob(db, rows, { chunkRows });
        const executor = simulatedExecutor({ fail, latency: 1 });
        // an operation that the status does not allow must change nothing
        const tried = (work: Promise<unknown>) =>
          work.catch((error) => expect(error).toMatchObject({ code: 'state-conflict' }));
        const all = steps.map((step) => {
          if (step.kind === 'run') {
            const options = { flushEvery: step.window, concurrency: 4 };
            return Promise.all(
              Array.from({ length: step.workers }, () => tried(shipments.run(db, jobId, executor, options))),
            );
          }
          const service = step.kind === 'pause' ? shipments.pause : shipments.retry;
          const ask = () =>
            db.session<unknown>((s) =>
              service === shipments.pause ? shipments.pause(s, jobId) : shipments.retry(s, { jobId }),
            );
          return sleep(step.after).then(() => tried(ask()));
        });
        await watch(jobId, Promise.all(all));
        if (cancel) await tried(db.session((s) => shipments.cancel(s, jobId)));
        const { job, account, balanced } = await db.read((s) => shipments.status(s, jobId));
        expect(balanced).toBe(true);
        expect(account.total_rows).toBe(rows);
        expect(account.by_status.processing).toBe(0);
        if (cancel) expect(account.by_status.pending).toBe(0);
        if (job.status === 'completed') expect(account.by_status.completed).toBe(rows);
      }),
      { numRuns: 12 },
    );
  });
});
