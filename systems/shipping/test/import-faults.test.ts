import { importJob, type ShippingDatabase, shipments } from '@ashlar/shipping';
import { AshlarError } from 'ashlar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oneOfEach } from '../../../test/support/engines.js';
import { Carrier, openShipping, orders, type ShippingPlace } from './support.js';

describe.each(oneOfEach(import.meta.url).engines)('an import with faults on $name', (engine) => {
  let place: ShippingPlace;
  let db: ShippingDatabase;
  beforeAll(async () => {
    place = await openShipping(engine);
    db = place.db;
  });
  afterAll(() => place.remove());

  const found = async (name: string) =>
    (await db.read((s) => shipments.list(s))).find((job) => job.name === name);

  /** The database, as a process sees it that loses it: `fault` is called before and after each session. */
  const faulty = (fault: (session: number, when: 'before' | 'after') => Promise<void> | void) => {
    let sessions = 0;
    return new Proxy(db, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        if (key !== 'session') return value.bind(target);
        return async (...given: unknown[]) => {
          const session = ++sessions;
          await fault(session, 'before');
          const result = await value.apply(target, given);
          await fault(session, 'after');
          return result;
        };
      },
    });
  };
  const lost = () =>
    new AshlarError('outcome-unknown', { message: 'The answer was lost.', suggestion: 'Look at the rows.' });

  // 4,500 rows are three transactions
  test.each([1, 2, 3])(
    'whose commit %i has lost its answer reports the job that is there, or leaves none',
    async (at) => {
      const name = `lost ${at}`;
      const input = { name, command: 'ship', mode: 'auto' as const };
      const carrier = new Carrier();
      const losing = faulty(async (session, when) => {
        if (session !== at || when === 'before') return;
        const job = await found(name);
        // another worker is quick
        if (job?.importer === null) await shipments.run(db, job.id, carrier.executor());
        throw lost();
      });
      const importing = importJob(losing, orders(4_500), input);
      if (at < 3) {
        await expect(importing).rejects.toMatchObject({ code: 'outcome-unknown' });
        expect(await found(name)).toBeUndefined();
        return;
      }
      const { job, imported } = await importing;
      expect(imported).toBe(4_500);
      const { account, balanced } = await db.read((s) => shipments.status(s, job.id));
      expect([account.by_status.completed, balanced]).toEqual([4_500, true]);
    },
  );

  test('that is killed while it removes its rows is balanced at each step, and can be cancelled', async () => {
    const rows: (number | undefined)[] = [];
    // two transactions, then the removal: of no rows, of half of them, of all
    for (const at of [3, 4, 5]) {
      const name = `killed ${at}`;
      const killed = faulty((session) => {
        if (session >= at) throw new Error('killed');
      });
      const lines = (async function* () {
        yield `order,note\n${`A,${'x'.repeat(90)}\nbad\n`.repeat(2_500)}`;
        throw new Error('the disk is gone');
      })();
      await expect(importJob(killed, lines, { name, command: 'ship' })).rejects.toThrow();
      const job = await found(name);
      rows.push(job?.total_rows);
      if (!job) continue;
      const status = () => db.read((s) => shipments.status(s, job.id));
      expect(await status()).toMatchObject({ balanced: true });
      await db.session((s) => shipments.cancel(s, job.id));
      expect(await status()).toMatchObject({ balanced: true, job: { status: 'cancelled' } });
    }
    expect(rows).toEqual([4_000, 2_000, 0]);
  });

  test('that is aborted while its source hangs ends, and leaves nothing', async () => {
    const stop = new AbortController();
    const source = (async function* () {
      yield `order,note\n${`A,${'x'.repeat(90)}\n`.repeat(2_500)}`;
      setTimeout(() => stop.abort(), 20);
      await new Promise<never>(() => undefined);
    })();
    const input = { name: 'aborted', command: 'ship', signal: stop.signal };
    await expect(importJob(db, source, input)).rejects.toMatchObject({ name: 'AbortError' });
    expect(await found('aborted')).toBeUndefined();
  });

  test('writes long lines in transactions of some megabytes', async () => {
    const line = `A,${'x'.repeat(1 << 20)}\n`;
    const source = (async function* () {
      yield 'order,note\n';
      for (let at = 0; at < 20; at++) yield line;
    })();
    const { job } = await importJob(db, source, { name: 'long', command: 'ship', chunkRows: 1_000_000 });
    const chunks = await db.read((s) =>
      s.query
        .selectFrom('job_chunks')
        .select(['lo', 'hi'])
        .where('job_id', '=', job.id)
        .orderBy('lo')
        .execute(),
    );
    expect(chunks.length).toBeGreaterThan(1);
    expect(chunks[0]?.lo).toBe(1);
    expect(chunks.at(-1)?.hi).toBe(20);
    expect(await db.read((s) => shipments.status(s, job.id))).toMatchObject({ balanced: true });
  });

  test('and its job is not executed before the confirmation, by any session', async () => {
    const { job } = await importJob(db, orders(1), { name: 'held', command: 'ship' });
    const running = db.session((s) => s.update(shipments.tables.jobs, job.id, { status: 'running' }));
    await expect(running).rejects.toMatchObject({ code: 'check-violation' });
  });
});
