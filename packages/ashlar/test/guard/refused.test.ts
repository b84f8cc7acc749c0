import { id, primaryKey, references, system, table, timestamp } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import {
  appendOnly,
  audited,
  auditTrail,
  encrypted,
  keyring,
  ledgered,
  retained,
  scoped,
  versioned,
} from 'ashlar/guarantees';
import { external, guard, native } from 'ashlar/guard';
import { newStep, up } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { asAdmin, oneOfEach, server } from '../../../../test/support/engines.js';
import { freshRoles } from '../../../../test/support/users.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { openTool } from './support.js';

const { withRoles } = oneOfEach(import.meta.url);

const migrations = new URL('file:///nowhere/');
const trail = auditTrail('trail');
const things = external(
  'things',
  { id: z.int(), org: z.int(), at: timestamp(), note: native('text') },
  (c) => [primaryKey(c.id)],
);
const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'guard-refused', message: expect.stringMatching(message) });
const failing = (work: () => unknown): unknown => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('a declaration that cannot be a guard', () => {
  const data = keyring('data_keys');
  test.each([
    [
      'versioned',
      () =>
        things.guarded((c) => [versioned({ key: c.org, version: c.org, current: c.org, previous: c.id })]),
      /versioned/,
    ],
    [
      'a ledger over a key of text',
      () =>
        external('other', { id: native('text') }, (c) => [primaryKey(c.id)]).guarded(() => [
          appendOnly(),
          ledgered(),
        ]),
      /no canonical form/,
    ],
    [
      'a ledger of rows that expire',
      () =>
        things.guarded((c) => [
          appendOnly(),
          ledgered(),
          retained(c.at, { for: { years: 1 }, reason: 'law' }),
        ]),
      /ledger and a retention/,
    ],
    [
      'a system with such a table',
      () => system('shop', { tables: { things }, migrations }),
      /no system owns it/,
    ],
    [
      'a guard without one',
      () => guard('shop', { tables: { trail }, migrations }),
      /no table of another tool/,
    ],
    [
      'one schema for both',
      () => guard('shop', { tables: { things }, migrations, own: 'public' }),
      /schema public/,
    ],
    [
      'a schema with a quote',
      () => guard('shop', { tables: { things }, migrations, schema: 'a"b' }),
      /names the schema/,
    ],
    [
      'a foreign key from Ashlar’s table to the tool’s',
      () =>
        guard('shop', {
          tables: {
            things,
            mine: table('mine', { id: id(), thing: z.int() }, (c) => [
              references(c.thing, things.columns.id),
            ]),
          },
          migrations,
        }),
      /refers to things/,
    ],
    [
      'a foreign key from the tool’s table to Ashlar’s',
      () =>
        guard('shop', {
          tables: {
            trail,
            other: external('other', { id: z.int() }, (c) => [
              primaryKey(c.id),
              references(c.id, trail.columns.id),
            ]),
          },
          migrations,
        }),
      /refers to trail/,
    ],
    [
      'a generated column',
      () => external('other', { id: id(), n: z.int() }).guarded((c) => [scoped(c.n)]),
      undefined,
    ],
    [
      'a scope of a type of the tool',
      () =>
        external('other', { id: z.int(), org: native('citext') }, (c) => [primaryKey(c.id)]).guarded((c) => [
          scoped(c.org),
        ]),
      /citext/,
    ],
  ] as const)('%s', (_, work, message) => {
    if (message) expect(failing(work)).toEqual(refused(message));
    else expect(failing(work)).toBeUndefined();
  });

  test('encrypted', () => {
    expect(
      failing(() =>
        external('other', { id: z.int(), org: z.uuid(), note: z.string() }, (c) => [
          primaryKey(c.id),
        ]).guarded((c) => [encrypted({ scope: c.org, keys: data })]),
      ),
    ).toEqual(refused(/encrypted/));
  });
});

