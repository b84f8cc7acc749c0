import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logExchange, openExperts } from '@ashlar/experts';
import { describe, expect, test, vi } from 'vitest';
import { asAdmin, engines } from '../../../test/support/engines.js';
import { someExchange } from './support.js';

// only a server has users
describe.each(engines.filter(({ name }) => name === 'postgres'))('a start on $name', (engine) => {
  test('with two URLs migrates as the owner and runs as a user without DDL rights', async () => {
    const place = await engine.place();
    const user = `chat_${randomBytes(4).toString('hex')}`;
    const url = new URL(place.url);
    url.username = user;
    url.password = 'chat-secret';
    vi.stubEnv('DATABASE_MIGRATE_URL', place.url);
    vi.stubEnv('DATABASE_URL', url.href);
    try {
      for (const query of ['before', 'after a restart']) {
        const db = await openExperts();
        expect(await db.session((s) => logExchange(s, someExchange({ query })))).toMatchObject({ query });
        expect(db.engine.connectedRole).toMatchObject({ user, canChangeSchema: false });
        await db.close();
      }
    } finally {
      vi.unstubAllEnvs();
      await place.remove();
      await asAdmin(`DROP ROLE IF EXISTS ${user}`);
    }
  });
});

test('with the URL of the example settings creates the folder of the file', async () => {
  const example = await readFile(new URL('../../../.env.example', import.meta.url), 'utf8');
  const path = /^DATABASE_URL=sqlite:(.+)$/m.exec(example)?.[1] ?? '';
  const folder = await mkdtemp(join(tmpdir(), 'experts-'));
  vi.stubEnv('DATABASE_URL', `sqlite:${join(folder, path)}`);
  vi.stubEnv('DATABASE_MIGRATE_URL', '');
  try {
    for (const query of ['before', 'after a restart']) {
      const db = await openExperts();
      expect(await db.session((s) => logExchange(s, someExchange({ query })))).toMatchObject({ query });
      await db.close();
    }
  } finally {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  }
});

describe.each(engines)('a start on $name', (engine) => {
  test('that fails reports why and leaves no connection open', async () => {
    const place = await engine.place();
    vi.stubEnv('DATABASE_URL', '');
    vi.stubEnv('DATABASE_MIGRATE_URL', '');
    try {
      await expect(openExperts()).rejects.toMatchObject({ code: 'settings-invalid' });
      const db = await openExperts({ url: place.url, key: place.key });
      // a step that was changed after it was applied
      await db.engine.asOwner((owner) =>
        owner.run(`UPDATE ashlar_migrations SET checksum = '${'0'.repeat(64)}' WHERE step LIKE '0002%'`),
      );
      await db.close();
      // a database in memory does not outlive its connection
      if (engine.name === 'pglite') return;
      await expect(openExperts({ url: place.url, key: place.key })).rejects.toMatchObject({
        code: 'migration-changed',
      });
    } finally {
      vi.unstubAllEnvs();
      await place.remove();
    }
  });
});
