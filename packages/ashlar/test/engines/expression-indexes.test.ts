import {
  ciphertext,
  createdAt,
  id,
  index,
  json,
  primaryKey,
  references,
  system,
  type Table,
  table,
} from 'ashlar';
import { appendOnly, encrypted, keyring, lifecycle, partitioned, versioned } from 'ashlar/guarantees';
import { sql } from 'ashlar/query';
import { testDatabase } from 'ashlar/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf, type TestEngine } from '../../../../test/support/engines.js';
import { runWalk, type Walk, writeWalk } from '../migrations/walk.js';

const { engines } = oneOfEach(import.meta.url);

const someId = (n: number) => `018f0000-0000-7000-8000-00000000000${n}`;
const shape = {
  id: id(),
  org: z.string().max(20),
  email: z.string().max(100),
  meta: json(z.record(z.string(), z.json())),
};
const lower = { name: 'people_email_lower_idx', unique: true } as const;
const kindOf = { sqlite: "meta ->> '$.kind'", postgres: "meta ->> 'kind'" };

const before = table('people', shape, (c) => [index(c.org), index('lower(email)', { name: lower.name })]);
const after = table('people', shape, (c) => [
  index(c.org, 'lower(email)', { ...lower, where: { sqlite: "org <> ''", postgres: "org <> ''::text" } }),
  index(kindOf, { name: 'people_kind_idx' }),
  index(c.meta, { using: 'gin' }),
  index(c.email, { using: 'hash', name: 'people_email_hash_idx' }),
]);
const renamedEmail = table('people', shape, (c) => [index(c.org)]);

const open = async (engine: TestEngine, tables: Readonly<Record<string, unknown>>) => {
  const place = await engine.place();
  const shop = system('shop', {
    tables: tables as Record<string, Table>,
    migrations: new URL('file:///none/'),
  });
  const url = engine.name === 'postgres' ? place.url : engine.name;
  const db = await testDatabase(shop, { url });
  return { db, close: () => db.close().finally(() => place.remove()) };
};

describe('generated steps', () => {
  let walk: Walk;
  beforeAll(async () => {
    walk = await writeWalk({ people: before }, { people: after }, { people: renamedEmail });
  });
  afterAll(() => walk.remove());

  test('say which indexes change', () => {
    expect(walk.summaries[1]).toMatchObject({
      sqlite: expect.arrayContaining(['people: create index people_kind_idx']),
      postgres: expect.arrayContaining([
        'people: add index people_kind_idx',
        'people: add index people_meta_idx',
      ]),
    });
  });

  test.each(engines)('create, change and drop indexes over expressions on $name', async (engine) => {
    await runWalk(engine, walk, async (db, step, way) => {
      if (step === 0 && way === 'up')
        await db.session({}, (s) =>
          s.insert(before, { id: someId(1), org: 'a', email: 'Ann@x', meta: { kind: 'k' } }),
        );
      if (step !== 1) return;
      const same = { id: someId(2), org: 'a', email: 'ANN@X', meta: {} };
      await expect(db.session({}, (s) => s.insert(after, same))).rejects.toMatchObject({
        code: 'unique-violation',
        facts: { table: 'people', columns: ['org', 'email'], constraint: lower.name },
      });
      // not in the index
      const other = await db.session({}, async (s) => {
        const row = await s.insert(after, { ...same, org: 'b' });
        await s.delete(after, row.id);
        return row;
      });
      expect(other.email).toBe('ANN@X');
    });
  });
});

