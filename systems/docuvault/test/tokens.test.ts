import {
  queryEvents,
  type Rotation,
  refreshTokens,
  revokeAllTokens,
  revokeToken,
  rotateToken,
  setActive,
} from '@ashlar/docuvault';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { adminOf, loginOf, type OpenVault, openVault, someUser, type TestUser } from './support.js';

describe.each(engines)('a refresh token on $name', (engine) => {
  let open: OpenVault;
  let now = Date.now();
  beforeAll(async () => {
    // only the owner may use another clock than the database's
    open = await openVault(engine, { clock: () => new Date(now), allowOwner: true, connections: 10 });
  });
  afterAll(() => open.remove());

  const issue = (user: TestUser) => loginOf(open.db, user.handle);
  const rotate = (token: string) => open.db.session((s) => rotateToken(s, token));
  const tokenOf = (rotation: Rotation): string => {
    if (!rotation.ok) throw new Error(rotation.reason);
    return rotation.token;
  };

  it('is exchanged for the next one and stored as a hash only', async () => {
    const user = await someUser(open.db);
    const { token } = await issue(user);
    const next = tokenOf(await rotate(token));
    expect(next).not.toBe(token);
    const rows = await open.db.read((s) =>
      s.query.selectFrom('refresh_tokens').selectAll().where('user_id', '=', user.id).execute(),
    );
    expect(rows).toHaveLength(3);
    for (const secret of [token, next].map((each) => each.split('.')[1] ?? ''))
      expect(JSON.stringify(rows)).not.toContain(secret);
    expect(new Set(rows.map(({ family_id }) => family_id)).size).toBe(2);
  });

  it('used twice revokes its family and no other', async () => {
    const user = await someUser(open.db);
    const [{ token }, other] = [await issue(user), await issue(user)];
    const next = tokenOf(await rotate(token));
    const last = tokenOf(await rotate(next));
    expect(await rotate(token)).toEqual({ ok: false, reason: 'reused' });
    // the revocation is committed although the use was refused
    expect(await rotate(last)).toEqual({ ok: false, reason: 'revoked' });
    expect((await rotate(other.token)).ok).toBe(true);
    // an exchange renews the login, too
    const { login_token } = await issue(user);
    const { events } = await open.db.read((s) => queryEvents(s, { login_token, action: 'token.reused' }));
    expect(events).toHaveLength(1);
  });

  it('used twice at the same time yields one new token', async () => {
    const user = await someUser(open.db);
    for (let round = 0; round < 5; round++) {
      const { token } = await issue(user);
      const all = await Promise.all([rotate(token), rotate(token)]);
      expect(all.filter(({ ok }) => ok)).toHaveLength(1);
      expect(all.find(({ ok }) => !ok)).toEqual({ ok: false, reason: 'reused' });
      // the new token may be the thief's, so the second use revokes it
      const next = tokenOf(all.find(({ ok }) => ok) as Rotation);
      expect(await rotate(next)).toEqual({ ok: false, reason: 'revoked' });
    }
  });

  it('used concurrently by a thief leaves no valid token of its family', async () => {
    const user = await someUser(open.db);
    const { token } = await issue(user);
    const [id = ''] = token.split('.');
    const { family_id = '' } = (await open.db.get(refreshTokens, id)) ?? {};
    let thief = tokenOf(await rotate(token));
    const [, ...rotations] = await Promise.all([
      rotate(token),
      (async () => {
        for (;;) {
          const next = await rotate(thief);
          if (!next.ok) return;
          thief = next.token;
        }
      })(),
    ]);
    expect(rotations).toHaveLength(1);
    const valid = await open.db.read((s) =>
      s.query
        .selectFrom('refresh_tokens')
        .select('id')
        .where('family_id', '=', family_id)
        .where('revoked', '=', false)
        .execute(),
    );
    expect(valid).toEqual([]);
  });

  it('expires, and is revoked by a logout and by deactivation of its user', async () => {
    const user = await someUser(open.db);
    const [old, out, rest] = [await issue(user), await issue(user), await issue(user)];
    await open.db.session((s) => revokeToken(s, out.token));
    expect(await rotate(out.token)).toEqual({ ok: false, reason: 'revoked' });
    now += 31 * 86_400_000;
    expect(await rotate(old.token)).toEqual({ ok: false, reason: 'expired' });
    now -= 31 * 86_400_000;
    const { login_token } = await adminOf(open.db);
    const about = { login_token, user_id: user.id };
    await open.db.session((s) => setActive(s, { ...about, is_active: false }));
    expect(await rotate(rest.token)).toEqual({ ok: false, reason: 'revoked' });
    // the token that was refused was not spent
    const spent = await open.db.read((s) =>
      s.query.selectFrom('refresh_tokens').select('used_at').where('user_id', '=', user.id).execute(),
    );
    expect(spent.every(({ used_at }) => used_at === null)).toBe(true);
    await expect(issue(user)).rejects.toThrow('cannot log in: refused');
    expect(await open.db.session((s) => revokeAllTokens(s, about))).toBe(0);
  });

  it('that is malformed or incomplete is unknown', async () => {
    const user = await someUser(open.db);
    const { token } = await issue(user);
    const [id = ''] = token.split('.');
    for (const wrong of ['', 'x', id, `${id}.`, `${id}.${'A'.repeat(43)}`, `${id}.é`, `${token}\0`])
      expect(await rotate(wrong), wrong).toEqual({ ok: false, reason: 'unknown' });
    expect((await rotate(token)).ok).toBe(true);
    expect(await open.db.get(refreshTokens, id)).toMatchObject({
      revoked: true,
      used_at: expect.any(String),
    });
  });
});
