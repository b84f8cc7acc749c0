import { type Database, id, references, type Session, table } from 'ashlar';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const teams = table('teams', { id: id(), name: z.string() });
const members = table('members', { id: id(), team_id: z.uuid(), name: z.string() }, (c) => [
  references(c.team_id, teams.columns.id, { deferrable: true }),
]);
const tables = { teams, members };
type S = Session<typeof tables>;

const none = '0190a0b0-0000-7000-8000-000000000009';
const facts = { table: 'members', columns: ['team_id'], constraint: 'members_team_id_fkey' };

const writes: Readonly<Record<string, (s: S) => Promise<unknown>>> = {
  insert: (s) => s.insert(members, { team_id: none, name: 'lost' }),
  insertMany: (s) => s.insertMany(members, [{ team_id: none, name: 'lost' }]),
  upsert: (s) => s.upsert(members, { id: none, team_id: none, name: 'lost' }, { by: 'id' }),
  's.query': (s) => s.query.insertInto('members').values({ id: none, team_id: none, name: 'lost' }).execute(),
  'raw SQL': (s) => sql`INSERT INTO members VALUES (${none}, ${none}, 'lost')`.execute(s.query),
};

describe.each(engines)('a deferred foreign key on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
  });
  afterAll(() => remove());

  it.each(Object.entries(writes))('is named when the commit after %s violates it', async (_, write) => {
    let hasReturned = false;
    const run = db.session(async (s) => {
      await write(s);
      hasReturned = true;
    });
    await expect(run).rejects.toMatchObject({ code: 'foreign-key-violation', facts });
    expect(hasReturned).toBe(true);
    expect(await db.read((s) => s.query.selectFrom('members').selectAll().execute())).toEqual([]);
  });

  it('may be violated until the commit', async () => {
    const { id: team_id } = await db.session(async (s) => {
      await s.insert(members, { id: none, team_id: none, name: 'ann' });
      return s.insert(teams, { id: none, name: 'a' });
    });
    expect(await db.get(members, none)).toMatchObject({ team_id });
    await db.session(async (s) => {
      await s.delete(members, none);
      await s.delete(teams, none);
    });
  });
});
