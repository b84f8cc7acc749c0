import { connectCloud, createFolder, docuvault } from '@ashlar/docuvault';
import { failuresOf, type ProveReport, prove } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { inspect, type OpenVault, openVault, someUser, store } from './support.js';

describe.each(engines)('docuvault on $name', (engine) => {
  let open: OpenVault;
  beforeAll(async () => {
    open = await openVault(engine);
  });
  afterAll(() => open.remove());

  const expectProven = (report: ProveReport): void => {
    expect(failuresOf(report)).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.tables.map(({ table, guarantee }) => `${table} ${guarantee}`).sort()).toEqual([
      'audit_log append-only',
      'audit_log constraints',
      'audit_log ledgered',
      'cloud_connections constraints',
      'cloud_connections encrypted',
      'data_keys constraints',
      'data_keys keyring',
      'folders acyclic',
      'folders constraints',
      'users constraints',
      'users encrypted',
    ]);
  };

  it('passes prove while empty', async () => {
    expectProven(await prove(open.db.engine, docuvault));
  });

  it('passes prove with rows, and no row changes', async () => {
    const user = await someUser(open.db);
    const folder = await open.db.session((s) =>
      createFolder(s, { login_token: user.login_token, name: 'top' }),
    );
    await open.db.session((s) =>
      createFolder(s, { login_token: user.login_token, parent_id: folder.id, name: 'inner' }),
    );
    await store(open.vault, user, 'x', { folder_id: folder.id });
    await open.db.session((s) =>
      connectCloud(s, {
        login_token: user.login_token,
        provider: 's3',
        display_name: 'x',
        credentials: { key: 'x' },
      }),
    );
    const before = await inspect(open);
    expectProven(await prove(open.db.engine, docuvault));
    expect(await inspect(open)).toEqual(before);
  });
});
