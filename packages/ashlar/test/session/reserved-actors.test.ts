import { autoincrement, everyScope, id, type Session, system, table } from 'ashlar';
import { audited, auditTrail, scoped } from 'ashlar/guarantees';
import { sql } from 'ashlar/query';
import { type TestDatabase, testDatabase } from 'ashlar/testing';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';

const trail = auditTrail('trail', (c) => [scoped(c.scope)]);
const notes = table('notes', { id: id(), org: z.string(), body: z.string() }, (c) => [
  scoped(c.org),
  audited({ into: trail }),
]);
const numbers = table('numbers', { id: autoincrement(), body: z.string() });
const tables = { trail, notes, numbers };
const shop = system('shop', { tables, migrations: new URL('file:///nowhere/') });
type S = Session<typeof tables>;

// words that SQL, an engine or Ashlar itself uses for a user, a role, or nobody
const names = [
  ...['owner', 'OWNER', 'session', 'ashlar', 'ashlar_app', 'app', 'auditor', 'public', 'postgres', 'system'],
  ...[
    'user',
    'current_user',
    'session_user',
    'none',
    'nobody',
    'default',
    'null',
    'NULL',
    'undefined',
    'true',
  ],
  ...[
    '0',
    '-1',
    ' ',
    '%',
    '_',
    '?',
    '$1',
    '\\',
    '"',
    "o'neil",
    '*)',
    '[object Object]',
    'DROP',
    '\u{10FFFE}',
  ],
];

describe.each(engines)('reserved words as actors and scopes on $name', ({ name: engine }) => {
  let db: TestDatabase<typeof tables>;
  beforeAll(async () => {
    db = await testDatabase(shop, { url: engine === 'postgres' ? inject('postgresUrl') : engine });
    await db.insert(notes, { org: 'hidden', body: 'x' }, { scope: 'hidden' });
  });
  afterAll(() => db.close());

  const givesKey = (s: S) => sql`INSERT INTO numbers (id, body) VALUES (9000, 'x')`.execute(s.query);
  const orgs = async (s: S) =>
    new Set((await s.query.selectFrom('notes').select('org').execute()).map(({ org }) => org));

  test.each(names)('%j is an actor and a scope like any other', async (name) => {
    const context = { actor: name, scope: name };
    const note = await db.insert(notes, { org: name, body: 'x' }, context);
    expect(await db.read(context, orgs)).toEqual(new Set([name]));
    const rows = await db.read(context, (s) =>
      s.query.selectFrom('trail').select(['actor', 'scope', 'row_key']).execute(),
    );
    expect(rows).toContainEqual({ ...context, row_key: { id: note.id } });
    const all = name === 'owner' ? [name, null] : [name, null, everyScope];
    for (const scope of all) {
      await expect(db.session({ actor: name, scope }, givesKey)).rejects.toMatchObject({
        code: 'guarantee-violated',
        facts: { table: 'numbers', guarantee: 'autoincrement' },
      });
    }
  });

  test('the actor of the owner and every scope are refused together', async () => {
    const context = { actor: 'owner', scope: everyScope };
    for (const work of [
      () => db.session(context, givesKey),
      () => db.read(context, orgs),
      () => db.insert(notes, { org: 'a', body: 'x' }, context),
      async () => db.sync?.session(context, () => 1) ?? db.session(context, givesKey),
    ]) {
      await expect(work()).rejects.toMatchObject({ code: 'usage' });
    }
  });

  test("'' is no actor and no scope", async () => {
    await db.session({ actor: '', scope: '' }, async (s) => {
      expect([s.actor, s.scope]).toEqual([null, null]);
      expect(await orgs(s)).toEqual(new Set());
    });
  });
});
