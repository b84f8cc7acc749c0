import { randomUUID } from 'node:crypto';
import {
  auditLogs,
  jobRows,
  jobs,
  type ShippingDatabase,
  shipments,
  simulatedExecutor,
} from '@ashlar/shipping';
import { sql } from 'ashlar/query';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { makeJob, openShipping, type ShippingPlace } from './support.js';

describe.each(engines)('the database refuses on $name', (engine) => {
  let place: ShippingPlace;
  let db: ShippingDatabase;
  let jobId: string;
  beforeAll(async () => {
    place = await openShipping(engine);
    db = place.db;
  });
  beforeEach(async () => {
    jobId = await makeJob(db, 5);
  });
  afterAll(() => place.remove());

  // without Zod, so that it is the database that refuses
  const run = (statement: ReturnType<typeof sql>) => db.session((s) => statement.execute(s.query));
  const row = (job_id: string, row_number: number) => ({
    job_id,
    row_number,
    row_checksum: 'c'.repeat(64),
    row_data: {},
  });

  test('an unknown status', async () => {
    await expect(run(sql`update jobs set status = 'sleeping' where id = ${jobId}`)).rejects.toThrow();
    await expect(run(sql`update job_rows set status = 'lost' where job_id = ${jobId}`)).rejects.toThrow();
    await expect(
      run(sql`insert into job_rows (id, job_id, row_number, row_checksum, row_data, status)
      values (${randomUUID()}, ${jobId}, 99, ${'c'.repeat(64)}, '{}', 'lost')`),
    ).rejects.toThrow();
  });

  test('a second row with the same number, and a row without a job', async () => {
    await expect(db.session((s) => s.insert(jobRows, row(jobId, 5)))).rejects.toMatchObject({
      code: 'unique-violation',
    });
    await expect(db.session((s) => s.insert(jobRows, row(randomUUID(), 1)))).rejects.toMatchObject({
      code: 'foreign-key-violation',
    });
  });

  test('negative counts and costs', async () => {
    await expect(run(sql`update jobs set failed_rows = -1 where id = ${jobId}`)).rejects.toMatchObject({
      code: 'check-violation',
    });
    await expect(run(sql`update job_rows set cost_cents = -1 where job_id = ${jobId}`)).rejects.toMatchObject(
      {
        code: 'check-violation',
      },
    );
  });

  test.each([
    ['completed', 'running'],
    ['completed', 'pending'],
    ['cancelled', 'running'],
    ['failed', 'completed'],
    ['paused', 'completed'],
    ['pending', 'completed'],
    ['pending', 'paused'],
  ] as const)('a job that goes from %s to %s', async (from, to) => {
    const ways = {
      completed: ['running'],
      cancelled: [],
      failed: ['running'],
      paused: ['running'],
      pending: [],
    } as const;
    const path = from === 'pending' ? [] : [...ways[from], from];
    for (const status of path) await db.session((s) => s.update(jobs, jobId, { status }));
    const moving = db.session((s) => s.update(jobs, jobId, { status: to }));
    await expect(moving).rejects.toMatchObject({ code: 'guarantee-violated' });
  });

  test('a row that leaves completed or skipped, or leaves out a status', async () => {
    await shipments.run(db, jobId, simulatedExecutor());
    for (const status of ['pending', 'failed', 'processing']) {
      await expect(
        run(sql`update job_rows set status = ${status} where job_id = ${jobId}`),
      ).rejects.toMatchObject({
        code: 'guarantee-violated',
      });
    }
    const fresh = await makeJob(db, 2);
    await expect(
      run(sql`update job_rows set status = 'completed' where job_id = ${fresh}`),
    ).rejects.toMatchObject({
      code: 'guarantee-violated',
    });
    const begun = { ...row(fresh, 77), status: 'completed' as const };
    await expect(db.session((s) => s.insert(jobRows, begun))).rejects.toMatchObject({
      code: 'guarantee-violated',
    });
  });

  test('updates and deletes in the log of a job that exists', async () => {
    const violated = { code: 'guarantee-violated' };
    await expect(
      run(sql`update audit_logs set message = 'nothing happened' where job_id = ${jobId}`),
    ).rejects.toMatchObject(violated);
    await expect(run(sql`delete from audit_logs where job_id = ${jobId}`)).rejects.toMatchObject(violated);
    const entry = await db.session((s) =>
      s.insert(auditLogs, { job_id: jobId, level: 'INFO', event_type: 'error', message: 'kept' }),
    );
    await expect(db.session((s) => s.delete(auditLogs, entry.id))).rejects.toMatchObject(violated);
    await expect(db.session((s) => s.update(auditLogs, entry.id, { level: 'ERROR' }))).rejects.toMatchObject(
      violated,
    );
    expect(await db.get(auditLogs, entry.id)).toEqual(entry);
    await db.session((s) => shipments.delete(s, jobId));
    expect(await db.get(auditLogs, entry.id)).toBeUndefined();
  });
});

test('on SQLite the tables can also be used synchronously', async () => {
  const [sqlite] = engines;
  if (!sqlite) throw new Error('there is no engine');
  const place = await openShipping(sqlite);
  try {
    const { db } = place;
    const made = db.sync.session({ actor: 'user:1' }, (s) => {
      const job = s.insert(jobs, { name: 'sync', original_command: 'ship' });
      for (let row_number = 1; row_number <= 3; row_number++) {
        s.insert(jobRows, {
          job_id: job.id,
          row_number,
          row_checksum: 'c'.repeat(64),
          row_data: { row_number },
        });
      }
      return s.update(jobs, job.id, { total_rows: 3 });
    });
    expect(made).toMatchObject({ status: 'pending', total_rows: 3 });
    expect(() => db.sync.session({}, (s) => s.update(jobs, made.id, { status: 'completed' }))).toThrow(
      expect.objectContaining({ code: 'guarantee-violated' }),
    );
    const rows = db.sync.session({}, (s) =>
      s.all(
        db.kysely.selectFrom('job_rows').select(['row_number', 'row_data']).where('job_id', '=', made.id),
      ),
    );
    expect(rows).toEqual([1, 2, 3].map((row_number) => ({ row_number, row_data: { row_number } })));
  } finally {
    await place.remove();
  }
});
