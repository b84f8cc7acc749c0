import { spawnSync } from 'node:child_process';
import { type Database, id, type Session, table, unique } from 'ashlar';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const { engines } = oneOfEach(import.meta.url);

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

const long = 'x'.repeat(21);
const context = { scope: 'other' };

/** Calls that end while the callback waits for something else, with the code of their error. */
const ended: Readonly<Record<string, { readonly call: Work; readonly code: string | undefined }>> = {
  'an insert': { call: (s) => s.insert(things, { name: 'lost' }), code: undefined },
  'an insert that the schema refuses': {
    call: (s) => s.insert(things, { name: long }),
    code: 'value-invalid',
  },
  'an insert that the database refuses': {
    call: (s) => s.insert(things, { name: 'taken' }),
    code: 'unique-violation',
  },
  'many rows': { call: (s) => s.insertMany(things, [{ name: 'lost' }]), code: undefined },
  'many rows that the schema refuses': {
    call: (s) => s.insertMany(things, [{ name: long }]),
    code: 'value-invalid',
  },
  'an update of no row': {
    call: (s) => s.update(things, values('none').id, { name: 'b' }),
    code: 'row-not-found',
  },
  'an update of many rows': {
    call: (s) => s.updateMany(things, 'all', { name: 'lost' }),
    code: undefined,
  },
  'an upsert that the schema refuses': {
    call: (s) => s.upsert(things, { name: long }, { by: 'name' }),
    code: 'value-invalid',
  },
  'a read': { call: (s) => s.get(things, values('none').id), code: undefined },
  'a read with a key of a wrong type': {
    call: (s) => s.get(things, 1 as unknown as string),
    code: 'value-invalid',
  },
  'a page with a wrong cursor': {
    call: (s) => s.page(s.query.selectFrom('things').select('id'), { by: ['id'], after: 'no', limit: 1 }),
    code: 'input-invalid',
  },
  'a deletion of no row': { call: (s) => s.delete(things, values('none').id), code: 'row-not-found' },
  'a deletion of many rows': { call: (s) => s.deleteMany(things, 'all'), code: undefined },
  'a lock': { call: (s) => s.lock('test/await'), code: undefined },
  'a nested session': {
    call: (s) => s.session((n) => n.insert(things, { name: 'lost' })),
    code: undefined,
  },
  'a nested session that fails': {
    call: (s) => s.session((n) => n.insert(things, { name: 'taken' })),
    code: 'unique-violation',
  },
  'a session opened through the database': {
    call: (_, db) => db.session((n) => n.insert(things, { name: long })),
    code: 'value-invalid',
  },
  'a session that may not be opened': {
    call: (_, db) => db.session(context, async () => undefined),
    code: 'session-conflict',
  },
  'a reading session that may not be opened': {
    call: (_, db) => db.read(context, async () => undefined),
    code: 'session-conflict',
  },
  'an insert through the database': {
    call: (_, db) => db.insert(things, { name: long }),
    code: 'value-invalid',
  },
  'many rows through the database': {
    call: (_, db) => db.insertMany(things, [{ name: long }]),
    code: 'value-invalid',
  },
  'a read through the database': {
    call: (_, db) => db.get(things, 1 as unknown as string),
    code: 'value-invalid',
  },
};

/** The ways in which code waits for a promise. */
const waited: Readonly<Record<string, <R>(call: Promise<R>) => Promise<R | undefined>>> = {
  'with await': async (call) => await call,
  'with then': (call) => call.then((row) => row),
  'with catch': (call) => call.catch(() => undefined),
  'with finally': (call) => call.finally(() => undefined),
  'with Promise.all': async (call) => (await Promise.all([call]))[0],
  'with Promise.allSettled': async (call) => {
    const [result] = await Promise.allSettled([call]);
    return result.status === 'fulfilled' ? result.value : undefined;
  },
  'with Promise.race': (call) => Promise.race([call]),
  'with Promise.resolve': (call) => Promise.resolve(call),
  'by returning it': async (call) => call,
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
    async (s) => {
      void s.insert(things, { name: 'x'.repeat(21) });
      await new Promise((resolve) => setTimeout(resolve, 20));
    },
  ]) codes.push(await db.session(work).catch((error) => error.code));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await db.close();
  console.log(JSON.stringify(codes));`;

it('a forgotten call that fails does not end the process', () => {
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  expect(JSON.parse(stdout)).toEqual(Array(6).fill('session-not-awaited'));
  expect(status).toBe(0);
});

it('a call that fails after its session ends the process, because nothing else reports it', () => {
  const late = program.replace(
    'const codes = [];',
    `
    let session;
    await db.session(async (s) => { session = s; });
    void session.insert(things, { name: 'a' });
    const codes = [];`,
  );
  const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', late], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  expect(stderr).toContain('This session has ended.');
  expect(status).toBe(1);
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

  const pauses: Readonly<Record<string, Work>> = {
    'a timer': () => new Promise((resolve) => setTimeout(resolve, 20)),
    // a nested session that fails needs several round trips
    'other statements': async (s) => {
      for (let i = 0; i < 4; i++) await s.get(things, values('none').id).catch(() => undefined);
    },
  };

  describe.each(Object.entries(pauses))('that waits for %s', (_, pause) => {
    it.each(Object.entries(ended))('but not for %s is refused and rolled back', async (_, { call, code }) => {
      const run = db.session(async (s) => {
        call(s, db);
        await pause(s, db);
        await pause(s, db);
      });
      const error = await run.catch((error: unknown) => error);
      expect(error).toMatchObject({ code: 'session-not-awaited' });
      expect(((error as Error).cause as { code?: string } | undefined)?.code).toBe(code);
      expect(await names()).toEqual(['taken']);
    });
  });

  it.each(Object.entries(waited))('may wait for a call %s', async (_, wait) => {
    await db.session(async (s) => {
      const call = s.insert(things, { name: 'a' });
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect((await wait(call)) ?? 'none').toMatchObject({ name: 'a' });
    });
    expect((await names()).sort()).toEqual(['a', 'taken']);
  });

  it('may wait later for a call that has failed', async () => {
    await db.session(async (s) => {
      const call = s.insert(things, { name: 'x'.repeat(21) });
      await new Promise((resolve) => setTimeout(resolve, 20));
      await expect(call).rejects.toMatchObject({ code: 'value-invalid' });
      await s.insert(things, { name: 'a' });
    });
    expect((await names()).sort()).toEqual(['a', 'taken']);
  });

  it('reports its own error, and not a forgotten call', async () => {
    const run = db.session(async (s) => {
      s.insert(things, { name: 'x'.repeat(21) });
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new Error('own');
    });
    await expect(run).rejects.toThrow('own');
  });
});
