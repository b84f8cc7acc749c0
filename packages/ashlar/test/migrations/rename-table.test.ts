import { cp as copyFolder } from 'node:fs/promises';
import {
  ciphertext,
  connect,
  createdAt,
  id,
  index,
  primaryKey,
  references,
  renamedTable,
  system,
  type Table,
  table,
  unique,
  updatedAt,
} from 'ashlar';
import {
  acyclic,
  appendOnly,
  audited,
  auditTrail,
  encrypted,
  keyring,
  ledgered,
  legalHolds,
  lifecycle,
  partitioned,
  retained,
  scoped,
  versioned,
} from 'ashlar/guarantees';
import { checkMigrations, down, drift, maintain, newStep, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { verifyTable } from '../../src/ledger/database/ledgers.js';
import { columnKeys } from '../encryption/support.js';
import { type Folder, makeFolder } from './folder.js';

const { engines } = oneOfEach(import.meta.url);

const law = { for: { years: 1 }, reason: 'law' };
const someId = (n: number) => `018f0000-0000-7000-8000-00000000000${n}`;

/** The same tables under two names: with the prefix `old_`, and with `new_` and the former name declared. */
const tablesOf = (prefix: 'old' | 'new') => {
  const name = <N extends string>(rest: N): string => `${prefix}_${rest}`;
  const from = (rest: string) => (prefix === 'new' ? [renamedTable(`old_${rest}`)] : []);
  const base = { id: id(), client_id: z.uuid(), body: z.string().max(50), at: createdAt() };

  const trail = auditTrail(name('trail'), (c) => [
    ledgered({ log: 'old_trail' }),
    retained(c.at, law),
    ...from('trail'),
  ]);
  const holds = legalHolds(name('holds'), () => from('holds'));
  const keys = keyring(name('keys'), () => from('keys'));
  const plain = table(name('plain'), { ...base, ...{ updated_at: updatedAt() } }, (c) => [
    unique(c.body),
    index(c.client_id),
    ...from('plain'),
  ]);
  const child = table('child', { id: id(), plain_id: z.uuid() }, (c) => [
    references(c.plain_id, plain.columns.id, { onDelete: 'cascade' }),
  ]);
  const fixed = table(name('fixed'), base, () => [appendOnly(), ...from('fixed')]);
  const log = table(name('log'), base, () => [appendOnly(), ledgered({ log: 'old_log' }), ...from('log')]);
  const audit = table(name('audit'), base, () => [audited({ into: trail }), ...from('audit')]);
  const states = table(
    name('states'),
    { ...base, state: z.enum(['open', 'closed']).default('open') },
    (c) => [lifecycle(c.state, { open: ['closed'] }, { initial: 'open' }), ...from('states')],
  );
  const months = table(name('months'), base, (c) => [
    primaryKey(c.id, c.at),
    partitioned(c.at, { by: 'month' }),
    ...from('months'),
  ]);
  const kept = table(name('kept'), base, (c) => [
    retained(c.at, { ...law, hold: holds, scope: c.client_id }),
    ...from('kept'),
  ]);
  const mine = table(name('mine'), base, (c) => [scoped(c.client_id), ...from('mine')]);
  const tree = table(name('tree'), { ...base, parent_id: z.uuid().nullable() }, (c) => [
    references(c.parent_id, c.id),
    acyclic(c.parent_id),
    ...from('tree'),
  ]);
  const versions = table(
    name('versions'),
    {
      ...base,
      version: z.int32().min(1).default(1),
      is_current: z.boolean().default(true),
      previous_id: z.uuid().nullable(),
    },
    (c) => [
      references(c.previous_id, c.id),
      versioned({ key: c.body, version: c.version, current: c.is_current, previous: c.previous_id }),
      ...from('versions'),
    ],
  );
  const secret = table(
    name('secret'),
    { id: id(), client_id: z.uuid(), body: ciphertext(z.string()) },
    (c) => [encrypted({ scope: c.client_id, keys, bound: { table: 'old_secret' } }), ...from('secret')],
  );
  return {
    trail,
    holds,
    keys,
    plain,
    child,
    fixed,
    log,
    audit,
    states,
    months,
    kept,
    mine,
    tree,
    versions,
    secret,
  };
};

const was = tablesOf('old');
const is = tablesOf('new');
const filled = [
  'plain',
  'fixed',
  'log',
  'audit',
  'states',
  'months',
  'kept',
  'mine',
  'tree',
  'versions',
  'secret',
] as const;

describe('a renamed table with each guarantee', () => {
  let written: Folder;
  const systemWith = (tables: object, folder: Folder) =>
    system('testing', {
      tables: tables as Record<string, Table>,
      migrations: new URL('migrations/', folder.url),
    });
  beforeAll(async () => {
    written = await makeFolder();
    const folder = new URL('migrations/', written.url);
    await newStep(systemWith(was, written), folder, 'first');
    await newStep(systemWith(is, written), folder, 'renamed');
    for (const dialect of ['sqlite', 'postgres'] as const)
      await checkMigrations(systemWith(is, written), dialect);
  });
  afterAll(() => written.remove());

  test.each(engines)('keeps its rows and its guarantees up and down, on $name', async (engine) => {
    const place = await engine.place();
    const folder = await makeFolder();
    await copyFolder(written.path, folder.path, { recursive: true });
    const options = {
      url: engine.name === 'pglite' ? `pglite:${folder.path}/pglite` : place.url,
      key: place.key,
      columnKeys: columnKeys(),
    };
    const rowsOf = async (tables: typeof was | typeof is, from: 'old' | 'new') => {
      const db = await connect(systemWith(tables, folder), { ...options, columnKeys: columnKeys() });
      try {
        return await db.session({ actor: 'ann', scope: someId(9) }, async (s) => {
          const query = s.query as never as {
            selectFrom(name: string): { selectAll(): { execute(): Promise<unknown> } };
          };
          const all = await Promise.all(
            filled.map(
              async (name) =>
                [name, await query.selectFrom(`${from}_${name}`).selectAll().execute()] as const,
            ),
          );
          return Object.fromEntries(all);
        });
      } finally {
        await db.close();
      }
    };
    try {
      const db = await connect(systemWith(was, folder), options);
      await up(db.engine, systemWith(was, folder), { to: '1' });
      await maintain(db.engine, Object.values(was), new Date());
      await db.session({ actor: 'ann', scope: someId(9) }, async (s) => {
        for (const name of filled) {
          const target = was[name] as unknown as typeof was.plain;
          await s.insert(target, { id: someId(1), client_id: someId(9), body: 'one' });
        }
        await s.insert(was.child, { id: someId(2), plain_id: someId(1) });
      });
      await db.close();
      const before = await rowsOf(was, 'old');
      expect(Object.values(before).map((rows) => (rows as unknown[]).length)).toEqual(filled.map(() => 1));

      const renamed = await connect(systemWith(is, folder), { ...options, columnKeys: columnKeys() });
      await up(renamed.engine, systemWith(is, folder));
      expect(await drift(renamed.engine, systemWith(is, folder))).toEqual([]);
      await maintain(renamed.engine, Object.values(is), new Date());
      await renamed.session({ actor: 'ann', scope: someId(9) }, async (s) => {
        expect(await s.query.selectFrom('child').selectAll().execute()).toHaveLength(1);
        await s.insert(is.log, { id: someId(3), client_id: someId(9), body: 'two' });
      });
      for (const table of [is.log, is.trail])
        expect(await verifyTable(renamed.engine, table as never)).toMatchObject({ problems: [] });
      expect(failuresOf(await prove(renamed.engine, systemWith(is, folder)))).toEqual([]);
      await renamed.close();
      const after = await rowsOf(is, 'new');
      expect({ ...after, log: (after.log as unknown[]).slice(0, 1) }).toEqual(before);

      const back = await connect(systemWith(was, folder), { ...options, columnKeys: columnKeys() });
      await down(back.engine, systemWith(was, folder));
      await back.close();
      const again = await rowsOf(was, 'old');
      expect({ ...again, log: (again.log as unknown[]).slice(0, 1) }).toEqual(before);
    } finally {
      await place.remove();
      await folder.remove();
    }
  });
});
