import {
  checkPassword,
  confirmTotp,
  currentCost,
  disableTotp,
  enrolTotp,
  hashPassword,
  logIn,
  normaliseEmail,
  queryEvents,
  quotaOf,
  registerUser,
  rotateToken,
  setActive,
  setPassword,
  setQuota,
  totpCode,
  users,
} from '@ashlar/docuvault';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { adminOf, cheap, fresh, loginOf, type OpenVault, openVault, password, someUser } from './support.js';

describe('a password', () => {
  it('is hashed as OWASP recommends, in PHC string format', async () => {
    expect(currentCost).toEqual({ ln: 17, r: 8, p: 1 });
    const hash = await hashPassword(password);
    expect(hash).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(await checkPassword(hash, password)).toEqual({ matches: true, outdated: false });
  });

  it('is checked with the cost of its hash, which may be outdated', async () => {
    const hash = await hashPassword(password, cheap);
    expect(await hashPassword(password, cheap)).not.toBe(hash);
    expect(await checkPassword(hash, password)).toEqual({ matches: true, outdated: true });
    expect(await checkPassword(hash, password, cheap)).toEqual({ matches: true, outdated: false });
    expect(await checkPassword(hash, `${password} `, cheap)).toMatchObject({ matches: false });
    expect(await checkPassword('plain', 'plain', cheap)).toMatchObject({ matches: false });
  });

  it('matches in any Unicode normalisation form', async () => {
    const hash = await hashPassword('pässwörter', cheap);
    expect(await checkPassword(hash, 'pässwörter'.normalize('NFD'), cheap)).toMatchObject({ matches: true });
  });

  it('agrees with the test vector of RFC 7914, section 12', async () => {
    const stored =
      '$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf04/2o+7qQT44+qbVD9lRdofLVQylVYT8PzTl85VrDe2ouYvIxYqOb+iVZoaPF3ud2sCDU';
    const unpadded = stored.replace(
      /[^$]*$/,
      Buffer.from(
        '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
        'hex',
      )
        .toString('base64')
        .replaceAll('=', ''),
    );
    expect(await checkPassword(unpadded, 'pleaseletmein')).toMatchObject({ matches: true });
  });

  it.each(['short', 'x'.repeat(1_025)])(
    'of a wrong length is refused, and the error does not contain it',
    async (text) => {
      const error = await hashPassword(text, cheap).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'input-invalid' });
      expect(JSON.stringify(error)).not.toContain(text);
    },
  );
});

describe('a TOTP code', () => {
  it.each([
    [59, '287082'],
    [1111111109, '081804'],
    [20000000000, '353130'],
  ])('of Unix time %d equals the test vector of RFC 6238, appendix B', (seconds, code) => {
    expect(totpCode('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', seconds)).toBe(code);
  });
});

