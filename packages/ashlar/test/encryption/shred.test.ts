import { randomUUID } from 'node:crypto';
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ColumnKeys, connect, type Database, system } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { shred } from 'ashlar/keys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { columnKeys, dossiers, tables } from './support.js';

const testing = system('testing', { tables, migrations: new URL('file:///nowhere/') });
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing',
    (error) => error.code,
  );
const plaintext = 'Plaintext-that-must-not-be-found';

describe.each(engines)('shredding a scope on $name', (engine) => {
  let keys: ColumnKeys;
  let opened: Awaited<ReturnType<typeof withTables<typeof tables>>>;
  let db: Database<typeof tables>;
  beforeEach(async () => {
    keys = columnKeys();
    opened = await withTables(engine, tables, { columnKeys: keys });
    ({ db } = opened);
  });
  afterEach(() => opened.remove());

  const write = (client_id: string) =>
    db.session((s) =>
      s.insert(dossiers, { client_id, title: 'title', email: 'a@example.org', note: plaintext }),
    );
  const keyRows = (scope: string) =>
    db.read((s) => s.query.selectFrom('data_keys').selectAll().where('scope', '=', scope).execute());

  it('makes the columns of that client unreadable, and leaves those of other clients intact', async () => {
    const [ann, bob] = [await write('ann'), await write('bob')];
    expect(await shred(db, 'ann', { actor: 'user:1' })).toEqual({
      scope: 'ann',
      keys: 1,
      remains: undefined,
    });

    expect(await codeOf(db.get(dossiers, ann.id))).toBe('scope-shredded');
    expect(await codeOf(db.session((s) => s.get(dossiers, ann.id)))).toBe('scope-shredded');
    expect(await codeOf(db.session((s) => s.update(dossiers, ann.id, { note: 'x' })))).toBe('scope-shredded');
    expect(await codeOf(write('ann'))).toBe('scope-shredded');
    expect(await codeOf(db.read((s) => s.blindIndex(dossiers, 'email', 'ann', 'a@example.org')))).toBe(
      'scope-shredded',
    );
    expect(await db.get(dossiers, bob.id)).toEqual(bob);
    expect(await write('bob')).toMatchObject({ note: plaintext });
  });

  it('is recorded once', async () => {
    await write('ann');
    await shred(db, 'ann');
    const [key, ...others] = await keyRows('ann');
    expect(others).toEqual([]);
    expect(key).toMatchObject({
      version: 1,
      wrapped: null,
      shredded_at: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(await shred(db, 'ann')).toMatchObject({ keys: 0 });
    expect(await keyRows('ann')).toEqual([key]);
  });

  it('cannot run in a session, which could be rolled back', async () => {
    const inside = db.session(async () => shred(db, 'ann'));
    await expect(inside).rejects.toMatchObject({ code: 'usage' });
    expect(await write('ann')).toMatchObject({ note: plaintext });
  });

  it('works for a scope without a key: it never gets one', async () => {
    expect(await shred(db, 'new scope')).toMatchObject({ keys: 0 });
    expect(await codeOf(write('new scope'))).toBe('scope-shredded');
  });

  it('keeps columns that are not encrypted, and rows can be deleted', async () => {
    const row = await write('ann');
    await shred(db, 'ann');
    const found = await db.read((s) =>
      s.query.selectFrom('dossiers').select(['id', 'title']).where('client_id', '=', 'ann').execute(),
    );
    expect(found).toEqual([{ id: row.id, title: 'title' }]);
    await db.session((s) => s.delete(dossiers, row.id));
    expect(await db.get(dossiers, row.id)).toBeUndefined();
  });

  it('wins over sessions that create the first key of the scope at the same time', async () => {
    const scopes = Array.from({ length: 10 }, () => randomUUID());
    await Promise.allSettled(
      scopes.flatMap((scope) => [write(scope), shred(db, scope, { vacuum: false }), write(scope)]),
    );
    for (const scope of scopes) {
      const found = await keyRows(scope);
      expect(found.map(({ wrapped, shredded_at }) => [wrapped, shredded_at === null])).toEqual([
        [null, false],
      ]);
      expect(await codeOf(write(scope))).toBe('scope-shredded');
    }
  });

  it('holds in a later backup, opened with every key', async () => {
    const [ann, bob] = [await write('ann'), await write('bob')];
    await shred(db, 'ann');
    const columns = ['id', 'client_id', 'title', 'email', 'email_index', 'note', 'facts', 'cents'] as const;
    const saved = await db.read(async (s) => ({
      keys: await s.query.selectFrom('data_keys').selectAll().execute(),
      rows: await s.query.selectFrom('dossiers').select(columns).execute(),
    }));
    const restored = await withTables(engine, tables, { columnKeys: keys });
    try {
      await restored.db.session(async (s) => {
        await s.query.insertInto('data_keys').values(saved.keys).execute();
        await s.query
          .insertInto('dossiers')
          .values(saved.rows as never)
          .execute();
      });
      expect(await codeOf(restored.db.get(dossiers, ann.id))).toBe('scope-shredded');
      expect(await restored.db.get(dossiers, bob.id)).toMatchObject({ email: bob.email, note: plaintext });
    } finally {
      await restored.remove();
    }
  });
});

// one process at a time can open a PGlite database
describe.each(engines.filter(({ name }) => name !== 'pglite'))('a shredding on $name', (engine) => {
  it('takes effect in the next session of another process', async () => {
    const keys = columnKeys();
    const opened = await withTables(engine, tables, { columnKeys: keys });
    const { db } = opened;
    const other = await connect(testing, { url: opened.url, key: opened.key, columnKeys: keys });
    try {
      const ann = await db.session((s) => s.insert(dossiers, { client_id: 'ann', title: 't' }));
      expect(await other.get(dossiers, ann.id)).toEqual(ann);
      await shred(db, 'ann');
      expect(await codeOf(other.get(dossiers, ann.id))).toBe('scope-shredded');
      expect(await codeOf(other.session((s) => s.get(dossiers, ann.id)))).toBe('scope-shredded');
    } finally {
      await other.close();
      await opened.remove();
    }
  });
});

describe.each(engines.filter(({ name }) => name === 'postgres'))(
  'a role on $name that is no owner',
  (engine) => {
    it('shreds, and reports that the owner must rewrite the keyring', async () => {
      const keys = columnKeys();
      const opened = await withTables(engine, tables, { columnKeys: keys });
      const role = `app_${randomUUID().replaceAll('-', '')}`;
      const asOwner = (sql: string) => opened.db.engine.asOwner((owner) => owner.script(sql));
      await asOwner(`CREATE ROLE ${role} LOGIN PASSWORD 'app'`);
      await asOwner(`GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO ${role}`);
      const url = new URL(opened.url);
      [url.username, url.password] = [role, 'app'];
      const app = await connect(testing, { url: url.href, columnKeys: keys });
      try {
        await app.session((s) => s.insert(dossiers, { client_id: 'ann', title: 't' }));
        expect(await shred(app, 'ann')).toEqual({
          scope: 'ann',
          keys: 1,
          remains: expect.stringContaining('VACUUM (FULL) data_keys'),
        });
        // every table that only the owner can rewrite is named, not the first one
        const every = Object.values(testing.tables).map((table) => table.name);
        const remains = await app.engine.vacuum(Object.values(testing.tables));
        for (const name of every) expect(remains).toMatch(new RegExp(`VACUUM \\(FULL\\) .*\\b${name}\\b`));
      } finally {
        await app.close();
        await asOwner(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
        await opened.remove();
      }
    });
  },
);

describe('the files of a plain SQLite database', () => {
  const found = async (folder: string, needles: readonly Uint8Array[]) => {
    const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))));
    return needles.filter((needle) => files.some((file) => file.includes(Buffer.from(needle))));
  };

  it('never contain the plaintext, and no wrapped key after shredding', async () => {
    const opened = await withTables(engines[0] ?? never(), tables, { columnKeys: columnKeys() });
    const { db, url } = opened;
    const copies = await mkdtemp(join(tmpdir(), 'ashlar-copies-'));
    try {
      const path = url.replace('sqlite:', '');
      // a keyring of many pages that were split: pages keep copies of earlier content
      const clients = Array.from({ length: 1_500 }, (): string => randomUUID());
      await db.session((s) =>
        s.insertMany(
          dossiers,
          clients.map((client_id) => ({
            client_id,
            title: 'title',
            email: 'a@example.org',
            note: plaintext,
          })),
        ),
      );
      const wrapped = new Map(
        (await db.read((s) => s.query.selectFrom('data_keys').selectAll().execute())).map((row) => [
          row.scope,
          row.wrapped ?? never(),
        ]),
      );
      const shredded = clients.filter((_, i) => i % 300 === 7);
      const theirs = shredded.map((scope) => wrapped.get(scope) ?? never());
      const others = [...wrapped].filter(([scope]) => !shredded.includes(scope)).map(([, key]) => key);
      for (const scope of shredded) await shred(db, scope, { vacuum: scope === shredded.at(-1) });

      // reads copies: to close a descriptor of the open file would drop SQLite's locks
      for (const ending of ['', '-wal', '-shm'])
        await copyFile(`${path}${ending}`, join(copies, `copy${ending}`)).catch(() => undefined);
      expect(await found(copies, [Buffer.from(plaintext), Buffer.from('a@example.org')])).toEqual([]);
      expect(await found(copies, theirs)).toEqual([]);
      expect(await found(copies, others)).toHaveLength(others.length);

      const backup = await openEngine({ url: `sqlite:${join(copies, 'copy')}` });
      await backup.close();
    } finally {
      await opened.remove();
      await rm(copies, { recursive: true, force: true });
    }
  });
});

const never = (): never => {
  throw new TypeError('is not there');
};