describe.each(withRoles)('a database of $name on which no guard can be put', (engine) => {
  let folder: Folder;
  beforeAll(async () => {
    folder = await makeFolder();
    await newStep(shopOf(folder), folder.url, 'guard', { engines: ['postgres'] });
  });
  afterAll(() => folder.remove());

  const guardedThings = things.guarded((c) => [scoped(c.org), audited({ into: trail, acrossScopes: true })]);
  const shopOf = ({ url }: Folder) =>
    guard('shop', { tables: { trail, things: guardedThings }, migrations: url });
  const good =
    'CREATE TABLE public.things (id int PRIMARY KEY, org int NOT NULL, at timestamptz(3) NOT NULL, note text)';

  test.each([
    ['without the table', 'SELECT 1', /no table things/],
    [
      'with another type',
      good.replace('org int', 'org text'),
      /things.org has the type text, and is declared as integer/,
    ],
    [
      'with more digits of a time',
      good.replace('timestamptz(3)', 'timestamptz'),
      /things.at has the type timestamp with time zone, and is declared as timestamp\(\{ precision: 3/,
    ],
    ['without a column', good.replace(', note text', ''), /things has no column note/],
    ['without a primary key', good.replace(' PRIMARY KEY', ''), /no primary key/],
    [
      'with another primary key',
      good.replace('id int PRIMARY KEY', 'id int').replace('note text', 'note text, PRIMARY KEY (org)'),
      /primary key of public.things is org/,
    ],
    [
      'with partitions',
      `${good.replace('id int PRIMARY KEY', 'id int')} PARTITION BY RANGE (id)`,
      /is a partitioned table/,
    ],
    ['with a child', `${good}; CREATE TABLE public.child () INHERITS (public.things)`, /inherits/],
    [
      'with a view of the name',
      `${good.replace('things', 'other')}; CREATE VIEW public.things AS SELECT * FROM public.other`,
      /is a view/,
    ],
    [
      'with a table that Ashlar’s would hide',
      `${good}; CREATE TABLE public.trail (id int)`,
      /table trail too/,
    ],
    ['with a column of Ashlar’s', good.replace('note text', 'note text, ashlar_row int'), /name that Ashlar/],
  ])('%s', async (_, sql, message) => {
    const shop = shopOf(folder);
    const { engine: opened, place } = await openTool(engine, shop, sql);
    try {
      await expect(up(opened, shop)).rejects.toEqual(refused(message));
      const tables = await opened.asOwner((owner) =>
        owner.run(
          `SELECT relname::text FROM pg_class WHERE relnamespace = 'ashlar'::regnamespace AND relkind = 'r'`,
        ),
      );
      expect(tables).toEqual([]);
    } finally {
      await opened.close();
      await place.remove();
    }
  });
});

describe.each(withRoles)('a ledger on $name', (engine) => {
  test.each([
    [
      'without a key',
      'CREATE TABLE public.things (id int NOT NULL, org int NOT NULL, at timestamptz(3) NOT NULL, note text)',
      /no primary key, by which its ledger/,
    ],
    [
      'over another key',
      'CREATE TABLE public.things (id int NOT NULL, org int PRIMARY KEY, at timestamptz(3) NOT NULL, note text)',
      /primary key of public.things is org, and is declared as id/,
    ],
  ])('of a table %s is refused', async (_, sql, message) => {
    const folder = await makeFolder();
    const guarded = things.guarded(() => [appendOnly(), ledgered()]);
    const shop = guard('shop', { tables: { things: guarded }, migrations: folder.url });
    await newStep(shop, folder.url, 'guard', { engines: ['postgres'] });
    const { engine: opened, place } = await openTool(engine, shop, sql);
    await expect(up(opened, shop)).rejects.toEqual(refused(message));
    await opened.close();
    await place.remove();
    await folder.remove();
  });
});

describe.each(server)('a server', (engine) => {
  test('whose tables belong to another role: the error names it', async () => {
    const folder = await makeFolder();
    const guarded = things.guarded(() => [appendOnly()]);
    const shop = guard('shop', { tables: { things: guarded }, migrations: folder.url });
    await newStep(shop, folder.url, 'guard', { engines: ['postgres'] });
    const { engine: admin, place } = await openTool(
      engine,
      shop,
      'CREATE TABLE public.things (id int PRIMARY KEY, org int NOT NULL, at timestamptz(3) NOT NULL, note text)',
    );
    const [tool, ashlar] = ['tool', 'ashlar'].map(
      (name) => `${name}_${Math.random().toString(36).slice(2, 10)}`,
    );
    const roles = freshRoles();
    await asAdmin(`CREATE ROLE ${tool}`);
    await asAdmin(`CREATE ROLE ${ashlar} LOGIN PASSWORD 'secret' CREATEROLE`);
    const url = new URL(place.url);
    try {
      await admin.asOwner((owner) =>
        owner.script(
          `ALTER TABLE public.things OWNER TO ${tool}; GRANT CREATE ON DATABASE "${url.pathname.slice(1)}" TO ${ashlar}; DROP SCHEMA ashlar`,
        ),
      );
      url.username = ashlar ?? '';
      url.password = 'secret';
      const opened = await openEngine({ url: url.href, guards: shop.guards });
      try {
        await expect(up(opened, shop)).rejects.toEqual(refused(new RegExp(`belongs to the role ${tool}`)));
        await asAdmin(`GRANT ${tool} TO ${ashlar}`);
      } finally {
        await opened.close();
      }
      const member = await openEngine({ url: url.href, guards: shop.guards });
      try {
        // the role that owns the tables may do it as a member
        expect((await up(member, shop, { roles })).length).toBe(1);
      } finally {
        await member.close();
      }
    } finally {
      await admin.close();
      await place.remove();
      for (const role of [roles.app, roles.auditor, ashlar, tool])
        await asAdmin(`DROP ROLE IF EXISTS ${role}`);
    }
  });

  test('whose URL names another schema than the guard', async () => {
    const shop = guard('shop', { tables: { things }, migrations });
    const place = await engine.place();
    const url = new URL(place.url);
    url.searchParams.set('schema', 'other');
    await expect(openEngine({ url: url.href, guards: shop.guards })).rejects.toEqual(refused(/schema other/));
    await place.remove();
  });
});

describe('a guard on SQLite', () => {
  test.each([
    ['scoped', things.guarded((c) => [scoped(c.org)])],
    ['ledgered', things.guarded(() => [appendOnly(), ledgered()])],
    ['retained', things.guarded((c) => [retained(c.at, { for: { years: 5 }, reason: 'law' })])],
  ])('refuses %s, and says why', async (name, guarded) => {
    const folder = await makeFolder();
    const shop = guard('shop', { tables: { things: guarded }, migrations: folder.url });
    await expect(newStep(shop, folder.url, 'guard', { engines: ['sqlite'] })).rejects.toMatchObject({
      code: 'guarantee-refused',
      message: expect.stringContaining(name),
    });
    await folder.remove();
  });
});