describe.each(engines)('a user on $name', (engine) => {
  let open: OpenVault;
  beforeAll(async () => {
    open = await openVault(engine);
  });
  afterAll(() => open.remove());

  it('is registered by an administrator, with a quota, in lower case, and recorded', async () => {
    const admin = await adminOf(open.db);
    const handle = fresh('Ann').slice(0, 30);
    const password_hash = await hashPassword(password, cheap);
    const given = { login_token: admin.login_token, password_hash };
    const user = await open.db.session((s) =>
      registerUser(s, { ...given, handle, email: `${handle}@Example.org`, ip_address: '2001:db8::7' }),
    );
    expect(user).toMatchObject({ handle: handle.toLowerCase(), role: 'user', is_active: true });
    const about = { login_token: admin.login_token, user_id: user.id };
    expect(await open.db.read((s) => quotaOf(s, about))).toEqual({
      user_id: user.id,
      limit_bytes: 104_857_600,
      used_bytes: 0,
    });
    const { events } = await open.db.read((s) => queryEvents(s, about));
    expect(events).toMatchObject([
      { action: 'user.registered', ip_address: '2001:db8::7', metadata: { by: admin.id } },
    ]);
    for (const taken of [
      { handle: handle.toUpperCase(), email: `${fresh('x')}@example.org` },
      { handle: fresh('x').slice(0, 20), email: user.email.toUpperCase() },
    ]) {
      const again = open.db.session((s) => registerUser(s, { ...given, ...taken }));
      await expect(again).rejects.toMatchObject({ code: 'state-conflict' });
    }
  });

  it('cannot be registered with a password instead of a hash', async () => {
    const { login_token } = await adminOf(open.db);
    const attempt = open.db.session((s) =>
      registerUser(s, {
        login_token,
        handle: fresh('p').slice(0, 20),
        email: 'p@example.org',
        password_hash: password,
      }),
    );
    const error = await attempt.catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'value-invalid' });
    expect(JSON.stringify(error)).not.toContain(password);
  });

  it.each(['zoë@müller.example', 'δοκιμή@παράδειγμα.ελ', '测试@例子.中国', 'o’brien@example.org'])(
    'can have the email address %s, in any Unicode form and case',
    async (email) => {
      const address = email.replace('@', `-${fresh('x').slice(0, 12)}@`);
      const user = await someUser(open.db, undefined, { email: address.normalize('NFD').toUpperCase() });
      expect(user.email).toBe(address.normalize('NFC'));
      const login = { login: address.normalize('NFD'), password };
      expect(await logIn(open.db, login, { cost: cheap })).toMatchObject({ ok: true, user: { id: user.id } });
    },
  );

  it('has one email address, in whichever form its domain is written', async () => {
    const local = fresh('x').slice(0, 12);
    const user = await someUser(open.db, undefined, { email: `${local}@bücher.example` });
    for (const domain of [
      'xn--bcher-kva.example',
      'BÜCHER.example',
      'bücher．example',
      'bü\u00adcher.example',
    ])
      await expect(someUser(open.db, undefined, { email: `${local}@${domain}` })).rejects.toMatchObject({
        code: 'state-conflict',
      });
    const login = { login: `${local}@XN--BCHER-KVA.example`, password };
    expect(await logIn(open.db, login, { cost: cheap })).toMatchObject({ ok: true, user: { id: user.id } });
    expect(normaliseEmail('a@1.2')).toBe('a@1.2');
  });

  it.each(['\u200b', '\u202e', '\u00ad', '\u034f', '\u3164', '\ufeff', '\u{e0041}'])(
    'cannot have an email address with the character %j, which is not seen',
    async (unseen) => {
      for (const email of [`an${unseen}n@example.org`, `${unseen}ann@example.org`])
        if (email.trim() !== 'ann@example.org')
          await expect(someUser(open.db, undefined, { email })).rejects.toMatchObject({
            code: 'value-invalid',
          });
    },
  );

  it.each(['no-at.example', 'a@b', 'a b@example.org', 'a@example..org', 'a@.org', '@example.org'])(
    'cannot have the email address %s',
    async (email) => {
      await expect(someUser(open.db, undefined, { email })).rejects.toMatchObject({ code: 'value-invalid' });
    },
  );

  it('logs in by handle or email, and a refusal does not reveal whether the user exists', async () => {
    const user = await someUser(open.db);
    const admin = await adminOf(open.db);
    const attempt = (login: string, secret: string) =>
      logIn(open.db, { login, password: secret }, { cost: cheap });
    for (const login of [user.handle, user.email.toUpperCase()])
      expect(await attempt(login, password)).toMatchObject({ ok: true, user: { id: user.id } });
    const refused = { ok: false, reason: 'refused' };
    expect(await attempt(user.handle, 'wrong password')).toEqual(refused);
    expect(await attempt(fresh('unknown'), password)).toEqual(refused);
    const about = { login_token: admin.login_token, user_id: user.id };
    await open.db.session((s) => setActive(s, { ...about, is_active: false }));
    expect(await attempt(user.handle, password)).toEqual(refused);
    const { events } = await open.db.read((s) => queryEvents(s, about));
    expect(events.map(({ action }) => action)).toEqual([
      'login.refused',
      'user.deactivated',
      'login.refused',
      ...[1, 2, 3].flatMap(() => ['token.issued', 'login.accepted']),
      'user.registered',
    ]);
  });

  it('gets a new hash at login when the cost has been raised', async () => {
    const user = await someUser(open.db);
    const higher = { cost: { ...cheap, ln: cheap.ln + 1 } };
    await logIn(open.db, { login: user.handle, password }, higher);
    const { password_hash } = (await open.db.get(users, user.id)) ?? {};
    expect(password_hash).toMatch(/^\$scrypt\$ln=11,/);
    expect(await logIn(open.db, { login: user.handle, password }, higher)).toMatchObject({ ok: true });
  });

  it('has no login after a new password', async () => {
    const user = await someUser(open.db);
    const password_hash = await hashPassword('another password', cheap);
    await setPassword(open.db, { login_token: user.login_token, password, password_hash });
    expect(await open.db.session((s) => rotateToken(s, user.token))).toEqual({
      ok: false,
      reason: 'revoked',
    });
    await expect(open.db.read((s) => quotaOf(s, user))).rejects.toMatchObject({ code: 'login-required' });
    await loginOf(open.db, user.handle, 'another password');
  });

  it('has an encrypted TOTP secret, and each code is accepted once', async () => {
    const user = await someUser(open.db);
    const secret = await open.db.session((s) => enrolTotp(s, user));
    const stored = await open.db.read((s) =>
      s.query.selectFrom('users').select('totp_secret').where('id', '=', user.id).executeTakeFirstOrThrow(),
    );
    expect(Buffer.from(stored.totp_secret as unknown as Uint8Array).includes(secret)).toBe(false);
    const code = totpCode(secret, Date.now() / 1_000);
    const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0');
    const confirm = (given: string) =>
      open.db.session((s) => confirmTotp(s, { login_token: user.login_token, code: given }));
    expect(await confirm('')).toBe(false);
    if (totpCode(secret, Date.now() / 1_000 + 30) !== wrong) expect(await confirm(wrong)).toBe(false);
    const once = await Promise.all([confirm(code), confirm(code)]);
    expect(once.filter(Boolean)).toHaveLength(1);
    expect(await open.db.get(users, user.id)).toMatchObject({ totp_enabled: true, totp_secret: secret });
    await expect(open.db.session((s) => enrolTotp(s, user))).rejects.toMatchObject({
      code: 'state-conflict',
    });
    await disableTotp(open.db, { ...user, password, code: totpCode(secret, Date.now() / 1_000 + 30) });
    expect(await open.db.get(users, user.id)).toMatchObject({ totp_enabled: false, totp_secret: null });
  });

  it('can get a larger quota from an administrator, but none below the current use', async () => {
    const { id: user_id } = await someUser(open.db, 10);
    const { login_token } = await adminOf(open.db);
    const about = { login_token, user_id };
    expect(await open.db.session((s) => setQuota(s, { ...about, limit_bytes: 20 }))).toMatchObject({
      limit_bytes: 20,
    });
    await open.db.session((s) =>
      s.query.updateTable('quotas').set({ used_bytes: 15 }).where('user_id', '=', user_id).execute(),
    );
    await expect(open.db.session((s) => setQuota(s, { ...about, limit_bytes: 14 }))).rejects.toMatchObject({
      code: 'state-conflict',
    });
    await expect(
      open.db.session((s) =>
        s.query.updateTable('quotas').set({ used_bytes: 21 }).where('user_id', '=', user_id).execute(),
      ),
    ).rejects.toMatchObject({ code: 'check-violation' });
  });
});
