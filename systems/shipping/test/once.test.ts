import { type Executor, type ShippingDatabase, shipments } from '@ashlar/shipping';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oneOfEach } from '../../../test/support/engines.js';
import { gate, makeJob, openShipping, type ShippingPlace } from './support.js';

const kinds = ['idempotent', 'reconcilable', 'plain'] as const;
type Kind = (typeof kinds)[number];

/** A carrier that charges for each shipment, and whose answers may be late: the label is bought all the same. */
class SlowCarrier {
  readonly bought: string[] = [];
  readonly #late = gate();
  readonly called = gate();
  #landed: Promise<void>[] = [];

  executor(kind: Kind, hangs: 'run' | 'reconcile' | 'no call'): Executor {
    const buy = (key: string) => {
      if (kind !== 'idempotent' || !this.bought.includes(key)) this.bought.push(key);
      return { tracking_number: 'T-1', cost_cents: 100 };
    };
    const late = (call: () => void): Promise<never> => {
      this.called.open();
      this.#landed.push(this.#late.passed.then(call));
      return new Promise<never>(() => undefined);
    };
    return {
      name: 'carrier',
      idempotent: kind === 'idempotent',
      run: async (_row, { idempotencyKey: key }) => (hangs === 'run' ? late(() => void buy(key)) : buy(key)),
      ...(kind === 'reconcilable'
        ? {
            reconcile: async (
              _row: unknown,
              { idempotencyKey: key }: { readonly idempotencyKey: string },
            ) => {
              if (hangs === 'reconcile') return late(() => undefined);
              return this.bought.includes(key) ? { tracking_number: 'T-1', cost_cents: 100 } : 'not-effected';
            },
          }
        : {}),
    };
  }

  async land(): Promise<void> {
    this.#late.open();
    await Promise.all(this.#landed);
  }
}

describe.each(oneOfEach(import.meta.url).engines)('a call that is left, on $name', (engine) => {
  let place: ShippingPlace;
  let db: ShippingDatabase;
  beforeAll(async () => {
    place = await openShipping(engine);
    db = place.db;
  });
  afterAll(() => place.remove());

  const status = (jobId: string) => db.read((s) => shipments.status(s, jobId));
  const rowsOf = (jobId: string) => db.read((s) => shipments.rows(s, { jobId }));
  const retry = (jobId: string) => db.session((s) => shipments.retry(s, { jobId })).catch(() => undefined);

  const leave = async (jobId: string, executor: Executor, carrier: SlowCarrier, way: string) => {
    if (way === 'time limit') return void (await shipments.run(db, jobId, executor, { callSeconds: 0.02 }));
    const stop = new AbortController();
    const run = shipments.run(db, jobId, executor, { signal: stop.signal, stopSeconds: 0.01 });
    await carrier.called.passed;
    stop.abort();
    await run;
  };

  const cases = kinds.flatMap((first) =>
    ['time limit', 'abort'].flatMap((way) => kinds.map((next) => ({ first, way, next }))),
  );
  test.each(cases)(
    'of an executor that is $first, by $way, is not bought again by one that is $next',
    async ({ first, way, next }) => {
      const carrier = new SlowCarrier();
      const jobId = await makeJob(db, 1);
      await leave(jobId, carrier.executor(first, 'run'), carrier, way);
      await retry(jobId);
      await shipments.run(db, jobId, carrier.executor(next, 'no call')).catch(() => undefined);
      await retry(jobId);
      await shipments.run(db, jobId, carrier.executor(next, 'no call')).catch(() => undefined);
      await carrier.land();
      expect(carrier.bought).toHaveLength(1);
      const [row] = await rowsOf(jobId);
      const repeated = first === 'idempotent' && next === 'idempotent';
      expect(row).toMatchObject(
        repeated ? { status: 'completed', error_code: null } : { error_code: 'in_doubt' },
      );
      expect(await status(jobId)).toMatchObject({ balanced: true });
    },
  );

  test('by a person who has checked it, may be executed again, by its number', async () => {
    const carrier = new SlowCarrier();
    const jobId = await makeJob(db, 1);
    await leave(jobId, carrier.executor('reconcilable', 'run'), carrier, 'time limit');
    await carrier.land();
    await db.session((s) => shipments.retry(s, { jobId, rows: [1] }));
    await shipments.run(db, jobId, carrier.executor('reconcilable', 'no call'));
    expect(carrier.bought).toHaveLength(1);
    expect(await rowsOf(jobId)).toMatchObject([{ status: 'completed', error_code: null }]);
  });

  test('while the provider is asked for an earlier attempt, is in doubt', async () => {
    const carrier = new SlowCarrier();
    const jobId = await makeJob(db, 1);
    const failing = {
      ...carrier.executor('reconcilable', 'no call'),
      run: () => Promise.reject(new Error()),
    };
    await shipments.run(db, jobId, failing);
    await retry(jobId);
    await shipments.run(db, jobId, carrier.executor('reconcilable', 'reconcile'), { callSeconds: 0.02 });
    expect(await rowsOf(jobId)).toMatchObject([{ status: 'failed', error_code: 'in_doubt' }]);
  });

  const cancel = (jobId: string) => db.session((s) => shipments.cancel(s, jobId));

  test.each(kinds)(
    'of an executor that is %s, is in doubt once its job is cancelled, before or after',
    async (kind) => {
      for (const order of ['abort first', 'cancel first', 'timed out and retried']) {
        const carrier = new SlowCarrier();
        const jobId = await makeJob(db, 30);
        const stop = new AbortController();
        const run = shipments.run(db, jobId, carrier.executor(kind, 'run'), {
          concurrency: 2,
          signal: stop.signal,
          stopSeconds: 0.01,
          ...(order === 'timed out and retried' ? { callSeconds: 0.01 } : {}),
        });
        await carrier.called.passed;
        if (order === 'cancel first') await cancel(jobId);
        if (order !== 'timed out and retried') stop.abort();
        await run;
        if (order === 'timed out and retried') await retry(jobId);
        if (order !== 'cancel first') await cancel(jobId);
        const { job, account, balanced } = await status(jobId);
        expect(job.status).toBe('cancelled');
        expect(account.by_status).toMatchObject({ pending: 0, processing: 0, completed: 0 });
        expect(account.in_doubt).toBe(order === 'timed out and retried' ? 30 : 2);
        expect(balanced).toBe(true);
      }
    },
  );

  test('with a wait that is no number of seconds is refused, and one without end is a wait', async () => {
    const jobId = await makeJob(db, 1);
    const executor = new SlowCarrier().executor('idempotent', 'no call');
    for (const bad of [
      { callSeconds: Number.NaN },
      { callSeconds: 0 },
      { stopSeconds: -1 },
      { leaseSeconds: 0 },
    ])
      await expect(shipments.run(db, jobId, executor, bad)).rejects.toMatchObject({ code: 'input-invalid' });
    const stop = new AbortController();
    const answer = gate();
    const run = shipments.run(
      db,
      jobId,
      {
        ...executor,
        run: async (row, attempt) => {
          stop.abort();
          setTimeout(answer.open, 30);
          await answer.passed;
          return executor.run(row, attempt);
        },
      },
      { signal: stop.signal, stopSeconds: Number.POSITIVE_INFINITY, callSeconds: Number.POSITIVE_INFINITY },
    );
    await run;
    expect(await rowsOf(jobId)).toMatchObject([{ status: 'completed' }]);
  });
});
