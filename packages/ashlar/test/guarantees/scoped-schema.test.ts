import { randomBytes } from 'node:crypto';
import { id, primaryKey, type Table, table, timestamp } from 'ashlar';
import { partitioned, scoped } from 'ashlar/guarantees';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf } from '../../../../test/support/engines.js';
import type { Engine } from '../../src/contract/engine.js';
import type { Schema, SchemaChange } from '../../src/contract/schema.js';
import { createFoundation } from '../../src/engines/foundation.js';
import { dialects } from '../../src/engines/open.js';
import { openShadow } from '../../src/engines/shadow.js';
import { maintain } from '../../src/maintenance/maintain.js';
import { openScopedFixture } from './scoped-setup.js';
import { type Fixture, openFixture } from './setup.js';

const { engines } = oneOfEach(import.meta.url);

const shape = { id: id(), client_id: z.uuid(), body: z.string() };
const plainNotes = table('notes', shape) as unknown as Table;
const scopedNotes = table('notes', shape, (c) => [scoped(c.client_id)]) as unknown as Table;
const byText = table('notes', { ...shape, client_id: z.string() }, (c) => [
  scoped(c.client_id),
]) as unknown as Table;
const events = (by: 'client_id' | undefined) =>
  table('events', { id: id(), client_id: z.uuid(), at: timestamp() }, (c) => [
    primaryKey(c.id, c.at),
    partitioned(c.at, { by: 'month' }),
    ...(by ? [scoped(c[by])] : []),
  ]) as unknown as Table;

const apply = async (engine: Engine, changes: readonly SchemaChange[], way: 'up' | 'down'): Promise<void> =>
  engine.asOwner(async (owner) => {
    const ordered = way === 'up' ? changes : changes.toReversed();
    const rebuild = changes.some((change) => change.rebuild.includes(way));
    await owner.atomically(
      async () => {
        for (const change of ordered) for (const statement of change[way]) await owner.script(statement);
      },
      { rebuild },
    );
  });

const schemaOf = (engine: Engine): Promise<Schema> => engine.asOwner((owner) => engine.introspect(owner));

const shadowOf = async (fixture: Fixture, tables: readonly Table[]): Promise<Schema> => {
  const dialect = await dialects[fixture.engine.dialect.name]();
  const shadow = await openShadow(dialect.name);
  try {
    await shadow.asOwner(async (owner) => {
      await createFoundation(owner, dialect);
      for (const made of tables)
        for (const statement of dialect.createTable(made)) await owner.script(statement);
    });
    return await schemaOf(shadow);
  } finally {
    await shadow.close();
  }
};

describe.each(engines)('the schema of scoped tables on $name', (engine) => {
  const steps: readonly (readonly [string, Table, Table])[] = [
    ['gains scoped', plainNotes, scopedNotes],
    ['loses scoped', scopedNotes, plainNotes],
    ['changes the type of the scope', scopedNotes, byText],
    ['gains scoped on a partitioned table', events(undefined), events('client_id')],
    ['loses scoped on a partitioned table', events('client_id'), events(undefined)],
  ];

  it.each(steps)('%s with a migration and its down step', async (_, before, after) => {
    const fixture = await openFixture(engine, [before]);
    try {
      const { dialect } = fixture.engine;
      const [from, to] = [await schemaOf(fixture.engine), await shadowOf(fixture, [after])];
      const changes = dialect.changes(from, to, [after], {});
      await apply(fixture.engine, changes, 'up');
      expect(dialect.changes(await schemaOf(fixture.engine), to, [after], {})).toEqual([]);
      await apply(fixture.engine, changes, 'down');
      expect(dialect.changes(await schemaOf(fixture.engine), from, [before], {})).toEqual([]);
    } finally {
      await fixture.close();
    }
  });

  it('can be recreated from its dump, which omits Ashlar’s functions', async () => {
    const fixture = await openFixture(engine, [scopedNotes]);
    const again = await openFixture(engine, []);
    try {
      const dump = fixture.engine.dialect.dump(await schemaOf(fixture.engine));
      expect(dump).not.toContain('FUNCTION ashlar_');
      await again.engine.asOwner((owner) => owner.script(dump));
      expect(again.engine.dialect.dump(await schemaOf(again.engine))).toBe(dump);
    } finally {
      await again.close();
      await fixture.close();
    }
  });
});

