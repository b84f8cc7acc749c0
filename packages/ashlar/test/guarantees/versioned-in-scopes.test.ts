import { id, system, table } from 'ashlar';
import { audited, auditTrail, scoped, versioned } from 'ashlar/guarantees';
import { sql } from 'ashlar/query';
import { testDatabase } from 'ashlar/testing';
import { describe, expect, inject, test } from 'vitest';
import { z } from 'zod';

// the key has no scope in it, and the triggers of versions see the rows of every scope
const changes = auditTrail('changes', (c) => [scoped(c.scope)]);
const docs = table(
  'docs',
  {
    id: id(),
    org: z.string(),
    code: z.string(),
    version: z.int().min(1).default(1),
    is_current: z.boolean().default(true),
    previous_version_id: z.uuid().nullable().default(null),
    body: z.string(),
  },
  (c) => [
    scoped(c.org),
    audited({ into: changes }),
    versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous_version_id }),
  ],
);
const office = system('office', {
  tables: { changes, docs },
  migrations: new URL('./none/', import.meta.url),
});

const uuid = (n: number): string => `00000000-0000-7000-8000-00000000000${n}`;
const places = [
  { name: 'sqlite', url: () => 'sqlite' },
  { name: 'sqlcipher', url: () => 'sqlcipher' },
  { name: 'pglite', url: () => 'pglite' },
  { name: 'postgres', url: () => inject('postgresUrl') },
].filter(({ name }) => (inject('engines') as readonly string[]).includes(name));

describe.each(places)('versions of a scoped table on $name', ({ url }) => {
  test('follow only a version of their own scope, and no other scope’s row changes', async () => {
    await using db = await testDatabase(office, { url: url(), actor: 'user:1' });
    const theirs = { id: uuid(1), org: 'b', code: 'K', body: 'secret' };
    await db.session({ scope: 'b' }, (s) => s.insert(docs, theirs));
    const next = {
      id: uuid(2),
      org: 'a',
      code: 'K',
      version: 2,
      previous_version_id: uuid(1),
      body: 'mine',
    };
    const refusal = { code: 'guarantee-violated', facts: { guarantee: 'versioned' } };
    await expect(db.session({ scope: 'a' }, (s) => s.insert(docs, next))).rejects.toMatchObject(refusal);
    await expect(
      db.session({ scope: 'a' }, (s) =>
        sql`INSERT INTO docs (id, org, code, version, is_current, previous_version_id, body)
VALUES (${uuid(2)}, 'a', 'K', 2, true, ${uuid(1)}, 'mine')`.execute(s.query),
      ),
    ).rejects.toMatchObject(refusal);
    const seen = await db.read({ scope: 'a' }, (s) => s.query.selectFrom('changes').selectAll().execute());
    expect(JSON.stringify(seen)).not.toContain('secret');
    expect(await db.read({ scope: 'b' }, (s) => s.get(docs, uuid(1)))).toMatchObject({ is_current: true });
    await db.session({ scope: 'b' }, (s) => s.insert(docs, { ...next, org: 'b' }));
    expect(await db.read({ scope: 'b' }, (s) => s.get(docs, uuid(1)))).toMatchObject({ is_current: false });
  });
});
