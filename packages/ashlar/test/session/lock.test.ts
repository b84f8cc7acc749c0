import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, id, table } from 'ashlar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const things = table('things', { id: id(), name: z.string() });
const tables = { things };

describe.each(engines)('a name that a session locks on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { connections: 8 }));
  });
  afterAll(() => remove());

  it('is held by one session at a time, until that session ends', async () => {
    let [inside, most, done] = [0, 0, 0];
    const work = (fails: boolean) =>
      db.session(async (s) => {
        await s.lock('test/one');
        inside++;
        most = Math.max(most, inside);
        await s.session((nested) => nested.lock('test/one'));
        await sleep(5);
        inside--;
        done++;
        if (fails) throw new RangeError('undone');
      });
    const ended = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => work(n % 3 === 0)));
    expect(ended.filter(({ status }) => status === 'rejected')).toHaveLength(3);
    expect([most, done]).toEqual([1, 8]);
  });

  it('cannot be locked by a session that only reads', async () => {
    await expect(db.read((s) => s.lock('test/read'))).rejects.toMatchObject({ code: 'session-read-only' });
  });

  it('does not block sessions that lock another name', async () => {
    if (engine.name !== 'postgres') return; // the other engines have one writer at a time
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = db.session(async (s) => {
      await s.lock('test/a');
      await held;
    });
    await db.session((s) => s.lock('test/b'));
    release();
    await first;
  });

  it('a database knows whether its caller runs inside one of its sessions', async () => {
    expect(db.inSession).toBe(false);
    await db.session(async () => {
      expect(db.inSession).toBe(true);
      await sleep(1);
      expect(db.inSession).toBe(true);
    });
    await db.read(async () => expect(db.inSession).toBe(true));
    expect(db.inSession).toBe(false);
  });
});
