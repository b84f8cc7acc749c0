import {
  confirmTotp,
  docuvault,
  enrolTotp,
  type LoginResult,
  logIn,
  loginAttempts,
  purgeExpired,
  refreshTokens,
  totpCode,
  unlockUser,
} from '@ashlar/docuvault';
import { connect } from 'ashlar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import {
  cheap,
  columnKeys,
  fresh,
  loginOf,
  type OpenVault,
  openVault,
  password,
  someUser,
} from './support.js';

describe.each(engines)('attempts to log in on $name', (engine) => {
  let open: OpenVault;
  let now = Date.now();
  beforeAll(async () => {
    // only the owner may use another clock than the database's
    open = await openVault(engine, { clock: () => new Date(now), allowOwner: true });
  });
  afterAll(() => open.remove());

  const attempt = (login: string, secret = 'wrong password', ip_address?: string) =>
    logIn(open.db, { login, password: secret, ip_address }, { cost: cheap });
  const outcome = (result: LoginResult) => (result.ok ? 'ok' : result.reason);
  const failures = async (login: string, times: number) => {
    for (let n = 0; n < times; n++) expect(outcome(await attempt(login))).toBe('refused');
  };

  it('must wait after five failures, even with the right password, and the wait doubles up to 15 minutes', async () => {
    const { handle } = await someUser(open.db);
    await failures(handle, 5);
    const waits: number[] = [];
    for (let n = 0; n < 13; n++) {
      const refused = await attempt(handle, password);
      if (refused.ok || refused.reason !== 'throttled') throw new Error(outcome(refused));
      waits.push(refused.retry_after_seconds);
      // another attempt while it must wait does not make the wait longer
      expect(await attempt(handle, password)).toEqual(refused);
      now += refused.retry_after_seconds * 1_000;
      await failures(handle, 1);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    now += 900_000;
    expect(outcome(await attempt(handle, password))).toBe('ok');
    // a success forgets the failures
    await failures(handle, 5);
  });

  it('must wait for a name that no user has, in the same way', async () => {
    const nobody = fresh('nobody');
    await failures(nobody, 5);
    expect(await attempt(nobody)).toEqual({ ok: false, reason: 'throttled', retry_after_seconds: 1 });
  });

  it('at the same time do not pass together', async () => {
    const { handle } = await someUser(open.db);
    const all = await Promise.all(Array.from({ length: 20 }, () => attempt(handle)));
    expect(all.map(outcome).filter((each) => each === 'refused')).toHaveLength(5);
  });

  it('from one IP address must wait after fifty failures, whatever the names', async () => {
    for (let n = 0; n < 50; n++)
      expect(outcome(await attempt(fresh('n'), 'wrong password', '192.0.2.7'))).toBe('refused');
    const { handle } = await someUser(open.db);
    expect(outcome(await attempt(handle, password, '192.0.2.7'))).toBe('throttled');
    expect(outcome(await attempt(handle, password, '192.0.2.8'))).toBe('ok');
  });

  it('are counted for the user, whichever name is given, and for wrong codes too', async () => {
    const { handle, email, login_token } = await someUser(open.db);
    for (const name of [handle, email, handle.toUpperCase(), email.toUpperCase(), ` ${handle} `])
      await failures(name, 1);
    for (const name of [handle, email]) expect(outcome(await attempt(name, password))).toBe('throttled');
    now += 1_000;
    const secret = await open.db.session((s) => enrolTotp(s, { login_token }));
    const code = totpCode(secret, now / 1_000);
    expect(await open.db.session((s) => confirmTotp(s, { login_token, code }))).toBe(true);
    const withCode = (wrong: string) =>
      logIn(open.db, { login: email, password, code: wrong }, { cost: cheap });
    expect(outcome(await withCode('x'))).toBe('refused');
    expect(outcome(await withCode('x'))).toBe('throttled');
    // the operator can lift it
    expect(await open.db.session((s) => unlockUser(s, email))).toBe(true);
    expect(await open.db.session((s) => unlockUser(s, handle))).toBe(false);
    for (let n = 0; n < 5; n++) expect(outcome(await withCode('x'))).toBe('refused');
    expect(outcome(await withCode('x'))).toBe('throttled');
    await expect(open.db.session((s) => unlockUser(s, fresh('nobody')))).rejects.toMatchObject({
      code: 'row-not-found',
    });
  });

  it.each([
    ['192.0.2.9', ['192.0.2.9', '::ffff:192.0.2.9', '::FFFF:c000:209', '0:0:0:0:0:ffff:192.0.2.9']],
    ['2001:db8::1', ['2001:db8::1', '2001:DB8:0:0:0:0:0:1', '2001:db8::ffff', '2001:0db8:0000::7:8:9']],
  ])('from forms and neighbours of the address %s are counted together', async (_, forms) => {
    for (let n = 0; n < 50; n++)
      expect(outcome(await attempt(fresh('n'), 'wrong password', forms[n % forms.length]))).toBe('refused');
    for (const form of forms)
      expect(outcome(await attempt(fresh('n'), 'wrong password', form))).toBe('throttled');
    expect(outcome(await attempt(fresh('n'), 'wrong password', '2001:db8:1::1'))).toBe('refused');
  });

  it('from what is no address are refused before they are counted', async () => {
    const { handle } = await someUser(open.db);
    for (let n = 0; n < 7; n++)
      await expect(attempt(handle, password, 'nowhere')).rejects.toMatchObject({ code: 'input-invalid' });
    expect(outcome(await attempt(handle, password))).toBe('ok');
  });

  it.each([0, -1, 1.5, Number.NaN, 3_651, Number.MAX_SAFE_INTEGER])(
    'for a login of %d days are refused before they are counted',
    async (days) => {
      const { handle } = await someUser(open.db);
      const given = { login: handle, password };
      await expect(logIn(open.db, given, { cost: cheap, days })).rejects.toMatchObject({
        code: 'input-invalid',
      });
      expect(outcome(await attempt(handle, password))).toBe('ok');
    },
  );

  it('are counted in the database, so that a restart does not forget them', async () => {
    const { handle } = await someUser(open.db);
    await failures(handle, 5);
    if (!open.place.url.includes('memory')) {
      const other = await connect(docuvault, {
        url: open.place.url,
        key: open.place.key,
        columnKeys,
        clock: () => new Date(now),
        allowOwner: true,
      });
      const result = await logIn(other, { login: handle, password }, { cost: cheap });
      await other.close();
      expect(outcome(result)).toBe('throttled');
    }
    expect(outcome(await attempt(handle, password))).toBe('throttled');
    const rows = await open.db.read((s) => s.query.selectFrom('login_attempts').selectAll().execute());
    expect(JSON.stringify(rows)).not.toContain(handle);
  });

  it('are forgotten after a day, and expired tokens are purged, by the purge or by the next login', async () => {
    const { id: user_id, handle } = await someUser(open.db);
    await failures(fresh('gone'), 3);
    const tokens = () =>
      open.db.read((s) =>
        s.query.selectFrom('refresh_tokens').select('id').where('user_id', '=', user_id).execute(),
      );
    expect(await tokens()).toHaveLength(1);
    now += 31 * 86_400_000;
    await loginOf(open.db, handle);
    expect(await tokens()).toHaveLength(1);
    const purged = await purgeExpired(open.db);
    expect(purged.tokens).toBeGreaterThan(0);
    const left = await open.db.read(async (s) => ({
      expired: await s.query
        .selectFrom(refreshTokens.name as 'refresh_tokens')
        .select('id')
        .where('expires_at', '<=', s.now())
        .execute(),
      old: await s.query
        .selectFrom(loginAttempts.name as 'login_attempts')
        .select('subject')
        .where('last_at', '<', new Date(now - 86_400_000).toISOString())
        .execute(),
    }));
    expect(left).toEqual({ expired: [], old: [] });
    expect(await purgeExpired(open.db)).toEqual({ tokens: 0, login_attempts: 0 });
    expect(await tokens()).toHaveLength(1);
  });
});
