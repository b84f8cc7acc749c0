import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { asAdmin, type Place, server } from '../../../../test/support/engines.js';
import { databaseOf } from '../../../../test/support/users.js';
import { makeProject, type Project } from '../cli/cli.js';

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const secret = 'p@ss/w#rd';

// what consoles of managed servers and people call roles
const oddNames = [
  ['plain', 'app', 'auditor', 'owner'],
  ['upper case and dashes', 'App-Prod', 'Audit-Prod', 'Owner-Prod'],
  ['quotes, blanks and letters beyond ASCII', 'the "app" ü', "o'brien; --", 'Größe\\1 $$ %s'],
  ['words of SQL', 'user', 'select', 'table'],
] as const;

/**
 * What a DBA, or the console of a managed server, did before: roles without any power exist, and one of them owns the
 * database or may create in one schema of it.
 */
describe.each(server)('a managed server', (engine) => {
  let place: Place;
  let project: Project;
  let made: string[];
  const suffix = () => `_${randomBytes(3).toString('hex')}`;

  beforeEach(async () => {
    place = await engine.place();
    project = await makeProject();
    made = [];
  });
  afterEach(async () => {
    await project.remove();
    await place.remove();
    for (const name of made) await asAdmin(`DROP ROLE IF EXISTS ${quoted(name)}`);
  });

  const role = async (name: string, attributes: string): Promise<string> => {
    const own = `${name}${suffix()}`;
    await asAdmin(`CREATE ROLE ${quoted(own)} ${attributes}`);
    made.push(own);
    return own;
  };
  const login = (name: string): Promise<string> => role(name, `LOGIN PASSWORD '${secret}'`);
  const asDba = async (sql: string): Promise<readonly Record<string, unknown>[]> => {
    const client = new pg.Client(place.url);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const urlOf = (user: string, schema?: string): string => {
    const url = new URL(place.url);
    url.username = encodeURIComponent(user);
    url.password = encodeURIComponent(secret);
    if (schema !== undefined) url.searchParams.set('schema', schema);
    return url.href;
  };
  const system = ['--system', 'wills'];
  const succeeds = async (args: readonly string[], env: Record<string, string>): Promise<string> => {
    const { code, stdout, stderr } = await project.ashlar([...args, ...system], env);
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
    return stdout;
  };
  const checked = async (env: Record<string, string>): Promise<void> => {
    await succeeds(['up'], env);
    expect(await succeeds(['up'], env)).toContain('nothing to do');
    expect(await succeeds(['roles', 'sql'], env)).toBe('-- wills: nothing to do\n');
    await succeeds(['roles', 'check'], env);
    await succeeds(['roles', 'apply'], env);
    await succeeds(['status', '--check'], env);
    await succeeds(['prove'], env);
  };
  const scopeKey = randomBytes(32).toString('hex');

  test.each(oddNames)(
    'with roles that exist already, %s: every command works',
    async (_, ...names) => {
      const [app, auditor, owner] = [
        await login(names[0]),
        await role(names[1], 'NOLOGIN'),
        await login(names[2]),
      ];
      await asAdmin(`ALTER DATABASE ${databaseOf(place)} OWNER TO ${quoted(owner)}`);
      const env = {
        DATABASE_URL: urlOf(app),
        DATABASE_MIGRATE_URL: urlOf(owner),
        DATABASE_AUDITOR_ROLE: auditor,
        SCOPE_KEY: scopeKey,
      };
      await checked(env);
      const [who] = await asDba(
        'SELECT DISTINCT tableowner AS owner FROM pg_tables WHERE schemaname = $$public$$',
      );
      expect(who).toEqual({ owner });
    },
    240_000,
  );

  test('with a schema of the DBA, and no role yet: roles sql prints what the DBA runs, and up does the rest', async () => {
    const owner = await login('Owner');
    const [app, auditor] = [`The app${suffix()}`, `The auditor${suffix()}`];
    made.push(app, auditor);
    await asDba(`CREATE SCHEMA data; GRANT USAGE, CREATE ON SCHEMA data TO ${quoted(owner)}`);
    const env = {
      DATABASE_URL: urlOf(app, 'data'),
      DATABASE_MIGRATE_URL: urlOf(owner, 'data'),
      DATABASE_AUDITOR_ROLE: auditor,
    };
    const printed = await succeeds(['roles', 'sql'], env);
    const [forDba = '', byOwner = ''] = printed.split('-- `ashlar up` runs these itself:\n');
    expect(forDba).toBe(
      [
        '-- for a DBA, in this database:',
        `CREATE ROLE ${quoted(app)} LOGIN;`,
        `CREATE ROLE ${quoted(auditor)} NOLOGIN;`,
        `GRANT USAGE ON SCHEMA data TO ${quoted(app)};`,
        `GRANT USAGE ON SCHEMA data TO ${quoted(auditor)};`,
        '',
      ].join('\n'),
    );
    expect(byOwner).toContain('ALTER DEFAULT PRIVILEGES');
    const refused = await project.json(['up', ...system], env);
    expect(refused).toMatchObject({
      code: 1,
      document: { error: { code: 'role-missing', detail: forDba.split('\n').slice(1).join('\n').trimEnd() } },
    });
    await asDba(`${forDba}; ALTER ROLE ${quoted(app)} PASSWORD '${secret}'`);
    await checked(env);
  }, 240_000);

  test('with one user who owns the database: it steps down to a role that the DBA granted to it', async () => {
    const [owner, app, auditor] = [
      await login('Owner'),
      await role('The app', 'NOLOGIN'),
      await role('The auditor', 'NOLOGIN'),
    ];
    await asAdmin(`ALTER DATABASE ${databaseOf(place)} OWNER TO ${quoted(owner)}`);
    const env = {
      DATABASE_URL: urlOf(owner),
      DATABASE_APP_ROLE: app,
      DATABASE_AUDITOR_ROLE: auditor,
    };
    const printed = await succeeds(['roles', 'sql'], env);
    const [forDba = ''] = printed.split('-- `ashlar up`');
    expect(forDba).toMatch(
      /^-- for a DBA, in this database:\nGRANT "The app_\w+" TO "Owner_\w+"( WITH INHERIT FALSE, SET TRUE)?;\n$/,
    );
    await asDba(forDba);
    await checked(env);
  }, 240_000);
});
