import { readFile } from 'node:fs/promises';
import { auditLog, createFolder, createTopic, docuvault, folders, topics } from '@ashlar/docuvault';
import { checkMigrations as check, dumpSchema } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { recordEvent } from '../src/audit.js';
import { adminOf, fresh, type OpenVault, openVault, someUser } from './support.js';

// one test for each fault in the design that this system replaces
describe.each(engines)('docuvault on $name', (engine) => {
  let open: OpenVault;
  beforeAll(async () => {
    open = await openVault(engine);
  });
  afterAll(() => open.remove());

  it('the application cannot change or delete rows of its audit log', async () => {
    const kept = await open.db.session((s) => recordEvent(s, { action: 'kept', ip_address: '192.0.2.1' }));
    const attempts = [
      () => open.db.session((s) => s.query.updateTable('audit_log').set({ action: 'forged' }).execute()),
      () => open.db.session((s) => s.query.deleteFrom('audit_log').execute()),
      () => open.db.session((s) => s.delete(auditLog, kept.id)),
    ];
    for (const attempt of attempts)
      await expect(attempt()).rejects.toMatchObject({ code: 'guarantee-violated' });
    expect(await open.db.get(auditLog, kept.id)).toEqual(kept);
  });

  it('a root folder’s name is unique although its parent is NULL', async () => {
    const user = await someUser(open.db);
    const root = { user_id: user.id, parent_id: null, name: 'root' };
    const create = (name: string) =>
      open.db.session((s) => createFolder(s, { login_token: user.login_token, name }));
    await create(root.name);
    await expect(open.db.session((s) => s.insert(folders, root))).rejects.toMatchObject({
      code: 'unique-violation',
    });
    const both = await Promise.allSettled([1, 2].map(() => create('raced')));
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('a shared topic’s name is unique although its owner is NULL', async () => {
    const topic = { user_id: null, name: fresh('topic') };
    const { login_token } = await adminOf(open.db);
    await open.db.session((s) => createTopic(s, { login_token, name: topic.name, shared: true }));
    await expect(open.db.session((s) => s.insert(topics, topic))).rejects.toMatchObject({
      code: 'unique-violation',
    });
  });

  it('the migrations create the declared tables and the committed dump', async () => {
    const { name } = open.db.engine.dialect;
    await expect(check(docuvault, name)).resolves.toBeUndefined();
    const committed = new URL(`../schema.${name}.sql`, import.meta.url);
    expect(await dumpSchema(docuvault, name)).toBe(await readFile(committed, 'utf8'));
  });
});
