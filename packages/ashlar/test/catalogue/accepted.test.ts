import { drift, newStep, status } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneOfEach } from '../../../../test/support/engines.js';
import { checkRoles, rolesSql } from '../../src/roles/roles.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { everyFolder } from '../prove/every-folder.js';
import { asSystem } from '../prove/every-guarantee.js';
import { initialise } from '../prove/support.js';

const { engines, withRoles } = oneOfEach(import.meta.url);

let folder: Folder;
beforeAll(async () => {
  folder = await everyFolder();
});
afterAll(() => folder.remove());

describe.each(engines)('an object that no step makes, on $name', (engine) => {
  it('is a finding where it could weaken a guarantee, unless the system accepts it with a reason', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    try {
      const isServer = database.engine.dialect.name === 'postgres';
      if (isServer) await database.run('CREATE PUBLICATION mirror FOR TABLE letters');
      else await database.run('CREATE TRIGGER mirror AFTER INSERT ON letters BEGIN SELECT 1; END');
      const object = isServer ? 'publication mirror' : 'trigger letters.mirror';
      const remedy = isServer ? 'DROP PUBLICATION mirror' : 'DROP TRIGGER mirror';
      const whole = `mirror is made by no step (to remove it: ${remedy}; to accept it: ${object})`;
      const found = await drift(database.engine, system);
      expect(found).toEqual([expect.stringContaining(whole)]);
      const accepting = { ...system, accepts: [{ object, reason: 'The warehouse reads letters.' }] };
      expect(await drift(database.engine, accepting)).toEqual([]);
      const { undeclared, problems } = await status(database.engine, accepting);
      expect(undeclared).toEqual([
        {
          object,
          from: 'database',
          lifts: false,
          accepted: 'The warehouse reads letters.',
          facts: expect.objectContaining({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }),
        },
      ]);
      expect(problems).toEqual([]);

      // with its hash, another object that takes the name is a finding
      const sha256 = undeclared?.[0]?.facts?.sha256 ?? '';
      const pinned = { ...system, accepts: [{ object, reason: 'The warehouse reads letters.', sha256 }] };
      expect(await drift(database.engine, pinned)).toEqual([]);
      await database.run(remedy);
      if (isServer) await database.run('CREATE PUBLICATION mirror FOR ALL TABLES');
      else await database.run('CREATE TRIGGER mirror AFTER INSERT ON letters BEGIN SELECT 2; END');
      expect(await drift(database.engine, accepting)).toEqual([]);
      expect(await drift(database.engine, pinned)).toEqual([
        expect.stringContaining('mirror is made by no step'),
      ]);
      expect((await status(database.engine, pinned)).undeclared).toEqual([
        {
          object,
          from: 'database',
          lifts: true,
          facts: expect.objectContaining({ sha256: expect.any(String) }),
        },
      ]);
    } finally {
      await database.close();
    }
  });

  it('is named where it weakens nothing', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    try {
      await database.run('CREATE INDEX by_hand ON letters (read_at)');
      await database.run('CREATE TABLE apart (id integer)');
      const { undeclared, drift: found } = await status(database.engine, system);
      expect(found).toEqual([]);
      expect(undeclared).toEqual(
        expect.arrayContaining([
          { object: 'index by_hand', from: 'database', lifts: false },
          { object: 'table apart', from: 'database', lifts: false },
        ]),
      );
    } finally {
      await database.close();
    }
  });
});

describe.each(withRoles)('an object of the steps that a person changes, on $name', (engine) => {
  it('may differ in the facts that the system accepts, and in no other', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    try {
      await database.run('ALTER TABLE letters REPLICA IDENTITY FULL');
      expect(await drift(database.engine, system)).toEqual([
        'the table letters differs: replica identity is f',
      ]);
      const accepts = [
        { object: 'table letters', facts: ['replica identity'], reason: 'The warehouse reads it.' },
      ];
      const accepting = { ...system, accepts };
      expect(await drift(database.engine, accepting)).toEqual([]);
      await database.run('ALTER TABLE letters SET UNLOGGED');
      expect(await drift(database.engine, accepting)).toEqual([
        expect.stringContaining('the table letters differs: '),
      ]);
    } finally {
      await database.close();
    }
  });

  it('is named and no finding where the settings of an index are those of storage', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    try {
      const indexes = (await database.run(
        "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = 'letters'",
      )) as readonly { readonly indexname: string }[];
      expect(indexes.length).toBeGreaterThan(0);
      for (const { indexname } of indexes)
        await database.run(`ALTER INDEX ${indexname} SET (fillfactor = 70)`);
      expect(await drift(database.engine, system)).toEqual([]);
      const { undeclared } = await status(database.engine, system);
      expect(undeclared?.map(({ object }) => object)).toEqual(
        expect.arrayContaining(indexes.map(({ indexname }) => `storage settings of index ${indexname}`)),
      );
    } finally {
      await database.close();
    }
  });
});

