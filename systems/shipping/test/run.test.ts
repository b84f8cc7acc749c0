import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Executor,
  importJob,
  type ShippingDatabase,
  shipments,
  simulatedExecutor,
} from '@ashlar/shipping';
import { idempotencyKey } from 'ashlar/jobs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { oneOfEach } from '../../../test/support/engines.js';
import { Carrier, csv, gate, makeJob, openShipping, type ShippingPlace, superstore } from './support.js';

const { engines } = oneOfEach(import.meta.url);

describe.each(engines)('running a job on $name', (engine) => {
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

  test('ships all Californian orders of a real file, and accounts for every cent', async () => {
    const { job } = await importJob(db, superstore, {
      mode: 'auto',
      name: 'California',
      command: 'Ship all California orders',
      where: { State: 'California' },
    });
    const done = await shipments.run(db, job.id, simulatedExecutor());
    expect(done).toMatchObject({
      status: 'completed',
      total_rows: 2_001,
      successful_rows: 2_001,
      failed_rows: 0,
    });
    expect(done.started_at).not.toBeNull();
    expect(done.completed_at).not.toBeNull();
    const rows = await rowsOf(job.id);
    expect(rows).toHaveLength(2_001);
    expect(rows.every((row) => row.status === 'completed' && row.attempts === 1)).toBe(true);
    expect(
      rows.every((row) => row.tracking_number?.startsWith('SIMULATED-') && row.processed_at !== null),
    ).toBe(true);
    expect(new Set(rows.map((row) => row.tracking_number)).size).toBe(2_001);
    expect(done.total_cost_cents).toBe(rows.reduce((sum, row) => sum + (row.cost_cents ?? 0), 0));
    expect(await status(job.id)).toMatchObject({ balanced: true });
  });

  test('calls the executor with a stable key, at most `concurrency` at once, and reports progress', async () => {
    const jobId = await makeJob(db, 100);
    let [inFlight, most] = [0, 0];
    carrier.before = async () => {
      most = Math.max(most, ++inFlight);
      await sleep(1);
      inFlight--;
    };
    const seen: number[] = [];
    await shipments.run(db, jobId, carrier.executor(), {
      concurrency: 4,
      onProgress: (progress) => {
        expect(progress.total).toBe(100);
        seen.push(progress.done);
      },
    });
    expect(most).toBe(4);
    expect(seen.at(-1)).toBe(100);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(carrier.calls).toHaveLength(100);
    for (const { row, key } of carrier.calls) expect(key).toBe(idempotencyKey(jobId, row));
    expect(
      (await rowsOf(jobId)).every((row) => row.idempotency_key === idempotencyKey(jobId, row.row_number)),
    ).toBe(true);
  });

  test('writes the intent of a row before its call', async () => {
    const jobId = await makeJob(db, 30);
    carrier.before = async (number) => {
      const row = await db.read((s) => shipments.rows(s, { jobId, after: number - 1, limit: 1 }));
      expect(row).toMatchObject([{ row_number: number, status: 'processing', attempts: 1 }]);
    };
    expect(
      await shipments.run(db, jobId, carrier.executor(), { concurrency: 3, flushEvery: 7 }),
    ).toMatchObject({
      status: 'completed',
    });
  });

  test('a job with failures ends failed; each failure is on its row and in the log', async () => {
    const jobId = await makeJob(db, 50);
    carrier.before = (row) => {
      if (row === 7) throw Object.assign(new Error('no such street'), { code: 'address' });
      // an executor may throw anything
      if (row === 8) throw `odd ${'\0'}\ud800`;
    };
    const job = await shipments.run(db, jobId, carrier.executor());
    expect(job).toMatchObject({
      status: 'failed',
      error_code: 'rows_failed',
      error_message: '2 of 50 rows failed.',
      processed_rows: 50,
      successful_rows: 48,
      failed_rows: 2,
    });
    const failed = await db.read((s) => shipments.rows(s, { jobId, status: 'failed' }));
    expect(failed).toMatchObject([
      { row_number: 7, error_code: 'address', error_message: 'no such street', cost_cents: null },
      { row_number: 8, error_code: 'executor_error', error_message: 'odd ␀\ufffd' },
    ]);
    const log = await db.read((s) => shipments.log(s, { jobId, level: 'WARNING' }));
    expect(log.flatMap((entry) => entry.row_number ?? [])).toEqual([7, 8]);
    expect(await status(jobId)).toMatchObject({ balanced: true });
  });

  test('a result that cannot be recorded leaves its row in doubt, because the call may have had its effect', async () => {
    const jobId = await makeJob(db, 4);
    const answers: Record<number, unknown> = {
      1: { tracking_number: 'T', cost_cents: -1 },
      2: { tracking_number: '', cost_cents: 1 },
      3: undefined,
      4: { tracking_number: 'T', cost_cents: 1.5 },
    };
    const odd: Executor = {
      name: 'odd',
      idempotent: true,
      run: async (row) => answers[row.row_number] as never,
    };
    expect(await shipments.run(db, jobId, odd)).toMatchObject({
      error_message: '4 of 4 rows failed, 4 of them in doubt.',
    });
    expect((await rowsOf(jobId)).map((row) => row.error_code)).toEqual(Array(4).fill('in_doubt'));
  });

  test('a job of rejected lines ends failed without a call', async () => {
    const { job } = await importJob(db, csv('a,b', '1', '2'), { name: 'bad', command: 'ship', mode: 'auto' });
    expect(await shipments.run(db, job.id, carrier.executor())).toMatchObject({
      status: 'failed',
      failed_rows: 2,
    });
    expect(carrier.calls).toEqual([]);
  });

  test('a completed job is not run again', async () => {
    const jobId = await makeJob(db, 3);
    await shipments.run(db, jobId, carrier.executor());
    await expect(shipments.run(db, jobId, carrier.executor())).rejects.toMatchObject({
      code: 'state-conflict',
    });
    await expect(
      shipments.run(db, '0198c0de-0000-7000-8000-000000000000', carrier.executor()),
    ).rejects.toMatchObject({
      code: 'row-not-found',
    });
    expect(carrier.calls).toHaveLength(3);
  });

  test('after an error between two windows the chunk is given back, and the next run continues', async () => {
    const jobId = await makeJob(db, 60);
    let progress = 0;
    const onProgress = () => {
      if (++progress === 3) throw new Error('the screen was closed');
    };
    await expect(
      shipments.run(db, jobId, carrier.executor(), { onProgress, concurrency: 5, flushEvery: 5 }),
    ).rejects.toThrow('screen');
    expect((await status(jobId)).account.by_status.processing).toBeGreaterThan(0);
    expect(await shipments.run(db, jobId, carrier.executor())).toMatchObject({
      status: 'completed',
      successful_rows: 60,
    });
    expect(carrier.shipments.size).toBe(60);
    expect(await status(jobId)).toMatchObject({ balanced: true });
  });

  test('a call may take longer than its lease', async () => {
    const jobId = await makeJob(db, 2);
    carrier.before = () => sleep(1_200);
    const both = await Promise.all([
      shipments.run(db, jobId, carrier.executor(), { leaseSeconds: 0.6 }),
      shipments.run(db, jobId, carrier.executor(), { leaseSeconds: 0.6 }),
    ]);
    expect(both.map((job) => job.status)).toEqual(['completed', 'completed']);
    expect(carrier.calls).toHaveLength(2);
  });

  test('a late worker never overwrites what a newer lease recorded', async () => {
    const jobId = await makeJob(db, 10);
    const held = gate();
    let aborted = false;
    const slow = carrier.executor({
      run: async (row, { signal }) => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        await held.passed;
        return { tracking_number: `LATE-${row.row_number}`, cost_cents: 999_999 };
      },
    });
    const late = shipments.run(db, jobId, slow, { concurrency: 10, leaseSeconds: 6 });
    while ((await status(jobId)).account.by_status.processing < 10) await sleep(10);
    // its lease expires without its knowledge, as if its host had been suspended
    await db.session((s) =>
      s.query
        .updateTable('job_chunks')
        .set({ lease_until: '2000-01-01T00:00:00.000Z' })
        .where('job_id', '=', jobId)
        .execute(),
    );
    expect(await shipments.run(db, jobId, carrier.executor())).toMatchObject({
      status: 'completed',
      successful_rows: 10,
    });
    const before = await rowsOf(jobId);
    while (!aborted) await sleep(10);
    held.open();
    expect(await late).toMatchObject({ status: 'completed', total_cost_cents: 1_055 });
    expect(await rowsOf(jobId)).toEqual(before);
    expect(before.every((row) => row.attempts === 2 && row.tracking_number?.startsWith('T-'))).toBe(true);
    const log = await db.read((s) => shipments.log(s, { jobId, level: 'WARNING' }));
    expect(log.map((entry) => entry.event_type)).toContain('error');
    expect(await status(jobId)).toMatchObject({ balanced: true });
  });

  describe('rows that a dead worker left processing', () => {
    const leaveInDoubt = async (rows: readonly number[]): Promise<string> => {
      const jobId = await makeJob(db, 10);
      const stop = new AbortController();
      // the intents of one window are written, and no call ever returns
      const dying = carrier.executor({
        run: (row) => {
          if (rows.includes(row.row_number)) {
            carrier.shipments.set(idempotencyKey(jobId, row.row_number), {
              tracking_number: 'FIRST',
              cost_cents: 5,
            });
          }
          return new Promise(() => undefined);
        },
      });
      const options = { concurrency: 10, signal: stop.signal, leaseSeconds: 3_600 };
      shipments.run(db, jobId, dying, options).catch(() => undefined);
      while ((await status(jobId)).account.by_status.processing < 10) await sleep(10);
      await db.session(async (s) => {
        const { owner } = await s.query
          .selectFrom('job_chunks')
          .select('owner')
          .where('job_id', '=', jobId)
          .executeTakeFirstOrThrow();
        // the owner becomes a process that does not exist: its id is above all that the system assigns
        const dead = owner?.replace(/:\d+(-\d+-\d+):[^:]*$/, ':99999999$1:dead') ?? null;
        await s.query.updateTable('job_chunks').set({ owner: dead }).where('job_id', '=', jobId).execute();
      });
      return jobId;
    };

    test('are reconciled, and shipped only if the provider does not know them', async () => {
      const jobId = await leaveInDoubt([2, 3]);
      const job = await shipments.run(db, jobId, carrier.reconcilable());
      expect(job).toMatchObject({ status: 'completed', successful_rows: 10 });
      const rows = await rowsOf(jobId);
      expect(rows.filter((row) => row.tracking_number === 'FIRST').map((row) => row.row_number)).toEqual([
        2, 3,
      ]);
      expect(carrier.calls.map((call) => call.row).sort((a, b) => a - b)).toEqual([1, 4, 5, 6, 7, 8, 9, 10]);
    });

    test('are shipped again under the same key if the executor is idempotent', async () => {
      const jobId = await leaveInDoubt([2]);
      expect(await shipments.run(db, jobId, carrier.executor())).toMatchObject({ status: 'completed' });
      expect(carrier.shipments.size).toBe(10);
      expect((await rowsOf(jobId)).every((row) => row.attempts === 2)).toBe(true);
    });

    test('are in doubt if the executor is neither idempotent nor reconcilable', async () => {
      const jobId = await leaveInDoubt([2]);
      const careful = carrier.executor({ idempotent: false });
      const job = await shipments.run(db, jobId, careful);
      expect(job).toMatchObject({
        status: 'failed',
        error_message: '10 of 10 rows failed, 10 of them in doubt.',
      });
      expect(carrier.calls).toEqual([]);
      expect(await status(jobId)).toMatchObject({ balanced: true, account: { in_doubt: 10 } });
    });

    test('are in doubt when the provider cannot be asked', async () => {
      const jobId = await leaveInDoubt([]);
      const unreachable = carrier.reconcilable({ reconcile: () => Promise.reject(new Error('timeout')) });
      expect(await shipments.run(db, jobId, unreachable)).toMatchObject({
        status: 'failed',
        failed_rows: 10,
      });
      expect((await rowsOf(jobId)).every((row) => row.error_code === 'in_doubt')).toBe(true);
      expect(carrier.calls).toEqual([]);
    });
  });
});