describe.each(engines.filter((each) => sqlOf(each) === 'postgres'))('scoped on $name', (engine) => {
  it('drift names each change made without a migration', async () => {
    const fixture = await openFixture(engine, [scopedNotes]);
    try {
      const { dialect } = fixture.engine;
      const expected = await schemaOf(fixture.engine);
      const drifts = async () =>
        dialect
          .changes(expected, await schemaOf(fixture.engine), [scopedNotes], {})
          .map(({ summary }) => summary);
      const cases: readonly (readonly [string, string, RegExp])[] = [
        [
          'ALTER TABLE notes DISABLE ROW LEVEL SECURITY',
          'ALTER TABLE notes ENABLE ROW LEVEL SECURITY',
          /row level security off/,
        ],
        [
          'ALTER TABLE notes NO FORCE ROW LEVEL SECURITY',
          'ALTER TABLE notes FORCE ROW LEVEL SECURITY',
          /not for the owner/,
        ],
        [
          'CREATE POLICY everybody ON notes USING (true)',
          'DROP POLICY everybody ON notes',
          /add policy everybody/,
        ],
        [
          'ALTER POLICY notes_scoped ON notes TO pg_read_all_data',
          'ALTER POLICY notes_scoped ON notes TO PUBLIC',
          /policy notes_scoped/,
        ],
        [
          'ALTER POLICY notes_scoped ON notes WITH CHECK (true)',
          'DROP POLICY notes_scoped ON notes',
          /policy notes_scoped/,
        ],
      ];
      for (const [change, back, named] of cases) {
        await fixture.run(change);
        expect((await drifts()).join('\n'), change).toMatch(named);
        await fixture.run(back);
      }
      expect(await drifts()).toEqual(['notes: drop policy notes_scoped']);
    } finally {
      await fixture.close();
    }
  });

  it('applies to an owner without superuser rights, who acts in every scope by default', async () => {
    const fixture = await openFixture(engine, []);
    const role = `owner_${randomBytes(6).toString('hex')}`;
    try {
      await fixture.run(`CREATE ROLE ${role}`);
      await fixture.run(`GRANT CREATE, USAGE ON SCHEMA public TO ${role}`);
      const [ann, bob] = ['019a0000-0000-7000-8000-00000000000a', '019a0000-0000-7000-8000-00000000000b'];
      await fixture.engine.asOwner(async (owner) => {
        await owner.script(`SET ROLE ${role}`);
        for (const statement of fixture.engine.dialect.createTable(scopedNotes))
          await owner.script(statement);
        await owner.run(`INSERT INTO notes VALUES ('${ann}', '${ann}', 'a'), ('${bob}', '${bob}', 'b')`);
        expect(await owner.run('SELECT body FROM notes')).toHaveLength(2);
        await owner.atomically(async () => {
          expect(await owner.run('SELECT body FROM notes')).toHaveLength(2);
          await owner.run(`SET LOCAL ashlar.scope = '${bob}'`);
          expect(await owner.run('SELECT body FROM notes')).toEqual([{ body: 'b' }]);
          await owner.run("SET LOCAL ashlar.scope = ''");
          expect(await owner.run('SELECT body FROM notes')).toEqual([]);
        });
        // the scope does not outlive the transaction
        await owner.script('DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM notes); END $$');
        await owner.script('RESET ROLE');
      });
      await fixture.run(`DROP OWNED BY ${role}`);
      await fixture.run(`DROP ROLE ${role}`);
    } finally {
      await fixture.close();
    }
  });

  it('createFoundation restores a changed scope bound function', async () => {
    const fixture = await openFixture(engine, [scopedNotes]);
    try {
      const functionCount = async () =>
        (await fixture.run("SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'ashlar%' ORDER BY 1"))
          .length;
      const sources = () =>
        fixture.run("SELECT prosrc FROM pg_proc WHERE proname LIKE 'ashlar%' ORDER BY proname");
      expect(await functionCount()).toBe(6 + 6 + 2 + 1);
      const before = await sources();
      await fixture.run(
        "CREATE OR REPLACE FUNCTION ashlar_scope_uuid_low() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT '00000000-0000-0000-0000-000000000000'::uuid $$",
      );
      expect(await sources()).not.toEqual(before);
      await fixture.engine.asOwner((owner) => createFoundation(owner, fixture.engine.dialect));
      expect(await sources()).toEqual(before);
    } finally {
      await fixture.close();
    }
  });

  it('holds on every partition, also on a new one and on one whose policy was changed', async () => {
    const tables = { events: events('client_id') };
    const fixture = await openScopedFixture(engine, tables);
    const [ann, bob] = ['019a0000-0000-7000-8000-00000000000a', '019a0000-0000-7000-8000-00000000000b'];
    const now = new Date('2026-01-15T00:00:00Z');
    try {
      await fixture.asOwner((owner) => maintain(owner, Object.values(tables), now));
      for (const client of [ann, bob])
        await fixture.run(`INSERT INTO events VALUES ('${client}', '${client}', '2026-02-01T00:00:00.000Z')`);
      // a grant that the application must not have
      await fixture.run(`GRANT ALL ON events_2026_02 TO PUBLIC`);
      const seen = async () =>
        (await fixture.db.session({ scope: ann }, (s) => sql`SELECT * FROM events_2026_02`.execute(s.query)))
          .rows.length;
      expect(await seen()).toBe(1);
      for (const opening of [
        'ALTER TABLE events_2026_02 DISABLE ROW LEVEL SECURITY',
        'ALTER POLICY events_scoped ON events_2026_02 USING (true)',
      ]) {
        await fixture.run(opening);
        expect(await seen()).toBe(2);
        const { done } = await fixture.asOwner((owner) => maintain(owner, Object.values(tables), now));
        expect(done).toEqual([expect.stringMatching(/events_2026_02: the policy events_scoped/)]);
        expect(await seen()).toBe(1);
      }
      await fixture.run('DROP POLICY events_scoped ON events_2026_02');
      expect(await seen()).toBe(0);
      await fixture.asOwner((owner) => maintain(owner, Object.values(tables), now));
      expect(await seen()).toBe(1);
      const keep = async () =>
        (await fixture.asOwner((owner) => maintain(owner, Object.values(tables), now))).done;
      expect(await keep()).toEqual([]);
      // the default partition becomes a partition of its month, with its policy
      await fixture.run(`INSERT INTO events VALUES ('${bob}', '${bob}', '2025-06-01T00:00:00.000Z')`);
      expect(await keep()).toEqual([expect.stringMatching(/became events_2025_06/)]);
      expect(await keep()).toEqual([]);
      const barriers = await fixture.run(
        `SELECT relname FROM pg_class WHERE relname LIKE 'events_2%' AND relkind = 'r'
          AND NOT (relrowsecurity AND relforcerowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid))`,
      );
      expect(barriers).toEqual([]);
    } finally {
      await fixture.close();
    }
  });
});
