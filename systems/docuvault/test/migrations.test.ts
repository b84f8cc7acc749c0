import { createHash } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { docuvault, listDocuments, rotateToken, searchDocuments } from '@ashlar/docuvault';
import { connect, type System, system } from 'ashlar';
import { down, drift, up } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { columnKeys, fresh, loginOf, openVault, someUser, store } from './support.js';

const steps = fileURLToPath(new URL('../migrations/', import.meta.url));

describe.each(engines)('the migrations of docuvault on $name', (engine) => {
  let folder: string;
  let first: System<typeof docuvault.tables>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ashlar-docuvault-'));
    await cp(join(steps, '0001_initial'), join(folder, '0001_initial'), { recursive: true });
    first = system('docuvault', { tables: docuvault.tables, migrations: pathToFileURL(`${folder}/`) });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('stop before 0002 while documents have no owner, keep them, and continue once they have one', async () => {
    const place = await engine.place();
    const db = await connect(docuvault, { url: place.url, key: place.key, columnKeys });
    const owner = <T>(
      work: (run: (sql: string) => Promise<readonly Record<string, unknown>[]>) => Promise<T>,
    ) => db.engine.asOwner((each) => work((sql) => each.run(sql)));
    const insertOwnerless = (name: string) =>
      owner((run) =>
        run(
          `INSERT INTO documents (id, filename, content_type, size_bytes, object_key) VALUES ('${crypto.randomUUID()}', '${name}', 'text/plain', 3, '${crypto.randomUUID()}')`,
        ),
      );
    try {
      await up(db.engine, first);
      // version 0.1 wrote these rows; its services are gone
      const old = { id: crypto.randomUUID(), family: crypto.randomUUID(), token: crypto.randomUUID() };
      const secret = 'a-secret-of-version-0-1';
      const token_hash = createHash('sha256').update(secret).digest('hex');
      const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
      await owner((run) =>
        run(
          `INSERT INTO users (id, handle, email, password_hash) VALUES ('${old.id}', 'ann', 'ann@example.org', '$scrypt$ln=17,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo')`,
        ),
      );
      await owner((run) => run(`INSERT INTO quotas (user_id) VALUES ('${old.id}')`));
      await owner((run) =>
        run(
          `INSERT INTO refresh_tokens (id, user_id, family_id, token_hash, expires_at) VALUES ('${old.token}', '${old.id}', '${old.family}', '${token_hash}', '${inAnHour}')`,
        ),
      );
      for (const name of ['old.txt', 'older.txt']) await insertOwnerless(name);
      for (let twice = 0; twice < 2; twice++) {
        const error = await up(db.engine, docuvault).catch((caught: unknown) => caught);
        expect(error).toMatchObject({
          code: 'migration-failed',
          message: expect.stringContaining('0002_owner_required'),
          detail: expect.stringMatching(/user_id/),
        });
      }
      expect(await owner((run) => run('SELECT count(*) AS n FROM documents'))).toMatchObject([{ n: 2 }]);
      await owner((run) =>
        run(`UPDATE documents SET user_id = '${old.id}', extracted_text = 'the minutes of May'`),
      );
      expect((await up(db.engine, docuvault)).map(({ step }) => step)).toEqual([
        '0002_owner_required',
        '0003_generated_columns',
        '0004_authenticated_context',
        '0005_recorded_retirements',
        '0006_logins_and_search',
      ]);
      expect(await drift(db.engine, docuvault)).toEqual([]);
      // version 0.1 logged the ids of families: they open nothing. Its tokens are exchanged for a login
      for (const login_token of [old.family, old.token, token_hash])
        await expect(db.read((s) => listDocuments(s, { login_token }))).rejects.toMatchObject({
          code: 'login-required',
        });
      const login = await db.session((s) => rotateToken(s, `${old.token}.${secret}`));
      if (!login.ok) throw new Error(login.reason);
      const { login_token } = login;
      const own = await db.read((s) => listDocuments(s, { login_token }));
      expect(own.rows.map(({ filename }) => filename)).toEqual(['old.txt', 'older.txt']);
      const found = await db.read((s) => searchDocuments(s, { login_token, words: 'older may' }));
      expect(found.rows.map(({ filename }) => filename)).toEqual(['older.txt']);
      await expect(insertOwnerless(fresh('late'))).rejects.toMatchObject({ code: 'not-null-violation' });
    } finally {
      await db.close();
      await place.remove();
    }
  });

  it('have no effect when run again, and run down and up again with rows in the tables', async () => {
    const { db, vault, remove } = await openVault(engine);
    try {
      const user = await someUser(db);
      const document = await store(vault, user, 'x');
      expect(await up(db.engine, docuvault)).toEqual([]);
      await down(db.engine, docuvault, { steps: 4, destroy: true });
      await up(db.engine, docuvault);
      // the step back drops the logins, of which only hashes are stored
      const { login_token } = await loginOf(db, user.handle);
      const { rows } = await db.read((s) => listDocuments(s, { login_token }));
      const { extracted_text: _, ...summary } = document;
      expect(rows).toEqual([summary]);
      expect(await drift(db.engine, docuvault)).toEqual([]);
      await down(db.engine, docuvault, { to: 'base', destroy: true });
      expect(await up(db.engine, docuvault)).toHaveLength(6);
    } finally {
      await remove();
    }
  });
});
