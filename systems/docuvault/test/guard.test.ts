import * as docuvault from '@ashlar/docuvault';
import {
  confirmTotp,
  enrolTotp,
  hashPassword,
  logIn,
  quotaOf,
  refreshTokens,
  revokeToken,
  rotateToken,
  setActive,
  totpCode,
  users,
} from '@ashlar/docuvault';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import {
  adminCalls,
  adminServices,
  makeWorld,
  noLogin,
  type Service,
  userServices,
  type World,
  withoutLogin,
} from './services.js';
import {
  adminOf,
  cheap,
  inspect,
  loginOf,
  type OpenVault,
  openVault,
  password,
  someUser,
  type TestUser,
} from './support.js';

const hash = hashPassword('another password', cheap);
const services = { ...userServices, ...adminServices };

it('every exported function is known as a service that needs a login, or as one that needs none', () => {
  const exported = Object.entries(docuvault).filter(([, value]) => typeof value === 'function');
  const known = [...Object.keys(services), ...Object.keys(withoutLogin)];
  expect(exported.map(([name]) => name).sort()).toEqual(known.sort());
});

describe.each(engines)('every service of docuvault on $name', (engine) => {
  let open: OpenVault;
  let world: World;
  beforeAll(async () => {
    open = await openVault(engine);
    const [owner, friend] = [await someUser(open.db), await someUser(open.db)];
    world = await makeWorld(open, { owner, friend, admin: await adminOf(open.db) }, await hash);
  });
  afterAll(() => open.remove());

  /** Calls all services in a login, and returns the codes of their errors, with what the store and the tables contain. */
  const callAll = async (login_id: string, calls: Readonly<Record<string, Service>> = services) => {
    const state = async () => ({ ...(await inspect(open)), users: await allUsers() });
    const before = await state();
    const codes = new Set<string>();
    for (const [name, call] of Object.entries(calls))
      codes.add(
        await call(world, login_id).then(
          () => `${name} was done`,
          (error: { code?: string }) => (error.code === undefined ? `${name}: ${String(error)}` : error.code),
        ),
      );
    expect(await state()).toEqual(before);
    return [...codes];
  };
  const allUsers = () => open.db.read((s) => s.query.selectFrom('users').selectAll().orderBy('id').execute());

  it.each([
    ['a login that does not exist', async () => noLogin],
    ['no login', async () => undefined as unknown as string],
    ['an empty login', async () => ''],
    ['the id of its user instead of a login', async () => world.owner.id],
    [
      'a deactivated user',
      async () => {
        const user = await someUser(open.db, undefined, { role: 'admin' });
        const { login_id } = world.admin;
        await open.db.session((s) => setActive(s, { login_id, user_id: user.id, is_active: false }));
        return user.login_id;
      },
    ],
    [
      'a user who was deactivated by SQL, so that the tokens are still valid',
      async () => {
        const user = await someUser(open.db, undefined, { role: 'admin' });
        await open.db.session((s) => s.update(users, user.id, { is_active: false }));
        return user.login_id;
      },
    ],
    [
      'a login that was ended',
      async () => {
        const user = await someUser(open.db, undefined, { role: 'admin' });
        await open.db.session((s) => revokeToken(s, user.token));
        return user.login_id;
      },
    ],
    [
      'a login whose token was used twice',
      async () => {
        const user = await someUser(open.db, undefined, { role: 'admin' });
        for (let twice = 0; twice < 2; twice++) await open.db.session((s) => rotateToken(s, user.token));
        return user.login_id;
      },
    ],
    [
      'a login that has expired',
      async () => {
        const user = await someUser(open.db, undefined, { role: 'admin' });
        const [id = ''] = user.token.split('.');
        const expires_at = new Date(Date.now() - 1_000).toISOString();
        await open.db.session((s) => s.update(refreshTokens, id, { expires_at }));
        return user.login_id;
      },
    ],
    [
      'a login without a TOTP code, of a user who has TOTP on',
      async () => {
        const user = await someUser(open.db, undefined, { role: 'admin' });
        const earlier = await loginOf(open.db, user.handle);
        await turnOnTotp(user);
        return earlier.login_id;
      },
    ],
  ])('refuses %s, and changes nothing', async (_, login) => {
    expect(await callAll(await login())).toEqual(['login-required']);
  });

  it('that is for administrators refuses a user, and changes nothing', async () => {
    expect(await callAll(world.owner.login_id, { ...adminServices, ...adminCalls })).toEqual([
      'access-denied',
    ]);
  });

  const turnOnTotp = async (user: TestUser): Promise<string> => {
    const secret = await open.db.session((s) => enrolTotp(s, user));
    const code = totpCode(secret, Date.now() / 1_000);
    expect(await open.db.session((s) => confirmTotp(s, { login_id: user.login_id, code }))).toBe(true);
    return secret;
  };

  it('a login with TOTP on is refused without a code, and with a wrong or a used one', async () => {
    const user = await someUser(open.db);
    const secret = await turnOnTotp(user);
    const attempt = (code?: string) =>
      logIn(
        open.db,
        { login: user.handle, password, ...(code === undefined ? {} : { code }) },
        { cost: cheap },
      );
    expect(await attempt()).toEqual({ ok: false, reason: 'code-required' });
    expect(await attempt('')).toEqual({ ok: false, reason: 'refused' });
    // the code that turned TOTP on
    expect(await attempt(totpCode(secret, Date.now() / 1_000))).toEqual({ ok: false, reason: 'refused' });
    const wrong = await logIn(open.db, { login: user.handle, password: 'wrong password' }, { cost: cheap });
    expect(wrong).toEqual({ ok: false, reason: 'refused' });
    const login = await attempt(totpCode(secret, Date.now() / 1_000 + 30));
    expect(login).toMatchObject({ ok: true, user: { id: user.id } });
    if (!login.ok) return;
    expect(await open.db.read((s) => quotaOf(s, login))).toMatchObject({ user_id: user.id });
    const next = await open.db.session((s) => rotateToken(s, login.token));
    expect(next).toMatchObject({ ok: true, login_id: login.login_id });
  });

  it('returns no password hash, no TOTP secret and no token hash', async () => {
    const results: Record<string, unknown> = {};
    const secrets: string[] = [];
    // each in a world of its own user, who has a secret, in a login that the service may end
    for (const [name, call] of Object.entries<Service>(userServices)) {
      const user =
        name.startsWith('delete') || /^(?:set|revoke)/.test(name) ? await someUser(open.db) : world.owner;
      const own = user === world.owner ? world : await makeWorld(open, { ...world, owner: user }, await hash);
      const secret = name === 'enrolTotp' ? '' : await open.db.session((s) => enrolTotp(s, user));
      const result = await call(own, user.login_id);
      // the one result that is a secret: it is shown to its user once, when it is made
      if (name !== 'enrolTotp') results[name] = result;
      secrets.push(secret === '' ? String(result) : secret);
    }
    for (const [name, call] of Object.entries<Service>(adminServices))
      results[name] = await call(world, world.admin.login_id);
    const login = await loginOf(open.db, world.owner.handle);
    results.logIn = login;
    results.rotateToken = await open.db.session((s) => rotateToken(s, login.token));
    expect(Object.keys(results)).toHaveLength(Object.keys(services).length - 1 + 2);
    const stored = await open.db.read(async (s) => ({
      tokens: await s.query.selectFrom('refresh_tokens').select('token_hash').execute(),
      users: await s.query.selectFrom('users').select('password_hash').execute(),
    }));
    secrets.push(
      ...stored.tokens.map((row) => row.token_hash),
      ...stored.users.map((row) => row.password_hash),
    );
    const text = JSON.stringify(results);
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/password_hash|totp_secret|token_hash|\$scrypt\$/);
  });
});