describe.each(withRoles)('a materialized view that a step makes without data, on $name', (engine) => {
  it('is named and no finding when somebody fills it', async () => {
    const own = await makeFolder();
    const system = asSystem(own.url);
    await newStep(system, own.url, 'initial', { engines: ['postgres'] });
    const view = 'CREATE MATERIALIZED VIEW counted AS SELECT 1 AS one WITH NO DATA;';
    await own.write({ '0002_view/up.postgres.sql': view });
    const database = await initialise(engine, system);
    try {
      expect(await drift(database.engine, system)).toEqual([]);
      await database.run('REFRESH MATERIALIZED VIEW counted');
      expect(await drift(database.engine, system)).toEqual([]);
      expect((await status(database.engine, system)).undeclared).toContainEqual({
        object: 'storage settings of materialized view counted',
        from: 'database',
        lifts: false,
      });
    } finally {
      await database.close();
      await own.remove();
    }
  });
});

describe.each(withRoles)('what roles can do, on $name', (engine) => {
  it('is a finding of `roles check` with the statement for a DBA, which `up` does not run', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    const role = `other_${Math.random().toString(36).slice(2, 10)}`;
    try {
      expect(await checkRoles(database.engine, system)).toEqual([]);
      await database.run(`CREATE ROLE ${role}`);
      await database.run(`GRANT SELECT ON clients TO ${role}`);
      expect(await checkRoles(database.engine, system)).toEqual([]);
      const { roles } = await status(database.engine, system);
      expect(roles?.others).toEqual([`${role} has SELECT on clients`]);
      await database.run(`GRANT SELECT ON trail_ledger_entries TO ${role}`);
      await database.run(`GRANT TRUNCATE ON clients TO ${role}`);
      expect(await checkRoles(database.engine, system)).toEqual([
        `${role} has TRUNCATE on clients (to take it: REVOKE TRUNCATE ON public.clients FROM ${role}; to accept it: rights of ${role} on clients)`,
        `${role} has SELECT on trail_ledger_entries (to take it: REVOKE SELECT ON public.trail_ledger_entries FROM ${role}; to accept it: rights of ${role} on trail_ledger_entries)`,
      ]);
      expect(await rolesSql(database.engine, system)).toContain(
        `-- ${role} has TRUNCATE on clients: REVOKE TRUNCATE ON public.clients FROM ${role}`,
      );
    } finally {
      await database.run(`DROP OWNED BY ${role}`);
      await database.run(`DROP ROLE ${role}`);
      await database.close();
    }
  });

  it('a mark of a provider, which can do nothing, is no finding', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    const role = `mark_${Math.random().toString(36).slice(2, 10)}`;
    try {
      await database.run(`CREATE ROLE ${role}`);
      await database.run(`GRANT ${role} TO ashlar_auditor`);
      expect(await checkRoles(database.engine, system)).toEqual([]);
      await database.run(`GRANT SELECT ON holds TO ${role}`);
      expect(await checkRoles(database.engine, system)).toEqual([
        `ashlar_auditor may act as ${role} (to take it: REVOKE ${role} FROM ashlar_auditor; to accept it: member ashlar_auditor of ${role})`,
      ]);
    } finally {
      await database.run(`DROP OWNED BY ${role}`);
      await database.run(`DROP ROLE ${role}`);
      await database.close();
    }
  });

  it('what a managed server makes is accepted by name: event triggers, functions, settings, a reporting role', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    const role = `reports_${Math.random().toString(36).slice(2, 10)}`;
    try {
      for (const sql of [
        `CREATE ROLE ${role} BYPASSRLS`,
        `GRANT SELECT ON clients TO ${role}`,
        'CREATE SCHEMA extensions',
        'GRANT USAGE ON SCHEMA extensions TO PUBLIC',
        `CREATE FUNCTION extensions.watch() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN END'`,
        'CREATE EVENT TRIGGER provider_watch ON ddl_command_end EXECUTE FUNCTION extensions.watch()',
        `CREATE FUNCTION extensions.load_page(url text) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint'`,
        `DO $$ BEGIN EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = public, extensions', current_user, current_database()); END $$`,
      ])
        await database.run(sql);
      const [{ owner = '' } = {}] = await database.run('SELECT current_user::text AS owner');
      const reason = 'The provider made it.';
      const accepts = [
        'event trigger provider_watch',
        'function extensions.load_page(url text)',
        `setting ${String(owner)} search_path`,
        `rights of ${role} on clients`,
      ].map((object) => ({ object, reason }));
      const without = [
        ...(await checkRoles(database.engine, system)),
        ...(await drift(database.engine, system)),
      ];
      for (const { object } of accepts) expect(without.join('\n')).toContain(`to accept it: ${object})`);
      expect(without).toHaveLength(accepts.length);
      const accepting = { ...system, accepts };
      expect(await checkRoles(database.engine, accepting)).toEqual([]);
      const { problems, roles, undeclared } = await status(database.engine, accepting);
      expect(problems).toEqual([]);
      expect(roles?.others).toEqual(
        expect.arrayContaining([
          `${String(owner)} sets search_path, accepted: ${reason}`,
          `${role} has SELECT on clients, and bypasses row-level security, accepted: ${reason}`,
        ]),
      );
      expect(undeclared).toContainEqual({
        object: 'event trigger provider_watch',
        from: 'database',
        lifts: false,
        accepted: reason,
        facts: expect.objectContaining({ event: 'ddl_command_end' }),
      });
    } finally {
      await database.run(`DROP OWNED BY ${role}`);
      await database.run(`DROP ROLE ${role}`);
      await database.close();
    }
  });
});
