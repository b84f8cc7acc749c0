import { randomUUID } from 'node:crypto';
import * as docuvault from '@ashlar/docuvault';
import {
  type AuditRecord,
  confirmTotp,
  deleteUser,
  disableTotp,
  enrolTotp,
  hashPassword,
  logIn,
  quotaOf,
  type RefreshToken,
  refreshTokens,
  revokeToken,
  rotateToken,
  setActive,
  setPassword,
  tables,
  totpCode,
  users,
} from '@ashlar/docuvault';
import { isAshlarError } from 'ashlar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneOfEach } from '../../../test/support/engines.js';
import {
  adminCalls,
  adminServices,
  cloudKey,
  makeWorld,
  noLogin,
  type Service,
  userServices,
  type World,
  withInput,
  withoutLogin,
} from './services.js';
import {
  adminOf,
  cheap,
  everyRow,
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

describe.each(oneOfEach(import.meta.url).engines)('every service of docuvault on $name', (engine) => {
  let open: OpenVault;
  let world: World;
  let now = Date.now();
  beforeAll(async () => {
    // only the owner may use another clock than the database's
    open = await openVault(engine, { clock: () => new Date(now), allowOwner: true });
    const [owner, friend] = [await someUser(open.db), await someUser(open.db)];
    world = await makeWorld(open, { owner, friend, admin: await adminOf(open.db) }, await hash);
  });
  afterAll(() => open.remove());

  /** Calls all services in a login, and returns the codes of their errors, with what the store and the tables contain. */
  const callAll = async (login_token: string, calls: Readonly<Record<string, Service>> = services) => {
    const state = async () => ({ ...(await inspect(open)), rows: await everyRow(open.db) });
    const before = await state();
    const codes = new Set<string>();
    for (const [name, call] of Object.entries(calls))
      codes.add(
        await call(world, login_token).then(
          () => `${name} was done`,
          (error: { code?: string }) => (error.code === undefined ? `${name}: ${String(error)}` : error.code),
        ),
      );
    expect(await state()).toEqual(before);
    return [...codes];
  };
  it.each([
    ['a login that does not exist', async () => noLogin],
    ['no login', async () => undefined as unknown as string],
    ['an empty login', async () => ''],
    ['the id of its user instead of a login', async () => world.owner.id],
    ['a number instead of a login', async () => 5 as unknown as string],
    [
      'the id of a login, which the log names',
      async () => {
        const row = await open.db.get(refreshTokens, world.owner.token.split('.')[0] ?? '');
        return row?.family_id ?? '';
      },
    ],
    [
      'the hash of a login',
      async () => {
        const row = await open.db.get(refreshTokens, world.owner.token.split('.')[0] ?? '');
        return row?.login_hash ?? '';
      },
    ],
    ['a refresh token instead of a login', async () => world.owner.token],
    [
      'a login whose token was exchanged for the next one',
      async () => {
        const user = await someUser(open.db, undefined, { role: 'admin' });
        expect(await open.db.session((s) => rotateToken(s, user.token))).toMatchObject({ ok: true });
        return user.login_token;
      },
    ],
    [
      'a deactivated user',
      async () => {
        const user = await someUser(open.db, undefined, { role: 'admin' });
        const { login_token } = world.admin;
        await open.db.session((s) => setActive(s, { login_token, user_id: user.id, is_active: false }));
        return user.login_token;
      },
    ],
    [
      'a user who was deactivated by SQL, so that the tokens are still valid',
      async () => {
        const user = await someUser(open.db, undefined, { role: 'admin' });
        await open.db.session((s) => s.update(users, user.id, { is_active: false }));
        return user.login_token;
      },
    ],
    [
      'a login that was ended',
      async () => {
        const user = await someUser(open.db, undefined, { role: 'admin' });
        await open.db.session((s) => revokeToken(s, user.token));
        return user.login_token;
      },
    ],
    [
      'a login whose token was used twice',
      async () => {
        const user = await someUser(open.db, undefined, { role: 'admin' });
        for (let twice = 0; twice < 2; twice++) await open.db.session((s) => rotateToken(s, user.token));
        return user.login_token;
      },
    ],
    [
      'a login that has expired',
      async () => {
        const user = await someUser(open.db, undefined, { role: 'admin' });
        const [id = ''] = user.token.split('.');
        const expires_at = new Date(now - 1_000).toISOString();
        await open.db.session((s) => s.update(refreshTokens, id, { expires_at }));
        return user.login_token;
      },
    ],
    [
      'a login without a TOTP code, of a user who has TOTP on',
      async () => {
        const user = await someUser(open.db, undefined, { role: 'admin' });
        const earlier = await loginOf(open.db, user.handle);
        await turnOnTotp(user);
        return earlier.login_token;
      },
    ],
  ])('refuses %s, and changes nothing', async (_, login) => {
    expect(await callAll(await login())).toEqual(['login-required']);
  });

  it('that is for administrators refuses a user, and changes nothing', async () => {
    expect(await callAll(world.owner.login_token, { ...adminServices, ...adminCalls })).toEqual([
      'access-denied',
    ]);
  });

  const turnOnTotp = async (user: TestUser): Promise<string> => {
    // each code is accepted once
    now += 30_000;
    const secret = await open.db.session((s) => enrolTotp(s, user));
    const code = totpCode(secret, now / 1_000);
    expect(await open.db.session((s) => confirmTotp(s, { login_token: user.login_token, code }))).toBe(true);
    return secret;
  };

  /** Another login of a user, at a later time, with a code. */
  const loginWithCode = async ({ handle }: TestUser, secret: string) => {
    now += 30_000;
    const code = totpCode(secret, now / 1_000);
    const login = await logIn(open.db, { login: handle, password, code }, { cost: cheap });
    if (!login.ok) throw new Error(login.reason);
    return login;
  };
  const works = async (login_token: string): Promise<boolean> =>
    open.db
      .read((s) => quotaOf(s, { login_token }))
      .then(
        () => true,
        () => false,
      );

  it('turning TOTP on, and off, ends the other logins: none of them comes back', async () => {
    const user = await someUser(open.db);
    const stranger = await someUser(open.db);
    const thief = await loginOf(open.db, user.handle);
    const secret = await turnOnTotp(user);
    const lost = await loginWithCode(user, secret);
    const all = [user, thief, lost, stranger].map((each) => each.login_token);
    expect(await Promise.all(all.map(works))).toEqual([true, false, true, true]);
    now += 30_000;
    await disableTotp(open.db, { ...user, password, code: totpCode(secret, now / 1_000) });
    expect(await Promise.all(all.map(works))).toEqual([true, false, false, true]);
    const last = await loginOf(open.db, user.handle);
    await turnOnTotp(user);
    expect(await Promise.all([...all, last.login_token].map(works))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
    // by an administrator, who gives neither password nor code: all of them
    await disableTotp(open.db, { login_token: world.admin.login_token, user_id: user.id });
    expect(await Promise.all(all.map(works))).toEqual([false, false, false, true]);
  });

  it.each<[string, (about: { login_token: string; password?: string; code?: string }) => Promise<unknown>]>([
    ['setPassword', async (about) => setPassword(open.db, { ...about, password_hash: await hash })],
    ['disableTotp', (about) => disableTotp(open.db, about)],
    ['deleteUser', (about) => deleteUser(open.vault, about)],
  ])('%s needs the password and the code again, counted with the failed logins', async (_, call) => {
    const user = await someUser(open.db);
    const { login_token } = user;
    const secret = await turnOnTotp(user);
    now += 30_000;
    const code = totpCode(secret, now / 1_000);
    const before = await open.db.get(users, user.id);
    const wrong = [{}, { code }, { password }, { password, code: '' }, { password: 'wrong password', code }];
    for (const each of wrong)
      await expect(call({ login_token, ...each })).rejects.toMatchObject({ code: 'confirmation-refused' });
    // two of them were counted
    for (let n = 0; n < 3; n++)
      await logIn(open.db, { login: user.email, password: 'wrong password' }, { cost: cheap });
    const throttled = { code: 'confirmation-refused', detail: expect.stringContaining('Wait 1 second') };
    await expect(call({ login_token, password, code })).rejects.toMatchObject(throttled);
    expect(await logIn(open.db, { login: user.handle, password, code }, { cost: cheap })).toMatchObject({
      reason: 'throttled',
    });
    expect(await open.db.get(users, user.id)).toEqual(before);
    expect(await works(login_token)).toBe(true);
    now += 30_000;
    await call({ login_token, password, code: totpCode(secret, now / 1_000) });
  });

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
    expect(await attempt(totpCode(secret, now / 1_000))).toEqual({ ok: false, reason: 'refused' });
    const wrong = await logIn(open.db, { login: user.handle, password: 'wrong password' }, { cost: cheap });
    expect(wrong).toEqual({ ok: false, reason: 'refused' });
    const login = await attempt(totpCode(secret, now / 1_000 + 30));
    expect(login).toMatchObject({ ok: true, user: { id: user.id } });
    if (!login.ok) return;
    expect(await open.db.read((s) => quotaOf(s, login))).toMatchObject({ user_id: user.id });
    const next = await open.db.session((s) => rotateToken(s, login.token));
    expect(next).toMatchObject({ ok: true, user_id: user.id });
    if (next.ok) expect(next.login_token).not.toBe(login.login_token);
  });

  it('returns no secret, and writes none into the database in clear', async () => {
    const results: Record<string, unknown> = {};
    const other = await someUser(open.db);
    const secrets = new Set<string>([cloudKey, password, world.owner.login_token, world.admin.login_token]);
    const secretsOf = ({ login_token, token }: Pick<TestUser, 'login_token' | 'token'>) => {
      for (const each of [login_token, token.split('.')[1] ?? '']) secrets.add(each);
    };
    // each in a world of its own user, who has a secret, in a login that the service may end
    for (const [name, call] of Object.entries<Service>(userServices)) {
      const ends = /^(?:set|revoke|delete|disable|confirm)/.test(name);
      const user = ends ? await someUser(open.db) : world.owner;
      secretsOf(user);
      const own = ends ? await makeWorld(open, { ...world, owner: user }, await hash) : world;
      const secret = name === 'enrolTotp' ? '' : await open.db.session((s) => enrolTotp(s, user));
      if (secret !== '') secrets.add(secret);
      const confirmed = { login_token: user.login_token, code: totpCode(secret, now / 1_000) };
      results[name] =
        name === 'confirmTotp'
          ? await open.db.session((s) => confirmTotp(s, confirmed))
          : await call(own, user.login_token);
    }
    expect(results.confirmTotp).toBe(true);
    for (const [name, call] of Object.entries<Service>(adminServices))
      results[name] = await call({ ...world, friend: other }, world.admin.login_token);
    // the results that are secrets, for the one who asked for them
    secrets.add(String(results.enrolTotp));
    delete results.enrolTotp;
    expect(results.cloudCredentials).toEqual({ key: cloudKey });
    delete results.cloudCredentials;
    const login = await loginOf(open.db, world.owner.handle);
    const rotated = await open.db.session((s) => rotateToken(s, login.token));
    if (!rotated.ok) throw new Error(rotated.reason);
    for (const each of [login, rotated]) secretsOf(each);
    results.logIn = { ...login, login_token: '', token: '' };
    results.rotateToken = { ...rotated, login_token: '', token: '' };
    results.codeRequired = await (async () => {
      const user = await someUser(open.db);
      secrets.add(await turnOnTotp(user));
      return logIn(open.db, { login: user.handle, password }, { cost: cheap });
    })();
    expect(Object.keys(results)).toHaveLength(Object.keys(services).length - 2 + 3);
    const rows = await everyRow(open.db);
    const inResults = JSON.stringify(results);
    const inTables = JSON.stringify(rows);
    const inLog = JSON.stringify(rows.audit_log);
    for (const secret of secrets) {
      expect(secret).not.toBe('');
      expect(inResults).not.toContain(secret);
      expect(inTables).not.toContain(secret);
    }
    const hashes = (rows.refresh_tokens as readonly RefreshToken[]).flatMap((row) => [
      row.token_hash,
      ...(row.login_hash === null ? [] : [row.login_hash]),
    ]);
    expect(hashes.length).toBeGreaterThan(20);
    for (const each of hashes) {
      expect(inResults).not.toContain(each);
      expect(inLog).not.toContain(each);
    }
    expect(inResults).not.toMatch(/password_hash|totp_secret|token_hash|login_hash|\$scrypt\$/);
    // nothing that the log or a result of queryEvents names is a login
    const events = rows.audit_log as readonly AuditRecord[];
    const named = new Set(events.flatMap(({ user_id, resource_id }) => [user_id, resource_id]));
    for (const id of named) if (id !== null) expect(await works(id)).toBe(false);
  });

  it('lets no extra key of its input reach a row', async () => {
    const stolen = randomUUID();
    // what only the services set, of all tables; keys that a call gives itself keep their values
    const mine = new Set(['user_id', 'role', 'folder_id', 'parent_id', 'limit_bytes', 'extracted_text']);
    const names = Object.values(tables).flatMap((table) => Object.keys(table.columns));
    const extra: Record<string, unknown> = {};
    for (const name of names)
      if (!mine.has(name))
        extra[name] = /_bytes$|^failures$/.test(name)
          ? 7_654_321
          : /_at$/.test(name)
            ? '2001-01-01T00:00:00.000Z'
            : /hash$|sha256|subject/.test(name)
              ? 'e'.repeat(64)
              : stolen;
    const friend = await someUser(open.db);
    const outcomes: Record<string, string> = {};
    for (const [name, call] of Object.entries<Service>(services)) {
      const owner = name in adminServices ? world.owner : await someUser(open.db);
      const own = await makeWorld(open, { ...world, owner, friend: world.friend }, await hash);
      const { login_token } = name in adminServices ? world.admin : owner;
      outcomes[name] = await withInput(
        (input) => ({ ...extra, ...input }),
        () => call({ ...own, friend }, login_token),
      ).then(
        () => 'done',
        (error: { code?: string }) => error.code ?? String(error),
      );
    }
    const allowed = new Set(['done', 'input-invalid', 'access-denied', 'confirmation-refused']);
    expect(Object.entries(outcomes).filter(([, outcome]) => !allowed.has(outcome))).toEqual([]);
    const text = JSON.stringify(await everyRow(open.db));
    for (const marker of [stolen, '7654321', '2001-01-01', 'e'.repeat(64)])
      expect(text).not.toContain(marker);
    expect((await inspect(open)).wrongQuotas).toEqual([]);
  });

  it('answers values of other types with an AshlarError, and stores none of them', async () => {
    const [owner, friend] = [await someUser(open.db), await someUser(open.db)];
    const own = await makeWorld(open, { ...world, owner, friend }, await hash);
    const raw: string[] = [];
    for (const [name, call] of Object.entries<Service>(services)) {
      const login_token = name in adminServices ? world.admin.login_token : own.owner.login_token;
      const keys = new Set<string>();
      // a call that changes nothing tells the keys
      await withInput(
        (input) => {
          for (const key of Object.keys(input)) keys.add(key);
          return { ...input, login_token: noLogin };
        },
        () => call(own, login_token),
      ).catch(() => undefined);
      for (const key of keys)
        for (const value of [undefined, null, 5, {}, [], '\u0000', '']) {
          const error = await withInput(
            (input) => (key in input ? { ...input, [key]: value } : { ...input }),
            () => call(own, login_token),
          ).catch((caught: unknown) => caught);
          if (error instanceof Error && !isAshlarError(error))
            raw.push(`${name}.${key} = ${JSON.stringify(value)}: ${String(error)}`);
        }
    }
    for (const login of [{}, { login: 5 }, { login: 'x' }, { login: 'x', password, code: 123_456 }])
      await expect(logIn(open.db, login as { login: string; password: string })).rejects.toMatchObject({
        code: 'input-invalid',
      });
    expect(raw).toEqual([]);
  });
});
