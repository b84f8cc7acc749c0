import { randomBytes } from 'node:crypto';
import { id, primaryKey, type Table, table, timestamp } from 'ashlar';
import { partitioned, scoped } from 'ashlar/guarantees';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import type { Engine } from '../../src/contract/engine.js';
import type { Schema, SchemaChange } from '../../src/contract/schema.js';
import { createFoundation } from '../../src/engines/foundation.js';
import { dialects } from '../../src/engines/open.js';
import { openShadow } from '../../src/engines/shadow.js';
import { maintain } from '../../src/maintenance/maintain.js';
import { openScopedWorld } from './scoped-setup.js';
import { openWorld, type World } from './setup.js';

const shape = { id: id(), client_id: z.uuid(), body: z.string() };
const open = table('notes', shape) as unknown as Table;
const barred = table('notes', shape, (c) => [scoped(c.client_id)]) as unknown as Table;
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

const shadowOf = async (world: World, tables: readonly Table[]): Promise<Schema> => {
  const dialect = await dialects[world.engine.dialect.name]();
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
    ['becomes scoped', open, barred],
    ['is scoped no longer', barred, open],
    ['is scoped by another type', barred, byText],
    ['becomes scoped in partitions', events(undefined), events('client_id')],
    ['is scoped in partitions no longer', events('client_id'), events(undefined)],
  ];

  it.each(steps)('%s by a migration, and goes back', async (_, before, after) => {
    const world = await openWorld(engine, [before]);
    try {
      const { dialect } = world.engine;
      const [from, to] = [await schemaOf(world.engine), await shadowOf(world, [after])];
      const changes = dialect.changes(from, to, [after], {});
      await apply(world.engine, changes, 'up');
      expect(dialect.changes(await schemaOf(world.engine), to, [after], {})).toEqual([]);
      await apply(world.engine, changes, 'down');
      expect(dialect.changes(await schemaOf(world.engine), from, [before], {})).toEqual([]);
    } finally {
      await world.close();
    }
  });

  it('is dumped so that it can be made again, without what is Ashlar’s own', async () => {
    const world = await openWorld(engine, [barred]);
    const again = await openWorld(engine, []);
    try {
      const dump = world.engine.dialect.dump(await schemaOf(world.engine));
      expect(dump).not.toContain('FUNCTION ashlar_');
      await again.engine.asOwner((owner) => owner.script(dump));
      expect(again.engine.dialect.dump(await schemaOf(again.engine))).toBe(dump);
    } finally {
      await again.close();
      await world.close();
    }
  });
});

