import { spawnSync } from 'node:child_process';
import { type Database, id, type Session, table, unique } from 'ashlar';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const things = table('things', { id: id(), name: z.string().max(20) }, (c) => [unique(c.name)]);
const tables = { things };
type Work = (s: Session<typeof tables>, db: Database<typeof tables>) => unknown;

const values = (name: string) => ({ id: '0190a0b0-0000-7000-8000-000000000001', name });
const helper = async (s: Session<typeof tables>) => {
  await s.insert(things, { name: 'first' });
  await s.insert(things, { name: 'second' });
};
const readAll = async (s: Session<typeof tables>) => {
  for await (const row of s.query.selectFrom('things').selectAll().stream()) void row;
};

const forgotten: Readonly<Record<string, Work>> = {
  'an insert in an async callback': async (s) => {
    s.insert(things, { name: 'lost' });
  },
  'an insert that the schema refuses': async (s) => {
    s.insert(things, { name: 'x'.repeat(21) });
  },
  'an insert that the database refuses': async (s) => {
    s.insert(things, { name: 'taken' });
  },
  'an insert in a callback that is not async': (s) => {
    s.insert(things, { name: 'lost' });
  },
  'a query of the builder': async (s) => {
    void s.query.insertInto('things').values(values('lost')).execute();
  },
  'a query of the builder that the database refuses': async (s) => {
    void s.query.insertInto('things').values(values('taken')).execute();
  },
  'a query after others that were awaited': async (s) => {
    await s.insert(things, { name: 'kept?' });
    await s.query.selectFrom('things').selectAll().execute();
    void s.query.deleteFrom('things').execute();
  },
  'an insert below several functions': (s) =>
    (async () => (async () => (async () => void s.insert(things, { name: 'lost' }))())())(),
  'a nested session': async (s) => {
    void s.session((n) => n.insert(things, { name: 'lost' }));
  },
  'a session opened through the database': async (_, db) => {
    void db.session((n) => n.insert(things, { name: 'lost' }));
  },
  'a row read through the database': async (_, db) => {
    void db.get(things, '0190a0b0-0000-7000-8000-000000000001');
  },
  'a function with several statements': async (s) => {
    void helper(s);
  },
  'a stream of rows': async (s) => {
    await s.insert(things, { name: 'lost' });
    void readAll(s);
  },
  'a lock': async (s) => {
    await s.insert(things, { name: 'lost' });
    void s.lock('test/await');
  },
};

const program = `
  import { connect, id, system, table } from 'ashlar';
  import { z } from 'zod';
  const things = table('things', { id: id(), name: z.string().max(20) });
  const db = await connect(system('testing', { tables: { things }, migrations: new URL('file:///nowhere/') }), {
    url: 'sqlite::memory:',
  });
  await db.engine.asOwner((owner) => owner.script(db.engine.dialect.createTable(things).join(';')));
  const helper = async (s) => {
    await s.insert(things, { name: 'a' });
    await s.insert(things, { name: 'b' });
  };
  const codes = [];
  for (const work of [
    async (s) => void s.insert(things, { name: 'x'.repeat(21) }),
    async (s) => void s.query.insertInto('nothing').values({ a: 1 }).execute(),
    async (s) => void s.query.selectFrom('nothing').selectAll().stream()[Symbol.asyncIterator]().next(),
    async (s) => void s.session(async (n) => n.insert(things, { name: 1 })),
    async (s) => void helper(s),
  ]) codes.push(await db.session(work).catch((error) => error.code));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await db.close();
  console.log(JSON.stringify(codes));`;

it('a forgotten call that fails does not end the process', () => {
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  expect(JSON.parse(stdout)).toEqual(Array(5).fill('session-not-awaited'));
  expect(status).toBe(0);
});

describe.each(engines)('a callback on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { lockTimeout: 1_000 }));
  });
  afterAll(() => remove());
  beforeEach(() =>
    db.session(async (s) => {
      await s.query.deleteFrom('things').execute();
      await s.insert(things, { name: 'taken' });
    }),
  );
  const names = () =>
    db.read(async (s) => (await s.query.selectFrom('things').select('name').execute()).map((r) => r.name));

  // an unhandled rejection fails the test run
  it.each(Object.entries(forgotten))('that does not await %s is refused and rolled back', async (_, work) => {
    await expect(db.session((s) => work(s, db) as Promise<void>)).rejects.toMatchObject({
      code: 'session-not-awaited',
    });
    expect(await names()).toEqual(['taken']);
  });

  it('that does not await a statement in a nested session rolls back that one only', async () => {
    await db.session(async (s) => {
      await s.insert(things, { name: 'outer' });
      const inner = s.session(async (n) => {
        await n.insert(things, { name: 'inner' });
        void n.insert(things, { name: 'lost' });
      });
      await expect(inner).rejects.toMatchObject({ code: 'session-not-awaited' });
      await s.insert(things, { name: 'after' });
    });
    expect((await names()).sort()).toEqual(['after', 'outer', 'taken']);
  });

  it('that awaits all of its calls is committed, also when a stream is left early', async () => {
    await db.session(async (s) => {
      await Promise.all([s.insert(things, { name: 'a' }), s.session((n) => n.insert(things, { name: 'b' }))]);
      for await (const row of s.query.selectFrom('things').selectAll().stream(1)) {
        expect(row.name).toBeTypeOf('string');
        break;
      }
      await s.query.insertInto('things').values(values('c')).execute();
    });
    expect((await names()).sort()).toEqual(['a', 'b', 'c', 'taken']);
  });

  it('may forget a call whose failure the session reports, without an unhandled rejection', async () => {
    const run = db.session(async (s) => {
      s.insert(things, { name: 'taken' });
      await new Promise((resolve) => setTimeout(resolve, 20));
    });
    await expect(run).rejects.toMatchObject({ code: 'session-aborted' });
  });
});
