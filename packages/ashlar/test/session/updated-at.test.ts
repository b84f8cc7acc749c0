import {
  ciphertext,
  type Database,
  id,
  references,
  type Session,
  table,
  timestamps,
  unique,
  updatedAt,
} from 'ashlar';
import { audited, auditTrail, encrypted, keyring, lifecycle, scoped } from 'ashlar/guarantees';
import { reencrypt, rotateDataKey } from 'ashlar/keys';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { columnKeys } from '../encryption/support.js';

const trail = auditTrail('trail', (c) => [scoped(c.scope)]);
const dataKeys = keyring('data_keys');
const states = { open: ['done'], done: ['open'] } as const;
const owners = table('owners', { id: id(), name: z.string() });

/** One table with the guarantees that see an UPDATE. */
const tasks = table(
  'tasks',
  {
    id: id(),
    org: z.string(),
    code: z.string(),
    state: z.enum(['open', 'done']).default('open'),
    note: ciphertext(z.string()).nullable(),
    ...timestamps(),
    seen_at: updatedAt(),
  },
  (c) => [
    unique(c.org, c.code),
    scoped(c.org),
    encrypted({ scope: c.org, keys: dataKeys }),
    lifecycle(c.state, { open: [...states.open], done: [...states.done] }, { initial: 'open' }),
    audited({ into: trail, except: c.note }),
  ],
);
const pets = table('pets', { id: id(), owner_id: z.uuid().nullable(), ...timestamps() }, (c) => [
  references(c.owner_id, owners.columns.id, { onDelete: 'set null' }),
]);
const tables = { trail, dataKeys, owners, tasks, pets };
type S = Session<typeof tables>;

const row = { org: 'a', code: 'x' };
const past = '2001-02-03T04:05:06.000Z';

/** Each way to update the row whose key is `key`. */
const paths: readonly (readonly [string, (s: S, key: string) => Promise<unknown>])[] = [
  ['update', (s, key) => s.update(tasks, key, { state: 'done' })],
  ['updateMany', (s) => s.updateMany(tasks, { code: 'x' }, { state: 'done' })],
  ['upsert', (s) => s.upsert(tasks, { ...row, state: 'done' }, { by: ['org', 'code'] })],
  ['a builder', (s) => s.query.updateTable('tasks').set({ state: 'done' }).where('code', '=', 'x').execute()],
  [
    'ON CONFLICT of a builder',
    (s, key) =>
      s.query
        .insertInto('tasks')
        .values({ id: key, ...row, state: 'open' })
        .onConflict((on) => on.columns(['org', 'code']).doUpdateSet({ state: 'done' }))
        .execute(),
  ],
  ['SQL', (s) => sql`UPDATE tasks SET state = 'done' WHERE code = 'x'`.execute(s.query)],
  [
    'SQL with a common table expression',
    (s) =>
      sql`WITH x AS (SELECT 'done' AS st) UPDATE "tasks" SET state = (SELECT st FROM x)`.execute(s.query),
  ],
  [
    'ON CONFLICT of SQL',
    (s, key) =>
      sql`INSERT INTO tasks (id, org, code) VALUES (${key}, 'a', 'x') ON CONFLICT (org, code) DO UPDATE SET state = 'done'`.execute(
        s.query,
      ),
  ],
];

describe.each(engines)('updated_at on $name', (engine) => {
  let db: Database<typeof tables>;
  let clocked: Database<typeof tables>;
  let remove: () => Promise<void>;
  let removeClocked: () => Promise<void>;
  const clock = '2031-05-06T07:08:09.123Z';
  beforeAll(async () => {
    const keys = columnKeys();
    ({ db, remove } = await withTables(engine, tables, { columnKeys: keys }));
    ({ db: clocked, remove: removeClocked } = await withTables(engine, tables, {
      columnKeys: keys,
      clock: () => new Date(clock),
      allowOwner: true,
    }));
  });
  afterAll(async () => {
    await remove();
    await removeClocked();
  });

  const context = { actor: 'user:1', scope: 'a' };
  const aRow = async (into: Database<typeof tables>) => {
    await into.deleteMany(tasks, 'all', context);
    const made = await into.insert(tasks, { ...row, note: 'secret' }, context);
    // an explicit time wins on every path
    const old = { updated_at: past, seen_at: past };
    expect(await into.update(tasks, made.id, old, context)).toMatchObject(old);
    return made.id;
  };
  const lastTrail = (from: Database<typeof tables>) =>
    from.read({ scope: '*' }, (s) =>
      s.query
        .selectFrom('trail')
        .select(['operation', 'after'])
        .where('table_name', '=', 'tasks')
        .orderBy('id', 'desc')
        .limit(2)
        .execute(),
    );

  it.each(paths)('is set by %s; the change is one row of the trail', async (_, change) => {
    const key = await aRow(db);
    const before = new Date(Date.now() - 1).toISOString();
    await db.session(context, (s) => change(s, key));
    const now = await db.session(context, (s) => s.get(tasks, key));
    expect(now).toMatchObject({ state: 'done', note: 'secret' });
    expect(now && now.updated_at > before && now.seen_at > before).toBe(true);
    expect(await lastTrail(db)).toMatchObject([
      { operation: 'update', after: { updated_at: now?.updated_at } },
      { operation: 'update', after: { updated_at: past } },
    ]);
  });

  it.each(paths)('is the time of the given clock after %s', async (_, change) => {
    const key = await aRow(clocked);
    await clocked.session(context, (s) => change(s, key));
    expect(await clocked.session(context, (s) => s.get(tasks, key))).toMatchObject({
      updated_at: clock,
      seen_at: clock,
    });
  });

  it('is current in RETURNING, and an explicit time wins', async () => {
    const key = await aRow(db);
    const returned = await db.session(context, async (s) => {
      const { rows } = await sql`UPDATE tasks SET state = 'done' RETURNING updated_at`.execute(s.query);
      await s.updateMany(tasks, { code: 'x' }, { updated_at: '2002-02-03T04:05:06.000Z' });
      const given = await s.get(tasks, key);
      await sql`UPDATE tasks SET updated_at = ${past} WHERE code = 'x'`.execute(s.query);
      return { rows, given, again: await s.get(tasks, key) };
    });
    expect(returned.rows).toEqual([{ updated_at: expect.stringMatching(/^20[2-9]/) }]);
    expect(returned.given).toMatchObject({
      updated_at: '2002-02-03T04:05:06.000Z',
      seen_at: expect.stringMatching(/^20[2-9]/),
    });
    expect(returned.again).toMatchObject({ updated_at: past });
  });

  it('is set when the row is encrypted again', async () => {
    const key = await aRow(db);
    await rotateDataKey(db, 'a');
    expect(await reencrypt(db, 'a', { actor: context.actor })).toBe(1);
    const now = await db.session(context, (s) => s.get(tasks, key));
    expect(now).toMatchObject({ note: 'secret', updated_at: expect.stringMatching(/^20[2-9]/) });
  });

  it('stays when a foreign key changes the row', async () => {
    const owner = await db.insert(owners, { name: 'ann' });
    const pet = await db.insert(pets, { owner_id: owner.id, updated_at: past });
    await db.delete(owners, owner.id);
    expect(await db.get(pets, pet.id)).toEqual({ ...pet, owner_id: null });
  });
});
