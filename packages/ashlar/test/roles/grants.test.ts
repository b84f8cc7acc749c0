import { connect, type Database, type System } from 'ashlar';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oneOfEach, type Place } from '../../../../test/support/engines.js';
import { freshRoles } from '../../../../test/support/users.js';
import { down, history, maintain, up } from '../../src/migrations/index.js';
import { applyRoles, checkRoles, type RoleChange, rolesSql } from '../../src/roles/index.js';
import type { Folder } from '../migrations/folder.js';
import { someSystem, type tables } from './support.js';

const { withRoles } = oneOfEach(import.meta.url);

describe.each(withRoles)('rights on $name', (engine) => {
  // roles belong to the server: other tests grant to the default ones at the same time, in their own databases
  const roles = freshRoles();
  let db: Database<typeof tables>;
  let place: Place;
  let folder: Folder;
  let shop: System<typeof tables>;

  beforeAll(async () => {
    ({ shop, folder } = await someSystem());
    place = await engine.place();
    db = await connect(shop, { url: place.url, appRole: roles.app });
    await up(db.engine, shop, { roles });
    await maintain(db.engine, Object.values(shop.tables), new Date());
  });
  afterAll(async () => {
    await db.engine.asOwner((owner) =>
      owner.script(
        `DROP OWNED BY ${roles.app}, ${roles.auditor}; DROP ROLE ${roles.app}; DROP ROLE ${roles.auditor}`,
      ),
    );
    await db.close();
    await place.remove();
    await folder.remove();
  });

  const asOwner = (sql: string) => db.engine.asOwner((owner) => owner.script(sql));
  const check = () => checkRoles(db.engine, shop, roles);
  const runUp = async (): Promise<readonly RoleChange[]> => {
    const changes: RoleChange[] = [];
    await up(db.engine, shop, { roles, onRoles: (all) => changes.push(...all) });
    return changes;
  };

  test('are complete after up, and a second up changes nothing', async () => {
    expect(await check()).toEqual([]);
    expect(await rolesSql(db.engine, shop, roles)).toBe('');
    expect(await runUp()).toEqual([]);
    expect(await applyRoles(db.engine, shop, roles)).toEqual([]);
  });

  const partition = 'trail_default';
  test.each([
    [`GRANT DELETE ON events TO ${roles.app}`, `${roles.app} has DELETE on events`],
    [`GRANT UPDATE ON events TO ${roles.app}`, `${roles.app} has UPDATE on events`],
    [`GRANT UPDATE (what) ON events TO ${roles.app}`, `${roles.app} has UPDATE (what) on events`],
    [`GRANT INSERT (created_at) ON trail TO ${roles.app}`, `${roles.app} has INSERT (created_at) on trail`],
    [`GRANT INSERT ON trail TO ${roles.app}`, `${roles.app} has INSERT on trail`],
    [`GRANT TRUNCATE, TRIGGER ON notes TO ${roles.app}`, `${roles.app} has TRIGGER, TRUNCATE on notes`],
    [`GRANT SELECT ON notes TO ${roles.app} WITH GRANT OPTION`, `${roles.app} has SELECT on notes`],
    [`GRANT SELECT ON ${partition} TO ${roles.app}`, `${roles.app} has SELECT on ${partition}`],
    [`GRANT ALL ON ${partition} TO PUBLIC`, `PUBLIC has`],
    [`GRANT SELECT ON events TO PUBLIC`, `PUBLIC has SELECT on events`],
    [`GRANT INSERT ON ashlar_migrations TO ${roles.app}`, `${roles.app} has INSERT on ashlar_migrations`],
    [`GRANT UPDATE ON notes TO ${roles.auditor}`, `${roles.auditor} has UPDATE on notes`],
    [`GRANT UPDATE ON SEQUENCE notes_id_seq TO ${roles.app}`, `${roles.app} has UPDATE on notes_id_seq`],
    [`GRANT CREATE ON SCHEMA public TO ${roles.app}`, `${roles.app} may create objects in the schema public`],
    [`GRANT CREATE ON SCHEMA public TO PUBLIC`, `PUBLIC may create objects in the schema public`],
    [`ALTER ROLE ${roles.app} BYPASSRLS`, `${roles.app} bypasses row-level security`],
    [
      `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT TRUNCATE ON TABLES TO ${roles.app}`,
      `${roles.app} has TRUNCATE on tables that postgres will create`,
    ],
    [`REVOKE SELECT ON notes FROM ${roles.app}`, `${roles.app} lacks SELECT on notes`],
    [`REVOKE INSERT (what) ON events FROM ${roles.app}`, `${roles.app} lacks INSERT (what) on events`],
    [`REVOKE SELECT ON events FROM ${roles.auditor}`, `${roles.auditor} lacks SELECT on events`],
    [`REVOKE USAGE ON SCHEMA public FROM PUBLIC`, `${roles.app} may not use the schema public`],
  ])('that were changed by %s are found, and corrected by up', async (sql, difference) => {
    await asOwner(sql);
    expect((await check()).join('\n')).toContain(difference);
    const changes = await runUp();
    expect(changes.map((change) => change.difference).join('\n')).toContain(difference);
    expect(await check()).toEqual([]);
  });

  test('that are printed as SQL have the same effect when a DBA runs them', async () => {
    await asOwner(
      `GRANT ALL ON events, trail, ${partition} TO ${roles.app}; REVOKE ALL ON notes FROM ${roles.app}, ${roles.auditor}`,
    );
    const printed = await rolesSql(db.engine, shop, roles);
    expect(printed).toContain(
      `GRANT SELECT, INSERT (body, created_at), UPDATE (body, created_at), DELETE ON TABLE notes TO ${roles.app};`,
    );
    await asOwner(printed);
    expect(await check()).toEqual([]);
  });

  test('are the same after any manual grants and revocations, once they are applied', async () => {
    const rights = () =>
      db.engine.asOwner((owner) =>
        owner.run(`
SELECT c.relname::text AS name, '' AS "column", a.grantee::int, a.privilege_type::text AS privilege, a.is_grantable
FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT c.relname::text, t.attname::text, a.grantee::int, a.privilege_type::text, a.is_grantable
FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
WHERE c.relnamespace = 'public'::regnamespace
ORDER BY 1, 2, 3, 4, 5`),
      );
    const columns = { notes: 'body', events: 'what', trail: 'created_at', [partition]: 'what' };
    const statement = fc
      .record({
        verb: fc.constantFrom('GRANT', 'REVOKE'),
        privilege: fc.constantFrom('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'ALL'),
        table: fc.constantFrom(...(Object.keys(columns) as (keyof typeof columns)[])),
        grantee: fc.constantFrom(roles.app, roles.auditor, 'PUBLIC'),
        narrow: fc.boolean(),
        onward: fc.boolean(),
      })
      .map(({ verb, privilege, table, grantee, narrow, onward }) => {
        const column = narrow && /SELECT|INSERT|UPDATE/.test(privilege) ? ` (${columns[table]})` : '';
        const [to, option] =
          verb === 'GRANT'
            ? ['TO', onward && grantee !== 'PUBLIC' ? ' WITH GRANT OPTION' : '']
            : ['FROM', ''];
        return `${verb} ${privilege}${column} ON ${table} ${to} ${grantee}${option}`;
      });
    const before = await rights();
    await fc.assert(
      fc.asyncProperty(fc.array(statement, { minLength: 1, maxLength: 8 }), async (statements) => {
        await asOwner(statements.join('; '));
        await applyRoles(db.engine, shop, roles);
        expect(await check()).toEqual([]);
        expect(await rights()).toEqual(before);
      }),
      { numRuns: 25 },
    );
  });

  test('come with the step that makes a table, in its transaction', async () => {
    await folder.step('0002_more', 'CREATE TABLE more (id int); DROP TABLE nowhere;');
    await expect(up(db.engine, shop, { roles })).rejects.toMatchObject({ code: 'migration-failed' });
    expect(await check()).toEqual([]);
    await folder.step('0002_more', 'CREATE TABLE more (id int);', 'DROP TABLE more;');
    expect(await runUp()).toEqual([]);
    expect((await db.engine.read('SELECT * FROM more', [])).rows).toEqual([]);
  });

  test('are restored after a down migration that recreates tables', async () => {
    await folder.write({
      '0003_without/up.postgres.sql': 'DROP TABLE events;',
      '0003_without/down.postgres.sql': `CREATE TABLE events (id uuid PRIMARY KEY, created_at timestamptz(3) NOT NULL DEFAULT now(), what text, seen text);`,
    });
    await up(db.engine, shop, { roles });
    expect(await check()).toEqual([]);
    await down(db.engine, shop, { roles });
    expect(await check()).toEqual([]);
    await folder.drop('0003_without');
    expect(await history(db.engine, shop)).toHaveLength(2);
  });
});