describe.each(engines.filter((each) => sqlOf(each) === 'postgres'))('scoped on $name', (engine) => {
  it('shows what was changed behind the migrations’ back', async () => {
    const world = await openWorld(engine, [barred]);
    try {
      const { dialect } = world.engine;
      const expected = await schemaOf(world.engine);
      const drifts = async () =>
        dialect.changes(expected, await schemaOf(world.engine), [barred], {}).map(({ summary }) => summary);
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
        await world.run(change);
        expect((await drifts()).join('\n'), change).toMatch(named);
        await world.run(back);
      }
      expect(await drifts()).toEqual(['notes: drop policy notes_scoped']);
    } finally {
      await world.close();
    }
  });

  it('binds an owner who is no superuser, who acts in every scope unless he says otherwise', async () => {
    const world = await openWorld(engine, []);
    const role = `owner_${randomBytes(6).toString('hex')}`;
    try {
      await world.run(`CREATE ROLE ${role}`);
      await world.run(`GRANT CREATE, USAGE ON SCHEMA public TO ${role}`);
      const [ann, bob] = ['019a0000-0000-7000-8000-00000000000a', '019a0000-0000-7000-8000-00000000000b'];
      await world.engine.asOwner(async (owner) => {
        await owner.script(`SET ROLE ${role}`);
        for (const statement of world.engine.dialect.createTable(barred)) await owner.script(statement);
        await owner.run(`INSERT INTO notes VALUES ('${ann}', '${ann}', 'a'), ('${bob}', '${bob}', 'b')`);
        expect(await owner.run('SELECT body FROM notes')).toHaveLength(2);
        await owner.atomically(async () => {
          expect(await owner.run('SELECT body FROM notes')).toHaveLength(2);
          await owner.run(`SET LOCAL ashlar.scope = '${bob}'`);
          expect(await owner.run('SELECT body FROM notes')).toEqual([{ body: 'b' }]);
          await owner.run("SET LOCAL ashlar.scope = ''");
          expect(await owner.run('SELECT body FROM notes')).toEqual([]);
        });
        // nothing of it is left on the connection
        await owner.script('DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM notes); END $$');
        await owner.script('RESET ROLE');
      });
      await world.run(`DROP OWNED BY ${role}`);
      await world.run(`DROP ROLE ${role}`);
    } finally {
      await world.close();
    }
  });

  it('lays the bounds of scopes again where they are not as they must be', async () => {
    const world = await openWorld(engine, [barred]);
    try {
      const laid = async () =>
        (await world.run("SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'ashlar%' ORDER BY 1"))
          .length;
      const sources = () =>
        world.run("SELECT prosrc FROM pg_proc WHERE proname LIKE 'ashlar%' ORDER BY proname");
      expect(await laid()).toBe(6);
      const before = await sources();
      await world.run(
        "CREATE OR REPLACE FUNCTION ashlar_scope_uuid_low() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT '00000000-0000-0000-0000-000000000000'::uuid $$",
      );
      expect(await sources()).not.toEqual(before);
      await world.engine.asOwner((owner) => createFoundation(owner, world.engine.dialect));
      expect(await sources()).toEqual(before);
    } finally {
      await world.close();
    }
  });

  it('holds on each partition, also one that is made later or was opened', async () => {
    const tables = { events: events('client_id') };
    const world = await openScopedWorld(engine, tables);
    const [ann, bob] = ['019a0000-0000-7000-8000-00000000000a', '019a0000-0000-7000-8000-00000000000b'];
    const now = new Date('2026-01-15T00:00:00Z');
    try {
      await world.asOwner((owner) => maintain(owner, Object.values(tables), now));
      for (const client of [ann, bob])
        await world.run(`INSERT INTO events VALUES ('${client}', '${client}', '2026-02-01T00:00:00.000Z')`);
      // an application that was granted what it should not have been
      await world.run(`GRANT ALL ON events_2026_02 TO PUBLIC`);
      const seen = async () =>
        (await world.db.session({ scope: ann }, (s) => sql`SELECT * FROM events_2026_02`.execute(s.query)))
          .rows.length;
      expect(await seen()).toBe(1);
      for (const opening of [
        'ALTER TABLE events_2026_02 DISABLE ROW LEVEL SECURITY',
        'ALTER POLICY events_scoped ON events_2026_02 USING (true)',
      ]) {
        await world.run(opening);
        expect(await seen()).toBe(2);
        const { done } = await world.asOwner((owner) => maintain(owner, Object.values(tables), now));
        expect(done).toEqual([expect.stringMatching(/events_2026_02: the policy events_scoped/)]);
        expect(await seen()).toBe(1);
      }
      await world.run('DROP POLICY events_scoped ON events_2026_02');
      expect(await seen()).toBe(0);
      await world.asOwner((owner) => maintain(owner, Object.values(tables), now));
      expect(await seen()).toBe(1);
      const keep = async () =>
        (await world.asOwner((owner) => maintain(owner, Object.values(tables), now))).done;
      expect(await keep()).toEqual([]);
      // what the default partition caught becomes a partition of its own, with its wall
      await world.run(`INSERT INTO events VALUES ('${bob}', '${bob}', '2025-06-01T00:00:00.000Z')`);
      expect(await keep()).toEqual([expect.stringMatching(/became events_2025_06/)]);
      expect(await keep()).toEqual([]);
      const barriers = await world.run(
        `SELECT relname FROM pg_class WHERE relname LIKE 'events_2%' AND relkind = 'r'
          AND NOT (relrowsecurity AND relforcerowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid))`,
      );
      expect(barriers).toEqual([]);
    } finally {
      await world.close();
    }
  });
});
