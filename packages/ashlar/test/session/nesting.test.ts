import { type Database, id, table, unique } from 'ashlar';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const things = table('things', { id: id(), name: z.string().max(20) }, (c) => [unique(c.name)]);
const tables = { things };
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(engines)('nested and concurrent work on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { connections: 2 }));
  });
  afterAll(() => remove());
  beforeEach(() => db.session((s) => s.query.deleteFrom('things').execute()));

  const names = () =>
    db.read(async (s) =>
      (await s.query.selectFrom('things').select('name').orderBy('name').execute()).map((r) => r.name),
    );

  it('an actor that no database can store is refused, and takes no connection', async () => {
    for (let n = 0; n < 5; n++) {
      await expect(
        db.session({ actor: 'a\0b' }, (s) => s.insert(things, { name: 'x' })),
      ).rejects.toMatchObject({
        code: 'value-unstorable',
      });
    }
    expect(await names()).toEqual([]);
  });

  it('a nested session that throws before its first statement does not affect the outer one', async () => {
    await db.session(async (s) => {
      await s.session((n) => n.insert(things, { name: 5 as never })).catch(() => undefined);
      await s.session(() => Promise.reject(new RangeError())).catch(() => undefined);
      await s.insert(things, { name: 'b' });
    });
    expect(await names()).toEqual(['b']);
  });

  it('statements of the outer session wait while a nested one is open, and are not rolled back with it', async () => {
    await db.session((s) =>
      Promise.all([
        s
          .session(async (n) => {
            await n.insert(things, { name: 'in' });
            await sleep(30);
            throw new RangeError();
          })
          .catch(() => undefined),
        sleep(10).then(() => s.insert(things, { name: 'outer' })),
      ]),
    );
    expect(await names()).toEqual(['outer']);
  });

  it('the outer session cannot be used inside the nested one, where it would deadlock', async () => {
    const run = db.session((s) => s.session(() => s.insert(things, { name: 'x' })));
    await expect(run).rejects.toMatchObject({ code: 'session-conflict' });
    expect(await names()).toEqual([]);
  });

  it('work left over from a failed nested session does not continue in the outer one', async () => {
    async function* slowly() {
      for (let n = 0; n < 1_500; n++) {
        if (n % 500 === 0) await sleep(15);
        yield { name: `z${n}` };
      }
    }
    await db.session(async (s) => {
      const left: Promise<unknown>[] = [];
      await s
        .session((n) => {
          left.push(n.insertMany(things, slowly()));
          left.push(n.session(async (m) => sleep(30).then(() => m.insert(things, { name: 'deep' }))));
          return Promise.all([...left, sleep(5).then(() => Promise.reject(new RangeError()))]);
        })
        .catch(() => undefined);
      await s.insert(things, { name: 'outer' });
      await Promise.allSettled(left);
      await s.insert(things, { name: 'still open' });
    });
    expect(await names()).toEqual(['outer', 'still open']);
  });

  it('a session opened by work left over from a rolled-back session is refused', async () => {
    let late: Promise<unknown> = Promise.resolve();
    await expect(
      db.session(async (s) => {
        late = sleep(20).then(() => db.session((z) => z.insert(things, { name: 'late' })));
        await s.insert(things, { name: 'a' });
        throw new RangeError();
      }),
    ).rejects.toThrow(RangeError);
    await expect(late).rejects.toMatchObject({ code: 'session-ended' });
    expect(await names()).toEqual([]);
  });

  it('a session opened after its nested session has ended belongs to the outer session', async () => {
    await db.session(async (s) => {
      let later: Promise<unknown> = Promise.resolve();
      await s.session(async (n) => {
        await n.insert(things, { name: 'a' });
        later = sleep(10).then(() => db.session((x) => x.insert(things, { name: 'late' })));
      });
      await later;
    });
    expect(await names()).toEqual(['a', 'late']);
  });

  it('parallel statements and nested sessions are all committed when they are awaited', async () => {
    await db.session((s) =>
      Promise.all([
        (async () => {
          for (let n = 0; n < 20; n++) await s.insert(things, { name: `o${n}` });
        })(),
        s.session((n) => n.insert(things, { name: 'n' })),
        db.read((r) => r.query.selectFrom('things').selectAll().execute()),
        db.read((r) => r.query.selectFrom('things').selectAll().execute()),
      ]),
    );
    expect(await names()).toHaveLength(21);
  });

  it('a read session inside a session that writes cannot write', async () => {
    const values = { id: '0190a0b0-0000-7000-8000-000000000001', name: 'x' };
    const run = db.session(() => db.read((r) => r.query.insertInto('things').values(values).execute()));
    await expect(run).rejects.toMatchObject({ code: 'session-read-only' });
    expect(await names()).toEqual([]);
  });

  it('insertMany with an invalid row commits none of its rows', async () => {
    const rows = Array.from({ length: 1_200 }, (_, n) => ({ name: n === 1_100 ? 'x'.repeat(30) : `m${n}` }));
    const run = db.session((s) => s.insertMany(things, rows).catch(() => 0));
    await expect(run).rejects.toMatchObject({ code: 'session-aborted' });
    expect(await names()).toEqual([]);
  });

  it('close waits for the running sessions, and is refused inside a session', async () => {
    const other = await withTables(engine, tables);
    await expect(other.db.session(() => other.db.close())).rejects.toMatchObject({ code: 'usage' });
    const last = other.db.session(async (s) => {
      await s.insert(things, { name: 'x' });
      await sleep(30);
      return s.insert(things, { name: 'y' });
    });
    await other.remove();
    expect(await last).toMatchObject({ name: 'y' });
    await expect(other.db.session(async () => undefined)).rejects.toMatchObject({ code: 'database-closed' });
  });
});
