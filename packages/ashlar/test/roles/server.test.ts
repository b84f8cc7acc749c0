import { AshlarError, connect, type System, settings } from 'ashlar';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { asAdmin, type Place, server } from '../../../../test/support/engines.js';
import { databaseOf, freshRoles, makeUser, type User, userNamed } from '../../../../test/support/users.js';
import { openEngine } from '../../src/engines/open.js';
import { history, maintain, up } from '../../src/migrations/index.js';
import { applyRoles, checkRoles, defaultRoles, rolesFrom } from '../../src/roles/index.js';
import type { Folder } from '../migrations/folder.js';
import { events, notes, someSystem, type tables } from './support.js';

// only a server has users that are not superusers, and databases that they do not own: PGlite has one user
describe.each(server)('roles on a server', (engine) => {
  let place: Place;
  let folder: Folder;
  let shop: System<typeof tables>;
  let users: User[];
  let made: string[];

  beforeEach(async () => {
    ({ shop, folder } = await someSystem());
    place = await engine.place();
    users = [];
    made = [];
  });
  afterEach(async () => {
    await place.remove();
    for (const name of made) await asAdmin(`DROP ROLE IF EXISTS ${name}`);
    for (const user of users) await user.drop();
    await folder.remove();
  });

  const user = async (prefix: string, attributes?: string): Promise<User> => {
    const one = await makeUser(prefix, attributes);
    users.push(one);
    return one;
  };
  /** The user who owns the database, and so may create in its schema, but has no other privilege. */
  const owner = async (attributes?: string): Promise<User> => {
    const one = await user('owner', attributes);
    await asAdmin(`ALTER DATABASE ${databaseOf(place)} OWNER TO ${one.name}`);
    return one;
  };
  const names = () => {
    const roles = freshRoles();
    made.push(roles.app, roles.auditor);
    return roles;
  };
  const bringUp = async (url: string, roles = defaultRoles) => {
    const opened = await openEngine({ url });
    try {
      return await up(opened, shop, { roles });
    } finally {
      await opened.close();
    }
  };
  const differences = async (url: string, roles = defaultRoles) => {
    const opened = await openEngine({ url });
    try {
      return await checkRoles(opened, shop, roles);
    } finally {
      await opened.close();
    }
  };
  /** Runs SQL in the database of the place as the superuser. */
  const asDba = async (sql: string): Promise<void> => {
    const client = new pg.Client(place.url);
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  const codeOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'nothing',
      (error: unknown) => (error instanceof AshlarError ? error.code : String(error)),
    );

  test('two URLs: the owner migrates, the application reads and writes as itself', async () => {
    const [migrates, app] = [await owner(), await user('app')];
    const auditor = names().auditor;
    await asAdmin(`CREATE ROLE ${auditor}`);
    const roles = rolesFrom(
      settings({
        DATABASE_URL: app.at(place),
        DATABASE_MIGRATE_URL: migrates.at(place),
        DATABASE_AUDITOR_ROLE: auditor,
      }),
    );
    expect(roles).toEqual({
      app: app.name,
      auditor,
      appConnects: { password: `secret of ${app.name}` },
    });
    expect(await bringUp(migrates.at(place), roles)).toHaveLength(1);
    expect(await differences(migrates.at(place), roles)).toEqual([]);
    const db = await connect(shop, { url: app.at(place) });
    expect(db.engine.connectedRole).toEqual({
      user: app.name,
      canChangeSchema: false,
      sessionRole: undefined,
      initialised: true,
      owner: migrates.name,
      readsKeys: false,
    });
    const event = await db.session((s) => s.insert(events, { what: 'x' }));
    expect(await db.get(events, event.id)).toEqual(event);
    expect(await codeOf(db.session((s) => s.delete(events, event.id)))).toBe('guarantee-violated');
    expect(await codeOf(up(db.engine, shop, { roles }))).toBe('role-too-strong');
    expect(await history(db.engine, shop)).toHaveLength(1);
    await db.close();
  });

  test('two URLs: the user of DATABASE_URL is created with its password, where the owner may', async () => {
    const migrates = await owner('CREATEROLE');
    const app = userNamed();
    users.push(app);
    const roles = {
      ...rolesFrom(settings({ DATABASE_URL: app.at(place), DATABASE_MIGRATE_URL: migrates.at(place) })),
      auditor: names().auditor,
    };
    const seen: string[] = [];
    const opened = await openEngine({ url: migrates.at(place), onStatement: ({ sql }) => seen.push(sql) });
    await up(opened, shop, { roles });
    await opened.close();
    expect(seen.join('\n')).toContain(`CREATE ROLE ${app.name} LOGIN`);
    expect(seen.join('\n')).not.toMatch(/secret of|SCRAM-SHA-256/);
    const db = await connect(shop, { url: app.at(place) });
    await db.session((s) => s.insert(notes, { body: 'x' }));
    await db.close();
  });

  test('an owner who may not create roles gets the SQL for a DBA, before anything is changed', async () => {
    const migrates = await owner();
    const roles = names();
    const refusal = await bringUp(migrates.at(place), roles).then(
      () => undefined,
      (error: AshlarError) => error,
    );
    expect(refusal).toMatchObject({ code: 'role-missing', exitCode: 1 });
    const [server] = await asAdmin(`SELECT current_setting('server_version_num')::int >= 160000 AS options`);
    // a membership has options since PostgreSQL 16
    const options = server?.options ? ' WITH INHERIT FALSE, SET TRUE' : '';
    expect(refusal?.detail).toBe(
      [
        `CREATE ROLE ${roles.app} NOLOGIN;`,
        `CREATE ROLE ${roles.auditor} NOLOGIN;`,
        `GRANT ${roles.app} TO ${migrates.name}${options};`,
      ].join('\n'),
    );
    const client = new pg.Client(place.url);
    await client.connect();
    const { rows } = await client.query(
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    );
    await client.end();
    expect(rows).toEqual([]);

    await asDba(refusal?.detail ?? '');
    expect(await bringUp(migrates.at(place), roles)).toHaveLength(1);
    const db = await connect(shop, { url: migrates.at(place), appRole: roles.app, maintain: false });
    expect(db.engine.connectedRole).toMatchObject({ user: migrates.name, sessionRole: roles.app });
    const event = await db.session((s) => s.insert(events, { what: 'x' }));
    expect(await codeOf(db.session((s) => s.delete(events, event.id)))).toBe('guarantee-violated');
    expect(await maintain(db.engine, Object.values(shop.tables), new Date())).toMatchObject({
      done: expect.arrayContaining([expect.stringContaining('created')]),
    });
    expect(await differences(migrates.at(place), roles)).toEqual([]);
    await db.close();
  });

  test('an owner who may create roles creates them, and can step down', async () => {
    const migrates = await owner('CREATEROLE');
    const roles = names();
    await bringUp(migrates.at(place), roles);
    const db = await connect(shop, { url: migrates.at(place), appRole: roles.app });
    expect(db.engine.connectedRole?.sessionRole).toBe(roles.app);
    await db.session((s) => s.insert(notes, { body: 'x' }));
    await db.close();
    expect(await differences(migrates.at(place), roles)).toEqual([]);
  });

  test('a schema of another owner, and one open to all, need a DBA', async () => {
    const migrates = await user('owner', 'CREATEROLE');
    const roles = names();
    await asDba(`CREATE SCHEMA apart; GRANT USAGE, CREATE ON SCHEMA apart TO ${migrates.name}, PUBLIC;
      REVOKE USAGE ON SCHEMA apart FROM PUBLIC`);
    const url = migrates.at(place, 'apart');
    const refusal = await bringUp(url, roles).catch((error: AshlarError) => error);
    expect(refusal).toMatchObject({
      code: 'role-missing',
      detail: [
        `GRANT USAGE ON SCHEMA apart TO ${roles.app};`,
        `GRANT USAGE ON SCHEMA apart TO ${roles.auditor};`,
        'REVOKE CREATE ON SCHEMA apart FROM PUBLIC CASCADE;',
      ].join('\n'),
    });
    await asAdmin(`CREATE ROLE ${roles.app}`);
    await asAdmin(`CREATE ROLE ${roles.auditor}`);
    await asDba(`GRANT ${roles.app} TO ${migrates.name}; ${(refusal as AshlarError).detail}`);
    expect(await bringUp(url, roles)).toHaveLength(1);
    expect(await differences(url, roles)).toEqual([]);
  });

  test('a user who can change the schema and cannot step down may not run the application', async () => {
    const migrates = await owner();
    const app = await user('app');
    const auditor = names().auditor;
    await asAdmin(`CREATE ROLE ${auditor}`);
    const roles = { app: app.name, auditor, appConnects: { password: undefined } };
    await bringUp(migrates.at(place), roles);
    const refused = connect(shop, { url: migrates.at(place) });
    await expect(refused).rejects.toMatchObject({ code: 'role-too-strong', exitCode: 3 });
    expect(await codeOf(connect(shop, { url: place.url, appRole: 'postgres' }))).toBe('role-too-strong');
    const db = await connect(shop, { url: migrates.at(place), allowOwner: true });
    await db.session((s) => s.insert(events, { what: 'x', created_at: '2020-01-01T00:00:00.000Z' }));
    await db.close();
    // the application's user with too many rights
    await asDba(`GRANT CREATE ON SCHEMA public TO ${app.name}`);
    expect(await codeOf(connect(shop, { url: app.at(place), appRole: app.name }))).toBe('role-too-strong');
    await bringUp(migrates.at(place), roles);
    await (await connect(shop, { url: app.at(place), appRole: app.name })).close();
  });

  test('a superuser or the owner is never used as the application', async () => {
    const migrates = await owner('CREATEROLE');
    const strong = await user('strong', 'SUPERUSER');
    const auditor = names().auditor;
    for (const app of [strong.name, migrates.name]) {
      await expect(bringUp(migrates.at(place), { app, auditor })).rejects.toMatchObject({
        code: 'role-too-strong',
        detail: expect.stringContaining(app),
      });
    }
  });

  test('an application that can act as the owner is refused', async () => {
    const migrates = await owner();
    const app = await user('app');
    const auditor = names().auditor;
    await asAdmin(`CREATE ROLE ${auditor}`);
    const roles = { app: app.name, auditor, appConnects: { password: undefined } };
    await asAdmin(`GRANT ${migrates.name} TO ${app.name}`);
    await expect(bringUp(migrates.at(place), roles)).rejects.toMatchObject({
      code: 'role-missing',
      detail: `REVOKE ${migrates.name} FROM ${app.name};`,
    });
    await asAdmin(`REVOKE ${migrates.name} FROM ${app.name}`);
    await bringUp(migrates.at(place), roles);
    await asAdmin(`GRANT ${migrates.name} TO ${app.name}`);
    expect(await differences(place.url, roles)).toEqual([
      `${app.name} may act as ${migrates.name}, the owner`,
    ]);
    await bringUp(place.url, roles);
    expect(await differences(place.url, roles)).toEqual([]);
  });

  test('the tables go to an owner without login, and the migrating user acts as that owner', async () => {
    const migrates = await owner('CREATEROLE');
    const roles = names();
    await bringUp(migrates.at(place), roles);
    const nologin = freshRoles().app;
    made.push(nologin);
    const opened = await openEngine({ url: migrates.at(place), appRole: roles.app });
    await maintain(opened, Object.values(shop.tables), new Date());
    const done = await applyRoles(opened, shop, { ...roles, owner: nologin });
    expect(done.map(({ sql }) => sql)).toContain(`ALTER TABLE public.events OWNER TO ${nologin}`);
    expect(await applyRoles(opened, shop, { ...roles, owner: nologin })).toEqual([]);
    expect(await opened.asOwner((o) => o.run('SELECT current_user::text AS who'))).toEqual([
      { who: nologin },
    ]);
    await folder.step('0002_more', 'CREATE TABLE more (id int);');
    expect(await up(opened, shop, { roles })).toHaveLength(1);
    const owners = await opened.asOwner((o) =>
      o.run(`SELECT DISTINCT pg_get_userbyid(relowner)::text AS who FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')`),
    );
    expect(owners).toEqual([{ who: nologin }]);
    expect(await checkRoles(opened, shop, roles)).toEqual([]);
    expect((await opened.read('SELECT * FROM more', [])).rows).toEqual([]);
    await opened.close();
  });

  test('the user of DATABASE_URL is checked too where DATABASE_APP_ROLE names another role', async () => {
    const [migrates, login] = [await owner('CREATEROLE'), await user('login')];
    const names = freshRoles();
    made.push(names.app, names.auditor);
    const roles = rolesFrom(
      settings({
        DATABASE_URL: login.at(place),
        DATABASE_MIGRATE_URL: migrates.at(place),
        DATABASE_APP_ROLE: names.app,
        DATABASE_AUDITOR_ROLE: names.auditor,
      }),
    );
    expect(roles).toEqual({ ...names, login: login.name });
    await bringUp(migrates.at(place), roles);
    await asAdmin(`GRANT ${names.app} TO ${login.name}`);
    expect(await differences(migrates.at(place), roles)).toEqual([]);
    for (const [given, taken, finding] of [
      ['ALTER ROLE $ BYPASSRLS', 'ALTER ROLE $ NOBYPASSRLS', 'bypasses row-level security'],
      ['ALTER ROLE $ SUPERUSER', 'ALTER ROLE $ NOSUPERUSER', 'is a superuser'],
      ['ALTER ROLE $ CREATEROLE', 'ALTER ROLE $ NOCREATEROLE', 'may create roles'],
      [`GRANT ${migrates.name} TO $`, `REVOKE ${migrates.name} FROM $`, `may act as ${migrates.name}`],
      ['GRANT pg_read_all_data TO $', 'REVOKE pg_read_all_data FROM $', 'may act as pg_read_all_data'],
      ["ALTER ROLE $ SET row_security = 'off'", 'ALTER ROLE $ RESET row_security', 'sets row_security'],
    ] as const) {
      await asAdmin(given.replace('$', login.name));
      expect((await differences(migrates.at(place), roles)).join('\n')).toContain(
        `${login.name} ${finding} (to take it: ${taken.replace('$', login.name)}`,
      );
      await asAdmin(taken.replace('$', login.name));
    }
    expect(await differences(migrates.at(place), roles)).toEqual([]);
  });

  test('several databases of one server are initialised at the same time', async () => {
    const roles = names();
    const places = await Promise.all(Array.from({ length: 6 }, () => engine.place()));
    const ran = await Promise.all(places.map(({ url }) => bringUp(url, roles)));
    expect(ran.map((steps) => steps.length)).toEqual([1, 1, 1, 1, 1, 1]);
    for (const { url } of places) expect(await differences(url, roles)).toEqual([]);
    await Promise.all(places.map((one) => one.remove()));
  });
});

