import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clients, sophia } from '@ashlar/sophia';
import { connect } from 'ashlar';
import { createBackup, newBackupKey, restoreBackup, verifyBackup } from 'ashlar/backup';
import { describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { openSophia } from './support.js';

// engines with a file, as sophia uses; test/backup covers the other engines
const files = engines.filter(({ name }) => name.startsWith('sql'));

describe.each(files)('sophia on $name', (engine) => {
  it('a backup can be verified and restored', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ashlar-sophia-'));
    const open = await openSophia(engine);
    const target = await engine.place();
    try {
      const client = await open.client();
      const { key } = await newBackupKey();
      const keys = { key };
      const made = await createBackup(open.db.engine, [sophia], { folder, keys });
      const { reports } = await verifyBackup(made.name, [sophia], { folder, keys, live: open.db.engine });
      expect(reports.every(({ ok }) => ok)).toBe(true);

      await open.operate((s) => s.update(clients, client.id, { industry: 'lost' }));
      const to = { url: target.url, key: target.key };
      await restoreBackup(made.name, [sophia], { folder, keys, to, replace: true });
      const restored = await connect(sophia, to);
      try {
        expect(await restored.get(clients, client.id, { scope: client.id })).toEqual(client);
      } finally {
        await restored.close();
      }
    } finally {
      await open.remove();
      await target.remove();
      await rm(folder, { recursive: true });
    }
  });
});
