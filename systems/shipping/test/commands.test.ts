import { shipping } from '@ashlar/shipping';
import type { Database } from 'ashlar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { openShipping, type ShippingPlace, superstore } from './support.js';

describe.each(engines)('the commands of shipping on $name', (engine) => {
  let place: ShippingPlace;
  let db: Database;
  beforeAll(async () => {
    place = await openShipping(engine);
    db = place.db as unknown as Database;
  });
  afterAll(() => place.remove());

  test('import, run, pause, resume, retry, cancel, list and show', async () => {
    const { jobs } = shipping;
    if (!jobs?.import) throw new Error('shipping has no job commands');
    const imported = await jobs.import(db, superstore, { name: 'Wyoming', where: { State: 'Wyoming' } });
    expect(imported).toMatchObject({
      lines: 9_994,
      imported: 1,
      job: { name: 'Wyoming', status: 'pending' },
    });
    const { id } = imported.job;
    await expect(jobs.pause(db, id)).rejects.toMatchObject({ code: 'state-conflict' });
    await expect(jobs.run(db, id)).rejects.toMatchObject({ code: 'state-conflict' });
    await jobs.confirm(db, id);
    const done = await jobs.run(db, id);
    expect(done).toMatchObject({ status: 'completed', successful_rows: 1 });

    const other = (await jobs.import(db, superstore, { name: 'Vermont', where: { State: 'Vermont' } })).job;
    expect(await jobs.cancel(db, other.id)).toMatchObject({ status: 'cancelled', processed_rows: 11 });
    await expect(jobs.retry(db, other.id)).rejects.toMatchObject({ code: 'state-conflict' });
    await expect(jobs.resume(db, other.id)).rejects.toMatchObject({ code: 'state-conflict' });

    expect((await jobs.list(db)).map((job) => job.name)).toEqual(['Vermont', 'Wyoming']);
    const detail = await jobs.show(db, id);
    expect(detail).toMatchObject({
      rows_by_status: { pending: 0, processing: 0, completed: 1, failed: 0, skipped: 0, in_doubt: 0 },
      failures: [],
    });
    expect(detail.log[0]).toMatchObject({ level: 'INFO', message: 'running → completed' });
    expect(JSON.parse(JSON.stringify(detail))).toEqual(detail);
    await expect(jobs.show(db, '0198c0de-0000-7000-8000-000000000000')).rejects.toMatchObject({
      code: 'row-not-found',
    });
    await expect(jobs.import(db, 'nowhere.csv', { name: 'x' })).rejects.toMatchObject({
      code: 'input-invalid',
    });
  });
});
