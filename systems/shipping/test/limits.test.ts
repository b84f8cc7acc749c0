import { setTimeout as sleep } from 'node:timers/promises';
import { importJob, type ShippingDatabase, shipments, shipping, simulatedExecutor } from '@ashlar/shipping';
import type { Database } from 'ashlar';
import { idempotencyKey } from 'ashlar/jobs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { oneOfEach } from '../../../test/support/engines.js';
import { Carrier, gate, makeJob, openShipping, orders, type ShippingPlace } from './support.js';

const { engines } = oneOfEach(import.meta.url);

/** So long that a file is not read as a whole before its first lines are imported. */
const longLines = (count: number): string => `A-1,${'x'.repeat(90)}\n`.repeat(count);

describe.each(engines)('the limits of a job on $name', (engine) => {
  let place: ShippingPlace;
  let db: ShippingDatabase;
  let carrier: Carrier;
  beforeAll(async () => {
    place = await openShipping(engine);
    db = place.db;
  });
  beforeEach(() => {
    carrier = new Carrier();
  });
  afterAll(() => place.remove());

  const rowsOf = (jobId: string) => db.read((s) => shipments.rows(s, { jobId, limit: 10_000 }));
  const status = (jobId: string) => db.read((s) => shipments.status(s, jobId));
  const never = () => new Promise<never>(() => undefined);

  describe('a job of mode confirm', () => {
    test('waits for its confirmation, in every way to run it, and its log names who confirmed', async () => {
      const { job } = await importJob(db, orders(3), { name: 'waits', command: 'ship' });
      expect(job).toMatchObject({ mode: 'confirm', status: 'pending', confirmed_at: null });
      const running = [
        () => shipments.run(db, job.id, carrier.executor()),
        () => shipping.jobs?.run(db as unknown as Database, job.id),
      ];
      for (const run of running) await expect(run()).rejects.toMatchObject({ code: 'state-conflict' });
      expect(carrier.calls).toEqual([]);
      const confirm = () => db.session({ actor: 'user:7' }, (s) => shipments.confirm(s, job.id));
      const confirmed = await confirm();
      expect(confirmed).toMatchObject({ status: 'pending', confirmed_at: expect.any(String) });
      expect((await confirm()).confirmed_at).toBe(confirmed.confirmed_at);
      const log = await db.read((s) => shipments.log(s, { jobId: job.id }));
      expect(log.filter(({ message }) => message.startsWith('confirmed'))).toMatchObject([
        { details: { actor: 'user:7', total_rows: 3 } },
      ]);
      expect(await shipments.run(db, job.id, carrier.executor())).toMatchObject({ status: 'completed' });
    });

    test('is not run by a confirmation of another job, and a job of mode auto needs none', async () => {
      const jobId = await makeJob(db, 1);
      const confirming = db.session((s) => shipments.confirm(s, jobId));
      await expect(confirming).rejects.toMatchObject({ code: 'state-conflict' });
      expect(await shipments.run(db, jobId, carrier.executor())).toMatchObject({ status: 'completed' });
    });
  });

  describe('a call that does not end', () => {
    test('fails after its time as timed_out, its signal is aborted, and its row can be retried', async () => {
      const jobId = await makeJob(db, 3);
      let aborted = false;
      const hanging = carrier.executor({
        run: (row, { signal }) => {
          if (row.row_number !== 2)
            return carrier.executor().run(row, { idempotencyKey: 'k', attempt: 1, signal });
          signal.addEventListener('abort', () => {
            aborted = true;
          });
          return never();
        },
      });
      const job = await shipments.run(db, jobId, hanging, { callSeconds: 0.05 });
      expect(job).toMatchObject({ status: 'failed', successful_rows: 2, failed_rows: 1 });
      expect(aborted).toBe(true);
      expect((await rowsOf(jobId))[1]).toMatchObject({ status: 'failed', error_code: 'timed_out' });
      await db.session((s) => shipments.retry(s, { jobId }));
      expect(await shipments.run(db, jobId, carrier.executor())).toMatchObject({ status: 'completed' });
      expect(await status(jobId)).toMatchObject({ balanced: true });
    });

    test('is in doubt when it cannot be repeated safely', async () => {
      const jobId = await makeJob(db, 1);
      const hanging = carrier.executor({ idempotent: false, run: never });
      await shipments.run(db, jobId, hanging, { callSeconds: 0.05 });
      expect(await rowsOf(jobId)).toMatchObject([{ status: 'failed', error_code: 'in_doubt' }]);
      const unreachable = carrier.reconcilable({ reconcile: never });
      await db.session((s) => shipments.retry(s, { jobId, rows: [1] }));
      await shipments.run(db, jobId, unreachable, { callSeconds: 0.05 });
      expect(await rowsOf(jobId)).toMatchObject([{ status: 'failed', error_code: 'in_doubt' }]);
    });

    test('does not keep a run that was aborted: it returns, and rows that were not called are pending again', async () => {
      const jobId = await makeJob(db, 20);
      const stop = new AbortController();
      const started = gate();
      const hanging = carrier.executor({
        run: () => {
          started.open();
          return never();
        },
      });
      const run = shipments.run(db, jobId, hanging, {
        concurrency: 2,
        signal: stop.signal,
        stopSeconds: 0.05,
      });
      await started.passed;
      stop.abort();
      expect(await run).toMatchObject({ status: 'paused' });
      const { account, balanced } = await status(jobId);
      expect(account.by_status).toMatchObject({ processing: 2, pending: 18 });
      expect(balanced).toBe(true);
      const done = await shipments.run(db, jobId, carrier.executor());
      expect(done).toMatchObject({ status: 'completed', successful_rows: 20 });
      for (const row of await rowsOf(jobId)) expect(row.attempts).toBe(row.row_number <= 2 ? 2 : 1);
    });
  });

  test('a row that kills its worker fails in doubt after three attempts, and takes no other row with it', async () => {
    const jobId = await makeJob(db, 6);
    // a process that dies in the call of row 4: no call of its window comes back
    const dying = async (): Promise<boolean> => {
      const stop = new AbortController();
      const reached = gate();
      let dead = false;
      const executor = carrier.executor({
        run: async (row, attempt) => {
          if (row.row_number === 4) {
            dead = true;
            reached.open();
          }
          await sleep(1);
          return dead ? never() : carrier.executor().run(row, attempt);
        },
      });
      const run = shipments.run(db, jobId, executor, {
        concurrency: 6,
        signal: stop.signal,
        stopSeconds: 0.01,
      });
      const died = await Promise.race([reached.passed.then(() => true), run.then(() => false)]);
      stop.abort();
      await run;
      return died;
    };
    let deaths = 0;
    while (deaths < 5 && (await dying())) deaths++;
    expect(deaths).toBe(3);
    const rows = await rowsOf(jobId);
    expect(rows.filter(({ status: state }) => state === 'completed')).toHaveLength(5);
    expect(rows[3]).toMatchObject({ status: 'failed', error_code: 'in_doubt' });
    expect(await status(jobId)).toMatchObject({ balanced: true });
  });

  test('windows do not restart in each chunk: an executor that is fast gets whole chunks', async () => {
    const jobId = await makeJob(db, 200);
    await shipments.run(db, jobId, carrier.executor(), { concurrency: 1 });
    const log = await db.read((s) => shipments.log(s, { jobId, limit: 1_000 }));
    const windows = log.flatMap(({ message }) => {
      const [, from, to] = /^Rows (\d+) to (\d+):/.exec(message) ?? [];
      return to === undefined ? [] : [Number(to) - Number(from) + 1];
    });
    // ten chunks of 20 rows: only the first begins with a window of one row
    expect(windows.filter((rows) => rows === 1).length).toBeLessThanOrEqual(2);
    expect(windows.slice(-5)).toEqual([20, 20, 20, 20, 20]);
  });

  describe('a simulated job', () => {
    test('says SIMULATED in its job and log, and no real executor goes on with it', async () => {
      const jobId = await makeJob(db, 4);
      const job = await shipments.run(db, jobId, simulatedExecutor({ fail: [2] }));
      expect(job).toMatchObject({ status: 'failed', simulated: true });
      const log = await db.read((s) => shipments.log(s, { jobId }));
      for (const { message } of log.filter(({ event_type }) => event_type === 'api_call'))
        expect(message).toMatch(/^SIMULATED: /);
      await db.session((s) => shipments.retry(s, { jobId }));
      const real = shipments.run(db, jobId, carrier.executor());
      await expect(real).rejects.toMatchObject({ code: 'state-conflict' });
      expect(await shipments.run(db, jobId, simulatedExecutor())).toMatchObject({ status: 'completed' });
      const other = await makeJob(db, 1);
      expect(await shipments.run(db, other, carrier.executor())).toMatchObject({ simulated: false });
    });
  });

  describe('an import', () => {
    test('commits in chunks: another job runs to its end meanwhile, and this one cannot run before its end', async () => {
      const other = await makeJob(db, 40);
      const half = gate();
      const ended = gate();
      const source = (async function* () {
        yield `order,note\n${longLines(4_000)}`;
        half.open();
        await ended.passed;
        yield longLines(500);
      })();
      const importing = importJob(db, source, {
        name: 'long',
        command: 'ship',
        mode: 'auto',
      });
      await half.passed;
      const listed = async () =>
        (await db.read((s) => shipments.list(s))).find(({ name }) => name === 'long');
      let found = await listed();
      for (; found?.total_rows !== 2_000; found = await listed()) await sleep(5);
      expect(found).toMatchObject({ importer: expect.any(String), status: 'pending' });
      expect(await status(found.id)).toMatchObject({ balanced: true, job: { total_rows: 2_000 } });
      const early = shipments.run(db, found.id, carrier.executor());
      await expect(early).rejects.toMatchObject({ code: 'state-conflict', message: /being imported/ });
      expect(await shipments.run(db, other, carrier.executor())).toMatchObject({ status: 'completed' });
      ended.open();
      const { job } = await importing;
      expect(job).toMatchObject({ id: found.id, importer: null, total_rows: 4_500 });
      expect(await status(job.id)).toMatchObject({ balanced: true });
    });

    test('that is cancelled meanwhile ends, and removes what it has written', async () => {
      const source = (async function* () {
        yield `order,note\n${longLines(4_000)}`;
        let found: string | undefined;
        while (found === undefined) {
          await sleep(5);
          found = (await db.read((s) => shipments.list(s))).find(({ name }) => name === 'cancelled')?.id;
        }
        await db.session((s) => shipments.cancel(s, found));
        yield longLines(2_500);
      })();
      const importing = importJob(db, source, { name: 'cancelled', command: 'ship' });
      await expect(importing).rejects.toMatchObject({ code: 'state-conflict' });
      const names = (await db.read((s) => shipments.list(s))).map(({ name }) => name);
      expect(names).not.toContain('cancelled');
    });
  });

  test('the key of a row is the same in every attempt', async () => {
    const jobId = await makeJob(db, 1);
    await shipments.run(db, jobId, carrier.executor());
    expect(carrier.calls.map(({ key }) => key)).toEqual([idempotencyKey(jobId, 1)]);
  });
});
