import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asAdmin, server } from '../../../../test/support/engines.js';
import { databaseOf, freshRoles, makeUser } from '../../../../test/support/users.js';
import { openEngine } from '../../src/engines/open.js';
import { makeProject, type Project } from './cli.js';

let project: Project;
beforeAll(async () => {
  project = await makeProject();
});
afterAll(() => project.remove());

describe('ashlar roles, with one user', () => {
  const url = ['--system', 'wills', '--url', 'pglite:data'];
  const widen = async (sql: string) => {
    const engine = await openEngine({ url: `pglite:${project.folder}/data` });
    await engine.asOwner((owner) => owner.script(sql));
    await engine.close();
  };

  test('up creates and grants them, and says so; status says what one user costs', async () => {
    const first = await project.ashlar(['up', ...url]);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/granted ashlar_app and ashlar_auditor missing rights \(\d+ statements\)/);
    expect(first.stdout).not.toContain('corrected');
    expect((await project.json(['up', ...url])).document).toMatchObject({
      systems: [{ changed: false, roles: [] }],
    });
    const status = await project.ashlar(['status', ...url]);
    expect(status.stdout).toContain(
      'postgres owns · postgres runs the application in the role ashlar_app · ashlar_auditor reads',
    );
    expect(status.stdout).toContain('One user owns the schema and runs the application');
  }, 240_000);

  test('check finds an extra right, sql prints what revokes it, apply runs exactly that', async () => {
    expect(await project.ashlar(['roles', 'check', ...url])).toMatchObject({ code: 0, stdout: 'ok wills\n' });
    expect((await project.ashlar(['roles', 'sql', ...url])).stdout).toBe('-- wills: nothing to do\n');
    await widen('GRANT DELETE ON audit_logs TO ashlar_app');
    const difference = 'ashlar_app has DELETE on audit_logs';
    const checked = await project.ashlar(['roles', 'check', ...url]);
    expect(checked).toMatchObject({ code: 1, stderr: expect.stringContaining(difference) });
    expect(await project.json(['roles', 'check', ...url])).toMatchObject({
      code: 1,
      document: { checks: [{ system: 'wills', ok: false, differences: [difference] }] },
    });
    expect((await project.ashlar(['status', ...url])).stdout).toContain(difference);
    const sql = 'REVOKE DELETE ON TABLE public.audit_logs FROM ashlar_app';
    expect((await project.ashlar(['roles', 'sql', ...url])).stdout).toBe(`${sql};\n`);
    expect((await project.ashlar(['roles', 'apply', ...url])).stdout).toBe(`wills\n  ${sql}\n`);
    expect((await project.json(['roles', 'apply', ...url])).document).toEqual({
      systems: [{ system: 'wills', corrected: [] }],
    });
    await widen('GRANT DELETE ON audit_logs TO ashlar_app');
    expect((await project.ashlar(['up', ...url])).stdout).toContain(`corrected ${difference}`);
  }, 240_000);

  test('a database that a newer release upgraded is refused, and nothing is changed', async () => {
    await widen('GRANT DELETE ON audit_logs TO ashlar_app');
    await widen(
      "INSERT INTO ashlar_migrations VALUES ('ashlar', '0009_later', 'oldest:9', now(), 'newer', 0)",
    );
    for (const command of [['roles', 'check'], ['roles', 'sql'], ['roles', 'apply'], ['prove'], ['up']])
      expect(await project.json([...command, ...url])).toMatchObject({
        code: 3,
        document: { error: { code: 'database-newer' } },
      });
    await widen("DELETE FROM ashlar_migrations WHERE step = '0009_later'");
    expect(await project.ashlar(['roles', 'check', ...url])).toMatchObject({ code: 1 });
    expect(await project.ashlar(['roles', 'apply', ...url])).toMatchObject({ code: 0 });
  }, 240_000);

  test('the tables go to an owner without login, and up continues as that owner', async () => {
    expect(await project.ashlar(['roles', 'apply', '--owner', 'wills_owner', ...url])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('ALTER TABLE public.clauses OWNER TO wills_owner'),
    });
    expect((await project.ashlar(['up', ...url])).stdout).toContain('nothing to do');
    expect((await project.ashlar(['status', ...url])).stdout).toContain('wills_owner owns');
  }, 240_000);

  test('a database without a role to step down to is refused, unless it is allowed', async () => {
    const jobs = ['--system', 'shipping', '--url', 'pglite:jobs'];
    expect(await project.ashlar(['up', ...jobs])).toMatchObject({ code: 0 });
    expect(await project.ashlar(['jobs', 'list', ...jobs])).toMatchObject({ code: 0 });
    const engine = await openEngine({ url: `pglite:${project.folder}/jobs` });
    await engine.asOwner((owner) => owner.script('DROP OWNED BY ashlar_app; DROP ROLE ashlar_app'));
    await engine.close();
    expect(await project.json(['jobs', 'list', ...jobs])).toMatchObject({
      code: 3,
      document: { error: { code: 'role-too-strong', suggestion: expect.stringContaining('ashlar up') } },
    });
    expect(await project.ashlar(['jobs', 'list', '--allow-owner', ...jobs])).toMatchObject({ code: 0 });
    expect(await project.ashlar(['up', ...jobs])).toMatchObject({ code: 0 });
    expect(await project.ashlar(['jobs', 'list', ...jobs])).toMatchObject({ code: 0 });
  }, 240_000);

  test('a file has none', async () => {
    const file = ['--system', 'wills', '--url', 'sqlite:w.db'];
    await project.ashlar(['up', ...file]);
    expect(await project.ashlar(['roles', 'check', ...file])).toMatchObject({ code: 0 });
    expect((await project.json(['status', ...file])).document).toMatchObject({ systems: [{ roles: null }] });
  }, 240_000);
});

