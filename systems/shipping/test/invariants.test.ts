import { auditLogs, jobRows, type ShippingDatabase, shipments, simulatedExecutor } from '@ashlar/shipping';
import { sql } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { makeJob, openShipping, type ShippingPlace } from './support.js';

describe.each(engines)('the invariants of shipping on $name', (engine) => {
  let place: ShippingPlace;
  let db: ShippingDatabase;
  beforeAll(async () => {
    place = await openShipping(engine);
    db = place.db;
  });
  afterAll(() => place.remove());

  it('the totals of a job equal its rows after two workers have run it', async () => {
    const jobId = await makeJob(db, 60);
    await Promise.all([
      shipments.run(db, jobId, simulatedExecutor({ fail: [7, 31] })),
      shipments.run(db, jobId, simulatedExecutor({ fail: [7, 31] })),
    ]);
    const { job, balanced } = await db.read((s) => shipments.status(s, jobId));
    const rows = await db.read((s) =>
      s.query.selectFrom('job_rows').selectAll().where('job_id', '=', jobId).execute(),
    );
    const completed = rows.filter(({ status }) => status === 'completed');
    expect(balanced).toBe(true);
    expect(job).toMatchObject({
      successful_rows: completed.length,
      failed_rows: rows.filter(({ status }) => status === 'failed').length,
      total_cost_cents: completed.reduce((sum, { cost_cents }) => sum + (cost_cents ?? 0), 0),
    });
    expect(completed).toHaveLength(58);
  });

  it('rows that a crash left processing are completed by the next run', async () => {
    const jobId = await makeJob(db, 20);
    // the state after a worker died between the intent and the result
    const [row] = await db.read((s) =>
      s.query.selectFrom('job_rows').selectAll().where('job_id', '=', jobId).limit(1).execute(),
    );
    await db.session((s) => s.update(jobRows, row?.id ?? '', { status: 'processing', attempts: 1 }));
    const done = await shipments.run(db, jobId, simulatedExecutor());
    expect(done).toMatchObject({ status: 'completed', successful_rows: 20 });
  });

  it('the log of a job cannot change, and is deleted with the job', async () => {
    const jobId = await makeJob(db, 5);
    await shipments.run(db, jobId, simulatedExecutor());
    const log = () =>
      db.read((s) =>
        s.query.selectFrom('audit_logs').selectAll().where('job_id', '=', jobId).orderBy('id').execute(),
      );
    const before = await log();
    expect(before.length).toBeGreaterThan(0);
    for (const statement of [
      sql`update audit_logs set message = 'nothing happened' where job_id = ${jobId}`,
      sql`delete from audit_logs where job_id = ${jobId}`,
    ]) {
      const tried = db.session((s) => statement.execute(s.query));
      await expect(tried).rejects.toMatchObject({ code: 'guarantee-violated' });
    }
    const line = before[0]?.id ?? '';
    const updated = db.session((s) => s.update(auditLogs, line, { message: 'nothing happened' }));
    await expect(updated).rejects.toMatchObject({ code: 'guarantee-violated' });
    expect(await log()).toEqual(before);
    await db.session((s) => shipments.delete(s, jobId));
    expect(await log()).toEqual([]);
  });
});
