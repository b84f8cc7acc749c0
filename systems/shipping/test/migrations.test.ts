import { readFile } from 'node:fs/promises';
import { type Executor, shipments, shipping, simulatedExecutor } from '@ashlar/shipping';
import type { SqlName } from 'ashlar/extend';
import { checkMigrations as check, down, dumpSchema, up } from 'ashlar/migrations';
import { describe, expect, test } from 'vitest';
import { oneOfEach } from '../../../test/support/engines.js';
import { Carrier, makeJob, openShipping } from './support.js';

const { engines } = oneOfEach(import.meta.url);

const folder = new URL('../', import.meta.url);

describe.each<SqlName>(['sqlite', 'postgres'])('the migrations of shipping for %s', (name) => {
  test('make the declared tables', async () => {
    await expect(check(shipping, name)).resolves.toBeUndefined();
  });

  test('make the committed dump', async () => {
    const committed = await readFile(new URL(`schema.${name}.sql`, folder), 'utf8');
    expect(await dumpSchema(shipping, name)).toBe(committed);
  });
});

describe.each(engines)('the migrations of shipping on $name', (engine) => {
  test('can be run twice, reverted with rows in the tables, and run again', async () => {
    const { db, remove } = await openShipping(engine);
    try {
      const use = async () => {
        const jobId = await makeJob(db, 30);
        await shipments.run(db, jobId, simulatedExecutor({ fail: [2] }));
        return (await db.read((s) => shipments.status(s, jobId))).account.by_status;
      };
      const expected = { pending: 0, processing: 0, completed: 29, failed: 1, skipped: 0 };
      expect(await use()).toEqual(expected);
      expect(await up(db.engine, shipping)).toEqual([]);
      expect(await down(db.engine, shipping, { to: 'base', destroy: true })).toMatchObject([
        { step: '0006_confirmation_and_import' },
        { step: '0005_recorded_retirements' },
        { step: '0004_authenticated_context' },
        { step: '0003_generated_columns' },
        { step: '0002_guarantees' },
        { step: '0001_initial' },
      ]);
      expect(await up(db.engine, shipping)).toMatchObject([
        { step: '0001_initial' },
        { step: '0002_guarantees' },
        { step: '0003_generated_columns' },
        { step: '0004_authenticated_context' },
        { step: '0005_recorded_retirements' },
        { step: '0006_confirmation_and_import' },
      ]);
      expect(await use()).toEqual(expected);
    } finally {
      await remove();
    }
  });

  test('keep the jobs of the version before: those that ran are confirmed, and simulated ones stay so', async () => {
    const { db, remove } = await openShipping(engine);
    try {
      const made = async (mode: 'confirm' | 'auto') => {
        const jobId = await makeJob(db, 3, { mode });
        if (mode === 'confirm') await db.session((s) => shipments.confirm(s, jobId));
        return jobId;
      };
      const ran = async (mode: 'confirm' | 'auto', executor: Executor) => {
        const jobId = await made(mode);
        await shipments.run(db, jobId, executor);
        return jobId;
      };
      const before = new Carrier();
      const failing = new Carrier();
      failing.before = (row) => {
        if (row === 2) throw new Error('refused');
      };
      const waiting = await makeJob(db, 3, { mode: 'confirm' });
      const cancelled = await makeJob(db, 3, { mode: 'confirm' });
      await db.session((s) => shipments.cancel(s, cancelled));
      const simulated = await ran('confirm', simulatedExecutor({ fail: [2] }));
      const real = await ran('confirm', failing.executor());
      const auto = await ran('auto', before.executor());
      await down(db.engine, shipping, { to: '0005_recorded_retirements', destroy: true });
      await up(db.engine, shipping);
      const found = async (jobId: string) => db.read((s) => shipments.find(s, jobId));
      expect(await found(waiting)).toMatchObject({ status: 'pending', confirmed_at: null, simulated: null });
      expect(await found(cancelled)).toMatchObject({ status: 'cancelled', confirmed_at: null });
      const job = await found(simulated);
      expect(job).toMatchObject({ status: 'failed', simulated: true, confirmed_at: job.started_at });
      expect(await found(real)).toMatchObject({ simulated: false, confirmed_at: expect.any(String) });
      expect(await found(auto)).toMatchObject({ simulated: false, confirmed_at: null });
      for (const jobId of [simulated, real]) await db.session((s) => shipments.retry(s, { jobId }));
      const conflict = { code: 'state-conflict' };
      await expect(shipments.run(db, waiting, before.executor())).rejects.toMatchObject(conflict);
      await expect(shipments.run(db, simulated, before.executor())).rejects.toMatchObject(conflict);
      await expect(shipments.run(db, real, simulatedExecutor())).rejects.toMatchObject(conflict);
      expect(await shipments.run(db, real, before.executor())).toMatchObject({ status: 'completed' });
    } finally {
      await remove();
    }
  });
});
