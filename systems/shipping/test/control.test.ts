import { setTimeout as sleep } from 'node:timers/promises';
import {
  importJob,
  type ShippingDatabase,
  type ShippingSession,
  shipments,
  simulatedExecutor,
} from '@ashlar/shipping';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { Carrier, csv, gate, makeJob, openShipping, type ShippingPlace } from './support.js';

describe.each(engines)('controlling a job on $name', (engine) => {
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
  const conflict = { code: 'state-conflict' };

  test('a paused job starts no other row, records those in flight, and continues', async () => {
    const jobId = await makeJob(db, 100);
    const [begun, held] = [gate(), gate()];
    carrier.before = async () => {
      begun.open();
      await held.passed;
    };
    const running = shipments.run(db, jobId, carrier.executor(), { concurrency: 5 });
    await begun.passed;
    expect(await db.session((s) => shipments.pause(s, jobId))).toMatchObject({ status: 'paused' });
    held.open();
    expect(await running).toMatchObject({ status: 'paused', successful_rows: 5 });
    expect(await status(jobId)).toMatchObject({
      balanced: true,
      account: { by_status: { completed: 5, pending: 95, processing: 0 } },
    });
    expect(await db.session((s) => shipments.resume(s, jobId))).toMatchObject({ status: 'running' });
    expect(await shipments.run(db, jobId, carrier.executor())).toMatchObject({
      status: 'completed',
      successful_rows: 100,
    });
    expect(carrier.calls).toHaveLength(100);
  });

  test('an aborted signal finishes the rows in flight and pauses the job; another run continues it', async () => {
    const jobId = await makeJob(db, 60);
    const stop = new AbortController();
    carrier.before = (row) => {
      if (row === 10) stop.abort();
    };
    const stopped = await shipments.run(db, jobId, carrier.executor(), {
      signal: stop.signal,
      concurrency: 5,
      flushEvery: 5,
    });
    expect(stopped).toMatchObject({ status: 'paused', successful_rows: 10 });
    expect((await rowsOf(jobId)).filter((row) => row.status === 'processing')).toEqual([]);
    expect(await shipments.run(db, jobId, carrier.executor())).toMatchObject({ status: 'completed' });
    expect(carrier.calls).toHaveLength(60);
  });

  test('cancel skips pending rows and records those in flight', async () => {
    const jobId = await makeJob(db, 50);
    const [begun, held] = [gate(), gate()];
    carrier.before = async (row) => {
      if (row > 20) begun.open();
      if (row > 20) await held.passed;
    };
    const running = shipments.run(db, jobId, carrier.executor(), { concurrency: 4, flushEvery: 4 });
    await begun.passed;
    const cancelled = await db.session((s) => shipments.cancel(s, jobId));
    expect(cancelled).toMatchObject({ status: 'cancelled', successful_rows: 20, processed_rows: 46 });
    held.open();
    expect(await running).toMatchObject({ status: 'cancelled', successful_rows: 24, processed_rows: 50 });
    expect(await status(jobId)).toMatchObject({
      balanced: true,
      account: { by_status: { completed: 24, skipped: 26, processing: 0, pending: 0 } },
    });
    const open = await db.read((s) =>
      s.query
        .selectFrom('job_chunks')
        .selectAll()
        .where('job_id', '=', jobId)
        .where('state', '<>', 'done')
        .execute(),
    );
    expect(open).toEqual([]);
    await expect(shipments.run(db, jobId, carrier.executor())).rejects.toMatchObject(conflict);
  });

  test('a second cancel fails, as in doubt, the rows of workers that died after the first', async () => {
    const jobId = await makeJob(db, 20);
    const hanging = carrier.executor({ run: () => new Promise(() => undefined) });
    // after its time limit it meets a closed database
    shipments.run(db, jobId, hanging, { concurrency: 20 }).catch(() => undefined);
    while ((await status(jobId)).account.by_status.processing < 20) await sleep(10);
    expect(await db.session((s) => shipments.cancel(s, jobId))).toMatchObject({ processed_rows: 0 });
    await db.session((s) =>
      s.query
        .updateTable('job_chunks')
        .set({ lease_until: '2000-01-01T00:00:00.000Z' })
        .where('job_id', '=', jobId)
        .execute(),
    );
    expect(await db.session((s) => shipments.cancel(s, jobId))).toMatchObject({
      processed_rows: 20,
      failed_rows: 20,
    });
    expect(await status(jobId)).toMatchObject({ balanced: true, account: { in_doubt: 20 } });
  });

  test('a pending, paused or failed job can be cancelled', async () => {
    const fresh = await makeJob(db, 5);
    expect(await db.session((s) => shipments.cancel(s, fresh))).toMatchObject({
      status: 'cancelled',
      processed_rows: 5,
    });
    const failed = await makeJob(db, 5);
    await shipments.run(db, failed, simulatedExecutor({ fail: [1] }));
    expect(await db.session((s) => shipments.cancel(s, failed))).toMatchObject({
      status: 'cancelled',
      processed_rows: 5,
      failed_rows: 1,
    });
    expect(await status(failed)).toMatchObject({ balanced: true });
  });

  test('a retry runs failed rows and no others', async () => {
    const jobId = await makeJob(db, 100);
    const executor = simulatedExecutor({ fail: [3, 44, 45, 99] });
    expect(await shipments.run(db, jobId, executor)).toMatchObject({
      status: 'failed',
      failed_rows: 4,
      successful_rows: 96,
    });
    const { job, retried } = await db.session((s) => shipments.retry(s, { jobId }));
    expect(retried).toBe(4);
    expect(job).toMatchObject({ status: 'running', failed_rows: 0, processed_rows: 96, error_message: null });
    expect(await status(jobId)).toMatchObject({ balanced: true });
    const done = await shipments.run(db, jobId, executor);
    expect(done).toMatchObject({
      status: 'completed',
      successful_rows: 100,
      failed_rows: 0,
      error_code: null,
    });
    const rows = await rowsOf(jobId);
    expect(rows.filter((row) => row.attempts === 2).map((row) => row.row_number)).toEqual([3, 44, 45, 99]);
    expect(rows.every((row) => row.error_code === null && row.error_message === null)).toBe(true);
    const epochs = await db.read((s) =>
      s.query.selectFrom('job_chunks').select('epoch').where('job_id', '=', jobId).orderBy('chunk').execute(),
    );
    expect(epochs.map((chunk) => chunk.epoch)).toEqual([2, 1, 2, 1, 2]);
  });

  test('a retry may name rows or an error code; it changes nothing if one of the rows cannot be retried', async () => {
    const { job } = await importJob(db, csv('a,b', '1,1', '2,2', '3', '4,4'), {
      mode: 'auto',
      name: 'some',
      command: 'ship',
    });
    await shipments.run(db, job.id, simulatedExecutor({ fail: [1, 2] }));
    const retry = (input: { rows?: number[]; errorCode?: string }) =>
      db.session((s) => shipments.retry(s, { jobId: job.id, ...input }));
    for (const rows of [[3], [4], [1, 4], [77], []])
      await expect(retry({ rows })).rejects.toMatchObject(conflict);
    await expect(retry({ errorCode: 'other' })).rejects.toMatchObject(conflict);
    expect(await status(job.id)).toMatchObject({ balanced: true, job: { status: 'failed' } });
    expect(await retry({ rows: [2, 2] })).toMatchObject({ retried: 1 });
    expect(await shipments.run(db, job.id, simulatedExecutor())).toMatchObject({
      status: 'failed',
      failed_rows: 2,
    });
    expect(await retry({ errorCode: 'simulated_failure' })).toMatchObject({ retried: 1 });
    // line 4 of the file is rejected for good
    expect(await shipments.run(db, job.id, simulatedExecutor())).toMatchObject({
      status: 'failed',
      failed_rows: 1,
    });
    await expect(retry({})).rejects.toMatchObject(conflict);
  });

  test('rows can be retried while other workers run the job', async () => {
    const jobId = await makeJob(db, 40);
    const [begun, held] = [gate(), gate()];
    const executor = carrier.executor();
    carrier.before = async (row, attempt) => {
      if (row <= 5 && attempt === 1) throw new Error('not yet');
      if (row <= 10) return;
      begun.open();
      await held.passed;
    };
    const running = shipments.run(db, jobId, executor, { concurrency: 10, flushEvery: 10 });
    await begun.passed;
    expect(await db.session((s) => shipments.retry(s, { jobId }))).toMatchObject({ retried: 5 });
    expect(await status(jobId)).toMatchObject({ balanced: true });
    held.open();
    expect(await running).toMatchObject({ status: 'completed', successful_rows: 40 });
    expect(await status(jobId)).toMatchObject({ balanced: true });
  });

  test('a row in doubt is retried only when it is named', async () => {
    const jobId = await makeJob(db, 3);
    carrier.before = (row, attempt) => {
      if (row === 2 && attempt === 1) throw Object.assign(new Error('timed out'), { code: 'in_doubt' });
    };
    const careful = carrier.executor({ idempotent: false });
    await shipments.run(db, jobId, careful);
    await expect(db.session((s) => shipments.retry(s, { jobId }))).rejects.toMatchObject(conflict);
    await db.session((s) => shipments.retry(s, { jobId, rows: [2] }));
    expect(await shipments.run(db, jobId, careful)).toMatchObject({ status: 'completed' });
  });

  test('each operation is refused in a status that does not allow it', async () => {
    const jobId = await makeJob(db, 2);
    const refused = async (...services: ((s: ShippingSession, id: string) => Promise<unknown>)[]) => {
      for (const service of services) {
        await expect(db.session((s) => service(s, jobId))).rejects.toMatchObject(conflict);
      }
    };
    const retry = (s: ShippingSession, id: string) => shipments.retry(s, { jobId: id });
    await refused(shipments.pause, shipments.resume, retry);
    await shipments.run(db, jobId, simulatedExecutor());
    await refused(shipments.pause, shipments.resume, shipments.cancel, retry);
    await expect(db.session((s) => shipments.pause(s, crypto.randomUUID()))).rejects.toMatchObject({
      code: 'row-not-found',
    });
  });

  test('the log has every change of status, with its actor', async () => {
    const jobId = await makeJob(db, 2);
    await db.session({ actor: 'user:42' }, (s) => shipments.cancel(s, jobId));
    const log = await db.read((s) => shipments.log(s, { jobId }));
    expect(log.at(-1)).toMatchObject({
      event_type: 'state_change',
      message: 'pending → cancelled',
      details: { from: 'pending', to: 'cancelled', actor: 'user:42' },
    });
  });

  test('deleting a job deletes its rows, chunks and log, and those of no other job', async () => {
    const [other, jobId] = [await makeJob(db, 5), await makeJob(db, 5)];
    await shipments.run(db, jobId, simulatedExecutor({ fail: [2] }));
    const left = (id: string) =>
      db.read(async (s) => {
        const found = [];
        for (const table of ['job_rows', 'job_chunks', 'audit_logs'] as const) {
          found.push((await s.query.selectFrom(table).selectAll().where('job_id', '=', id).execute()).length);
        }
        return found;
      });
    const before = await left(other);
    await db.session((s) => shipments.delete(s, jobId));
    expect(await left(jobId)).toEqual([0, 0, 0]);
    expect(await left(other)).toEqual(before);
    await expect(db.session((s) => shipments.delete(s, jobId))).rejects.toMatchObject({
      code: 'row-not-found',
    });
    await db.session((s) =>
      s.query.updateTable('jobs').set({ status: 'running' }).where('id', '=', other).execute(),
    );
    await expect(db.session((s) => shipments.delete(s, other))).rejects.toMatchObject(conflict);
  });

  test('rows and log are read in pages', async () => {
    const jobId = await makeJob(db, 25);
    await shipments.run(db, jobId, simulatedExecutor({ fail: Array.from({ length: 25 }, (_, i) => i + 1) }));
    const numbers: number[] = [];
    for (let after = 0; ; ) {
      const page = await db.read((s) => shipments.rows(s, { jobId, after, limit: 10, status: 'failed' }));
      numbers.push(...page.map((row) => row.row_number));
      const last = page.at(-1);
      if (!last) break;
      after = last.row_number;
    }
    expect(numbers).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
    const all = await db.read((s) => shipments.log(s, { jobId, limit: 1_000 }));
    for (const newestFirst of [false, true]) {
      const paged: string[] = [];
      for (let after: (typeof all)[number] | undefined; ; ) {
        const page = await db.read((s) => shipments.log(s, { jobId, after, limit: 4, newestFirst }));
        paged.push(...page.map((entry) => entry.id));
        after = page.at(-1);
        if (!after) break;
      }
      const expected = all.map((entry) => entry.id);
      expect(paged).toEqual(newestFirst ? expected.reverse() : expected);
    }
  });
});
