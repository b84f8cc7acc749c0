import { AshlarError, autoincrement, type Database, json, type Session, table, unique } from 'ashlar';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const things = table(
  'things',
  { id: autoincrement(), name: z.string(), meta: json(z.json()).default(null) },
  (c) => [unique(c.name)],
);
const tables = { things };

const junk: readonly unknown[] = [
  ...[undefined, null, true, 0, 5, 5n, Number.NaN, '', 'x', Symbol('x'), () => undefined, async () => 1],
  ...[{}, [], [5], [null], { name: 5 }, { kind: 'table' }.kind, new Date(0), new Map(), Object.create(null)],
  ...[{ by: 5 }, { by: [] }, { signal: {} }, { signal: 'x' }, { actor: 5 }, { scope: {} }, { isolation: '' }],
  ...[{ lockTimeout: '5' }, { statementTimeout: {} }, { deferrable: 'x' }, { deferrable: true }],
];

type Call = (...given: never[]) => unknown;
type Methods = Readonly<Record<string, readonly [call: Call, valid: readonly unknown[]]>>;

const row = () => ({ name: `n${Math.random()}` });
const noSession = async () => undefined;

/** What a method returns or throws; it must be an AshlarError. */
const outcome = async (call: () => unknown): Promise<string> => {
  try {
    await call();
    return 'done';
  } catch (error) {
    return error instanceof AshlarError ? error.code : `bare: ${String(error)}`;
  }
};

/** Calls a method with each bad value in each place of its arguments, and with fewer arguments. */
const badCalls = async (methods: Methods): Promise<readonly string[]> => {
  const bare: string[] = [];
  for (const [name, [call, valid]] of Object.entries(methods)) {
    for (let at = 0; at < valid.length; at++) {
      for (const bad of junk) {
        const given = valid.map((value, i) => (i === at ? bad : value));
        const found = await outcome(() => call(...(given as never[])));
        if (found.startsWith('bare')) bare.push(`${name}, argument ${at}, ${String(typeof bad)}: ${found}`);
      }
      const found = await outcome(() => call(...(valid.slice(0, at) as never[])));
      if (found.startsWith('bare')) bare.push(`${name}, ${at} arguments: ${found}`);
    }
  }
  return bare;
};

describe.each(engines)('a call with a wrong argument on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { lockTimeout: 1_000 }));
  });
  afterAll(() => remove());

  // nothing is left open, and nothing is left behind
  afterEach(async () => {
    expect(await db.insert(things, row())).toHaveProperty('id');
    expect(await db.deleteMany(things, 'all')).toBeGreaterThan(0);
  });

  const single = (s: Database<typeof tables>): Methods => ({
    insert: [s.insert.bind(s), [things, row(), {}]],
    insertMany: [s.insertMany.bind(s), [things, [row()], {}]],
    update: [s.update.bind(s), [things, 1, { name: 'x' }, {}]],
    updateMany: [s.updateMany.bind(s), [things, { name: 'x' }, { name: 'y' }, {}]],
    upsert: [s.upsert.bind(s), [things, row(), { by: 'name' }]],
    get: [s.get.bind(s), [things, 1, {}]],
    delete: [s.delete.bind(s), [things, 1, {}]],
    deleteMany: [s.deleteMany.bind(s), [things, { name: 'x' }, {}]],
  });

  it('of the database is an AshlarError', async () => {
    expect(
      await badCalls({
        ...single(db),
        session: [db.session.bind(db), [{}, noSession]],
        read: [db.read.bind(db), [{}, noSession]],
      }),
    ).toEqual([]);
  });

  it('of a session is an AshlarError', async () => {
    type Of = (s: Session<typeof tables>) => Methods;
    const methods: Of = (s) => ({
      ...single(s as never),
      decrypt: [s.decrypt.bind(s), [things, []]],
      blindIndex: [s.blindIndex.bind(s), [things, 'name', 'a', 'b']],
      lock: [s.lock.bind(s), ['a']],
      session: [s.session.bind(s), [noSession]],
    });
    const names = await db.session(async (s) => Object.keys(methods(s)));
    for (const name of names) {
      // a session of its own for each call, which may abort it
      const alone: Call = (...given) =>
        db.session(async (s) => (methods(s)[name] as readonly [Call, unknown])[0](...given));
      const [, valid] = await db.session(async (s) => methods(s)[name] as Methods[string]);
      expect(await badCalls({ [name]: [alone, valid] })).toEqual([]);
    }
  });

  it('of a synchronous session is an AshlarError', async () => {
    if (!engine.name.startsWith('sql')) {
      expect(await outcome(() => db.sync)).toBe('usage');
      return;
    }
    const { sync } = db;
    type Of = (s: Parameters<Parameters<typeof sync.session>[1]>[0]) => Methods;
    const methods: Of = (s) => ({
      ...single(s as never),
      decrypt: [s.decrypt.bind(s), [things, []]],
      blindIndex: [s.blindIndex.bind(s), [things, 'name', 'a', 'b']],
      session: [s.session.bind(s), [() => undefined]],
    });
    for (const name of Object.keys(sync.read({}, methods))) {
      const alone: Call = (...given) =>
        sync.session({}, (s) => void (methods(s)[name] as readonly [Call, unknown])[0](...given));
      const [, valid] = sync.read({}, (s) => methods(s)[name] as Methods[string]);
      expect(await badCalls({ [name]: [alone, valid] })).toEqual([]);
    }
    expect(
      await badCalls({
        session: [sync.session.bind(sync), [{}, () => undefined]],
        read: [sync.read.bind(sync), [{}, () => undefined]],
      }),
    ).toEqual([]);
  });

  it('that is a signal which cannot be listened to leaves no session behind', async () => {
    for (let n = 0; n < 20; n++)
      expect(await outcome(() => db.session({ signal: {} as AbortSignal }, noSession))).toBe('usage');
    const broken = Object.assign(new AbortController().signal, {
      addEventListener: () => {
        throw new RangeError('no');
      },
    });
    for (let n = 0; n < 20; n++)
      expect(await outcome(() => db.session({ signal: broken }, noSession))).toBe('bare: RangeError: no');
  });

  it('that is the name of a lock is refused before the database is asked', async () => {
    const locked = (name: unknown) => outcome(() => db.session((s) => s.lock(name as string)));
    expect(await Promise.all(['a\0b', '\ud800', 5, null, undefined].map(locked))).toEqual([
      ...['value-unstorable', 'value-unstorable', 'usage', 'usage', 'usage'],
    ]);
    expect(await outcome(() => db.session((s) => s.lock('')))).toBe('done');
  });

  it('that runs a query without a session is refused', async () => {
    const { kysely } = db;
    const insert = kysely.insertInto('things').values({ name: 'lost' });
    const ways: readonly (() => unknown)[] = [
      () => insert.execute(),
      () => insert.executeTakeFirst(),
      () => insert.returningAll().executeTakeFirstOrThrow(),
      () => kysely.selectFrom('things').selectAll().execute(),
      () => kysely.selectFrom('things').selectAll().explain(),
      () => kysely.selectFrom('things').selectAll().stream().next(),
      () => kysely.executeQuery(insert),
      () => kysely.transaction().execute(noSession),
      () => kysely.startTransaction().execute(),
      () => kysely.connection().execute(noSession),
      () => kysely.schema.createTable('t').addColumn('a', 'integer').execute(),
      () => kysely.introspection,
    ];
    for (const way of ways) expect([way.toString(), await outcome(way)]).toEqual([way.toString(), 'usage']);
    expect(insert.compile().sql).toContain('insert into');
  });
});