describe('the roles that the settings name', () => {
  test.each([
    [{}, 'ashlar_app'],
    [{ DATABASE_URL: 'sqlite:a.db' }, 'ashlar_app'],
    [{ DATABASE_URL: 'postgres://one@host/db' }, 'ashlar_app'],
    [
      { DATABASE_URL: 'postgres://one@host/db', DATABASE_MIGRATE_URL: 'postgres://one@host/db' },
      'ashlar_app',
    ],
    [{ DATABASE_URL: 'postgres://one@host/db', DATABASE_MIGRATE_URL: 'postgres://two@host/db' }, 'one'],
    [{ DATABASE_URL: 'postgres://host/db?user=one', DATABASE_MIGRATE_URL: 'postgres://two@host/db' }, 'one'],
    [{ DATABASE_URL: 'postgres://one@host/db', DATABASE_APP_ROLE: 'mine' }, 'mine'],
  ])('%j: %s', (env, app) => {
    expect(rolesFrom(settings(env)).app).toBe(app);
  });

  test.each(['pg_mine', 'public', 'none', 'x'.repeat(64), 'ü'.repeat(32)])(
    '%s is no name for one',
    (name) => {
      expect(() => settings({ DATABASE_APP_ROLE: name })).toThrow(AshlarError);
    },
  );
});
