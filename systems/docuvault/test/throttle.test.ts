import {
  docuvault,
  type LoginResult,
  logIn,
  loginAttempts,
  purgeExpired,
  refreshTokens,
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
