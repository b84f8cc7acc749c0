import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFirstAdmin, hashPassword, logIn, registerUser, setActive, setRole } from '@ashlar/docuvault';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { adminOf, cheap, loginOf, type OpenVault, openVault, someUser, store } from './support.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const program = join(root, 'packages/ashlar/bin/ashlar.js');

describe.each(engines.filter(({ name }) => name === 'sqlite'))(
  'the command line of docuvault on $name',
  (engine) => {
    let open: OpenVault;
    beforeAll(async () => {
      open = await openVault(engine);
    });
    afterAll(() => open.remove());

    const ashlar = (args: readonly string[], env: NodeJS.Dict<string> = {}, on = open) =>
      new Promise<{ code: number; output: string }>((resolve) => {
        const variables = {
          ...process.env,
          DATABASE_URL: on.place.url,
          COLUMN_KEY: `1:${'7a'.repeat(32)}`,
          BLOB_DIR: on.folder,
          ...env,
        };
        execFile(
          process.execPath,
          [program, 'docuvault', ...args],
          { cwd: root, env: variables },
          (error, stdout, stderr) =>
            resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
        );
      });

    it('creates the first administrator, with a password that is in no output, and no second one', async () => {
      const args = ['create-admin', 'Ann', 'ann@exämple.org'];
      const empty = await openVault(engine);
      onTestFinished(() => empty.remove());
      expect(await ashlar(args, {}, empty)).toMatchObject({
        code: 2,
        output: expect.stringContaining('ADMIN_PASSWORD'),
      });
      const given = { ADMIN_PASSWORD: 'a password of the admin', QUOTA_BYTES: '5000' };
      const created = await ashlar([...args, '--json'], given, empty);
      expect(created.code).toBe(0);
      expect(created.output).not.toMatch(/a password of the admin|password_hash|scrypt/);
      const login = await logIn(empty.db, { login: 'ann', password: given.ADMIN_PASSWORD });
      expect(login).toMatchObject({ ok: true, user: { role: 'admin', email: 'ann@exämple.org' } });
      const again = await ashlar(['create-admin', 'bob', 'bob@example.org'], given, empty);
      expect(again).toMatchObject({ code: 1, output: expect.stringContaining('exists already') });
      // the rest is the administrator's
      if (!login.ok) return;
      const password_hash = await hashPassword(given.ADMIN_PASSWORD, cheap);
      const bob = { handle: 'bob', email: 'bob@example.org', password_hash, role: 'admin' as const };
      await empty.db.session((s) => registerUser(s, { login_token: login.login_token, ...bob }));
      await loginOf(empty.db, 'bob', given.ADMIN_PASSWORD);
    });

    it('unlocks a user, by handle or email', async () => {
      const { handle, email } = await someUser(open.db);
      for (let n = 0; n < 5; n++)
        await logIn(open.db, { login: handle, password: 'wrong password' }, { cost: cheap });
      expect(await ashlar(['unlock', email])).toEqual({ code: 0, output: 'unlocked\n' });
      await loginOf(open.db, handle);
      expect(await ashlar(['unlock', 'nobody'])).toMatchObject({ code: 1 });
    });

    it('sweeps and purges', async () => {
      expect(await ashlar(['sweep'])).toEqual({
        code: 0,
        output: 'removed: 0 unreferenced files, 0 abandoned uploads\n',
      });
      expect((await ashlar(['purge'])).output).toMatch(
        /^deleted: 0 refresh tokens, \d+ counts of failed logins\n$/,
      );
    });
  },
);

describe.each(engines)('the first administrator on $name', (engine) => {
  let open: OpenVault;
  beforeAll(async () => {
    open = await openVault(engine);
  });
  afterAll(() => open.remove());

  it('is one, however many are created at the same time; and can be created again when none is active', async () => {
    const password_hash = await hashPassword('correct horse', cheap);
    const create = (handle: string) =>
      open.db.session((s) => createFirstAdmin(s, { handle, email: `${handle}@example.org`, password_hash }));
    const created = await Promise.allSettled(['one', 'two', 'three'].map(create));
    expect(created.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const each of created)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'state-conflict' });
    // by SQL: no service leaves a system without an administrator
    await open.db.session((s) => s.query.updateTable('users').set({ is_active: false }).execute());
    await create('four');
    await expect(create('five')).rejects.toMatchObject({ code: 'state-conflict' });
  });

  it('cannot be followed by nobody: two administrators who deactivate each other leave one', async () => {
    await open.db.session((s) => s.query.updateTable('users').set({ is_active: false }).execute());
    const [a, b] = [await adminOf(open.db), await someUser(open.db, undefined, { role: 'admin' })];
    const both = await Promise.allSettled([
      open.db.session((s) => setActive(s, { login_token: a.login_token, user_id: b.id, is_active: false })),
      open.db.session((s) => setRole(s, { login_token: b.login_token, user_id: a.id, role: 'user' })),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await store(open.vault, both[0]?.status === 'fulfilled' ? a : b, 'still works');
  });
});