describe.each(server)('ashlar roles, with two users of a server', (engine) => {
  test('a DBA gets the SQL to run; then up grants the rights of the user of DATABASE_URL, and no more', async () => {
    const place = await engine.place();
    const [owner, app] = [await makeUser('owner'), await makeUser('app')];
    const { auditor } = freshRoles();
    await asAdmin(`ALTER DATABASE ${databaseOf(place)} OWNER TO ${owner.name}`);
    const env = {
      DATABASE_URL: app.at(place),
      DATABASE_MIGRATE_URL: owner.at(place),
      DATABASE_AUDITOR_ROLE: auditor,
    };
    const system = ['--system', 'shipping'];
    expect(await project.json(['up', ...system], env)).toMatchObject({
      code: 1,
      document: { error: { code: 'role-missing', detail: `CREATE ROLE ${auditor} NOLOGIN;` } },
    });
    await asAdmin(`CREATE ROLE ${auditor} NOLOGIN`);
    expect(await project.ashlar(['up', ...system], env)).toMatchObject({ code: 0 });
    expect(await project.ashlar(['roles', 'check', ...system], env)).toMatchObject({ code: 0 });
    const status = await project.ashlar(['status', ...system], env);
    expect(status.stdout).toContain(
      `${owner.name} owns · ${app.name} runs the application · ${auditor} reads`,
    );
    expect(status.stdout).not.toContain('One user');
    expect(await project.ashlar(['jobs', 'list', ...system], env)).toMatchObject({ code: 0 });
    // where only the application's own URL is known, status still works
    const deployed = await project.ashlar(['status', ...system], {
      DATABASE_URL: app.at(place),
      DATABASE_AUDITOR_ROLE: auditor,
    });
    expect(deployed).toMatchObject({ code: 0, stdout: expect.stringContaining(`${app.name} runs`) });
    expect(deployed.stdout).not.toContain('difference');
    // two URLs, but the application's user is the stronger one
    const swapped = {
      ...env,
      DATABASE_URL: env.DATABASE_MIGRATE_URL,
      DATABASE_MIGRATE_URL: env.DATABASE_URL,
    };
    expect(await project.json(['jobs', 'list', ...system], swapped)).toMatchObject({
      code: 3,
      document: { error: { code: 'role-too-strong' } },
    });
    await place.remove();
    await asAdmin(`DROP ROLE ${auditor}`);
    await owner.drop();
    await app.drop();
  }, 240_000);
});