describe.each(engines)('an index over an expression on $name', (engine) => {
  test('is used by a query with its expression', async () => {
    const { db, close } = await open(engine, { people: after });
    try {
      const plan = await db.owner.asOwner(async (owner) => {
        const isSqlite = sqlOf(engine) === 'sqlite';
        if (!isSqlite) await owner.run('SET enable_seqscan = off');
        const explain = isSqlite ? 'EXPLAIN QUERY PLAN' : 'EXPLAIN';
        const rows = await owner.run(
          `${explain} SELECT id FROM people WHERE ${isSqlite ? kindOf.sqlite : kindOf.postgres} = 'k'`,
        );
        return JSON.stringify(rows);
      });
      expect(plan).toContain('people_kind_idx');
    } finally {
      await close();
    }
  });

  test('keeps a row of a guarantee from being replaced', async () => {
    const states = z.enum(['open', 'closed']).default('open');
    const log = table('log', { id: id(), code: z.string().max(20) }, () => [
      appendOnly(),
      index('lower(code)', { name: 'log_code_idx', unique: true }),
    ]);
    const jobs = table('jobs', { id: id(), code: z.string().max(20), status: states }, (c) => [
      lifecycle(c.status, { open: ['closed'] }, { initial: 'open' }),
      index('lower(code)', { name: 'jobs_code_idx', unique: true, where: "code <> ''" }),
    ]);
    const { db, close } = await open(engine, { log, jobs });
    try {
      await db.session({}, async (s) => {
        await s.insert(log, { id: someId(1), code: 'one' });
        await s.insert(jobs, { id: someId(1), code: 'one' });
        await s.update(jobs, someId(1), { status: 'closed' });
      });
      for (const name of ['log', 'jobs']) {
        await expect(
          db.session({}, (s) =>
            sql.raw(`INSERT INTO ${name} (id, code) VALUES ('${someId(2)}', 'ONE')`).execute(s.query),
          ),
        ).rejects.toMatchObject({
          code: 'unique-violation',
          facts: { table: name, constraint: `${name}_code_idx`, columns: ['code'] },
        });
      }
      if (sqlOf(engine) === 'sqlite') {
        for (const name of ['log', 'jobs'])
          await expect(
            db.owner.asOwner((owner) =>
              owner.run(`INSERT OR REPLACE INTO ${name} (id, code) VALUES ('${someId(2)}', 'ONE')`),
            ),
          ).rejects.toMatchObject({ code: expect.stringMatching(/violat/) });
      }
      expect(await db.get(log, someId(1))).toEqual({ id: someId(1), code: 'one' });
      expect(await db.get(jobs, someId(1))).toMatchObject({ status: 'closed' });
    } finally {
      await close();
    }
  });
});

describe('a declaration', () => {
  const make = (items: (c: Record<'id' | 'org' | 'email' | 'meta', never>) => readonly unknown[]) => () =>
    table('people', shape, (c) => items(c as never) as never);
  const versions = {
    version: z.int32().min(1).default(1),
    is_current: z.boolean().default(true),
    previous: z.uuid().nullable(),
  };

  test.each([
    ['without a name', make(() => [index('lower(email)')]), /an index over an expression has no name/],
    [
      'that is unique, and no B-tree',
      make((c) => [index(c.email, { unique: true, using: 'hash' })]),
      /unique, but an index of the kind hash cannot be/,
    ],
    [
      'with the name of another index',
      make((c) => [index(c.org), index('lower(email)', { name: 'people_org_idx' })]),
      /two constraints or indexes are named people_org_idx/,
    ],
    [
      'over an encrypted column',
      () =>
        table('people', { id: id(), org: z.uuid(), email: ciphertext(z.string()) }, (c) => [
          encrypted({ scope: c.org, keys: keyring('keys') }),
          index('octet_length(email)', { name: 'people_email_idx' }),
        ]),
      /people_email_idx computes with email, which is encrypted/,
    ],
    [
      'that is unique without the month of a partition',
      () =>
        table('people', { id: id(), at: createdAt(), org: z.string() }, (c) => [
          primaryKey(c.id, c.at),
          partitioned(c.at, { by: 'month' }),
          index('lower(org)', { name: 'people_org_idx', unique: true }),
        ]),
      /people_org_idx does not contain at/,
    ],
    [
      'that allows each key of versions once',
      () =>
        table('people', { id: id(), code: z.string(), ...versions }, (c) => [
          references(c.previous, c.id),
          versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous }),
          index('lower(code)', { name: 'people_code_idx', unique: true }),
        ]),
      /people_code_idx allows each code once/,
    ],
  ])('%s is refused', (_, declare, message) => {
    expect(declare).toThrowError(
      expect.objectContaining({ code: 'table-invalid', message: expect.stringMatching(message) }),
    );
  });

  test('limits no text in an expression, or in an index that is no B-tree', () => {
    const long = table('long', { id: id(), body: z.string(), other: z.string() }, (c) => [
      index('substr(body, 1, 50)', { name: 'long_body_idx' }),
      index(c.other, { using: 'hash' }),
    ]);
    expect(Object.values(long.columns).map(({ rules }) => rules.maxBytes)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
