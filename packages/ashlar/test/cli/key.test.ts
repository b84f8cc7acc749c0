import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ciphertext, connect, id, system, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { appendOnly, encrypted, keyring, ledgered } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { countNotes, foreign } from '../keys/files.js';
import { makeProject, type Project } from './cli.js';

const guarantees = new URL('../../dist/guarantees/index.js', import.meta.url).href;
const keyOf = (n: number): string => `${n}:${String(n).repeat(64)}`;

const dataKeys = keyring('data_keys');
const dossiers = table('dossiers', { id: id(), client: z.string(), note: ciphertext(z.string()) }, (c) => [
  encrypted({ scope: c.client, keys: dataKeys }),
]);
const letters = table('letters', { id: id(), client: z.string(), body: ciphertext(z.string()) }, (c) => [
  encrypted({ scope: c.client, keys: dataKeys }),
  appendOnly(),
  ledgered(),
]);
const tables = { dossiers, letters, dataKeys };
const office = system('office', { tables, migrations: new URL('file:///none/') });

describe('ashlar key', () => {
  let project: Project;
  let url: string;
  let env: NodeJS.Dict<string>;
  const key = (args: readonly string[], more: NodeJS.Dict<string> = {}) =>
    project.json(['key', ...args], { ...env, ...more });
  const fileOf = (name: string) => readFile(join(project.folder, name), 'utf8');
  const withDb = async <T>(current: string, work: (db: Awaited<ReturnType<typeof opened>>) => Promise<T>) => {
    const db = await opened(current);
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  };
  const opened = async (current: string) =>
    connect(office, {
      url,
      key: (await fileOf(env.DATABASE_KEY_FILE ?? '')).trim(),
      columnKeys: { current },
    });

  beforeAll(async () => {
    project = await makeProject();
    url = `sqlcipher:${join(project.folder, 'office.db')}`;
    env = { DATABASE_URL: url, DATABASE_KEY_FILE: 'database.key', COLUMN_KEY: keyOf(1) };
    await project.configure(`
      import { appendOnly, encrypted, keyring, ledgered } from '${guarantees}';
      const { ciphertext } = ashlar;
      const dataKeys = keyring('data_keys');
      const dossiers = table('dossiers', { id: id(), client: z.string(), note: ciphertext(z.string()) },
        (c) => [encrypted({ scope: c.client, keys: dataKeys })]);
      const letters = table('letters', { id: id(), client: z.string(), body: ciphertext(z.string()) },
        (c) => [encrypted({ scope: c.client, keys: dataKeys }), appendOnly(), ledgered()]);
      export default { systems: [system('office', { tables: { dossiers, letters, dataKeys }, migrations: new URL('migrations/', import.meta.url) })] };
    `);
    await mkdir(join(project.folder, 'migrations'));
    expect(await project.ashlar(['key', 'new'])).toMatchObject({
      code: 0,
      stdout: 'DATABASE_KEY_FILE=database.key\n',
    });
    expect(await project.ashlar(['migrate', 'new', 'initial'], env)).toMatchObject({ code: 0 });
    expect(await project.ashlar(['up', '--no-prove'], env)).toMatchObject({ code: 0 });
    await withDb(keyOf(1), (db) =>
      db.session(async (s) => {
        for (const client of ['ann', 'bob']) {
          await s.insert(dossiers, { client, note: 'secret' });
          await s.insert(letters, { client, body: 'dear' });
        }
      }),
    );
  });
  afterAll(() => project.remove());

  test('new: the file has mode 600, is never printed and never overwritten', async () => {
    expect((await stat(join(project.folder, 'database.key'))).mode & 0o777).toBe(0o600);
    expect(await fileOf('database.key')).toMatch(/^[0-9a-f]{64}\n$/);
    expect(await project.ashlar(['key', 'new'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('database.key cannot be written'),
    });
  });

  test('rotate database: changes the key, check says which key opens it, no key is printed', async () => {
    expect(await key(['rotate', 'database'])).toMatchObject({ code: 2 });
    await project.ashlar(['key', 'new', '--out', 'next.key']);
    const keys = [await fileOf('database.key'), await fileOf('next.key')].map((text) => text.trim());
    const both = ['--new-key-file', 'next.key'];
    expect(await key(['check', ...both])).toMatchObject({ code: 0, document: { key: 'current' } });
    const rotated = await key(['rotate', 'database', ...both]);
    expect(rotated).toMatchObject({
      code: 0,
      document: { outcome: 'rotated', rows: { dossiers: 2, letters: 2 } },
      stderr: expect.stringContaining('DATABASE_KEY_FILE'),
    });
    for (const secret of keys) expect(rotated.stdout + rotated.stderr).not.toContain(secret);
    expect(await key(['check', ...both])).toMatchObject({ code: 0, document: { key: 'new' } });
    expect(await key(['check'])).toMatchObject({ code: 3, document: { error: { code: 'key-wrong' } } });
    expect(await project.ashlar(['status'], env)).toMatchObject({ code: 3 });
    expect(await key(['rotate', 'database', ...both])).toMatchObject({ document: { outcome: 'already' } });
    env = { ...env, DATABASE_KEY_FILE: 'next.key' };
    expect(await project.ashlar(['status'], env)).toMatchObject({ code: 0 });
    const engine = await openEngine({ url, key: keys[1] });
    expect(await key(['rotate', 'database', '--new-key-file', 'database.key'])).toMatchObject({
      code: 3,
      document: { error: { code: 'database-locked' } },
    });
    await engine.close();
  });

  test('rotate columns: rewraps data keys, and says which keys are still needed', async () => {
    const next = { COLUMN_KEY: keyOf(2) };
    expect(await key(['rotate', 'columns'], next)).toMatchObject({
      code: 3,
      document: { error: { code: 'key-missing' } },
    });
    expect(await key(['rotate', 'columns'], { ...next, COLUMN_KEYS_OLD: keyOf(1) })).toMatchObject({
      code: 0,
      document: {
        systems: [
          {
            system: 'office',
            wrapped: 2,
            master_version: 2,
            still_needed: [],
            keyrings: [{ keyring: 'data_keys', scopes: 2, shredded: 0, wrappedBy: { 2: 2 } }],
          },
        ],
      },
    });
    env = { ...env, ...next };
    const [row] = await withDb(keyOf(2), (db) =>
      db.read(async (s) =>
        s.decrypt(dossiers, await s.query.selectFrom('dossiers').selectAll().limit(1).execute()),
      ),
    );
    expect(row?.note).toBe('secret');
  });

  test('rotate data: a scope gets a new key, and rows that may change are re-encrypted', async () => {
    expect(await key(['rotate', 'data', 'ann'])).toMatchObject({
      code: 0,
      document: {
        scope: 'ann',
        systems: [
          {
            versions: { data_keys: 2 },
            tables: [
              { table: 'dossiers', moved: 1, stays: false },
              { table: 'letters', moved: 0, stays: true },
            ],
          },
        ],
      },
    });
    expect(await key(['rotate', 'data', 'unknown'])).toMatchObject({ code: 1 });
  });

  test('shred: only after a confirmation', async () => {
    expect(await key(['shred', 'bob'])).toMatchObject({ code: 2, document: { error: { code: 'usage' } } });
    expect(await key(['shred', 'bob', '--yes'])).toMatchObject({
      code: 0,
      document: { scope: 'bob', systems: [{ system: 'office', keys: 1, remains: null }] },
    });
    expect(await key(['rotate', 'data', 'bob'])).toMatchObject({
      code: 1,
      document: { error: { code: 'scope-shredded' } },
    });
  });

  test('shred: asks for the scope on a terminal, and destroys nothing for any other answer', async () => {
    const { id } = await withDb(keyOf(2), (db) =>
      db.session((s) => s.insert(dossiers, { client: 'cleo', note: 'kept' })),
    );
    const noteOf = () => withDb(keyOf(2), async (db) => (await db.get(dossiers, id))?.note);
    const inFolder = { ...env, DATABASE_KEY_FILE: join(project.folder, env.DATABASE_KEY_FILE ?? '') };
    const typed = (keys: string, ...more: string[]) =>
      project.typed(['key', 'shred', 'cleo', ...more], /encrypted for cleo/, keys, inFolder);
    const [enter, controlC] = ['\r', '\x03'];
    for (const keys of [`cle${enter}`, `cleo!${enter}`, `CLEO${enter}`, enter, `cleo${controlC}`]) {
      expect(await typed(keys)).toMatchObject({
        code: 2,
        asked: true,
        stdout: '',
        stderr: expect.stringContaining('The data of cleo was not shredded.'),
      });
      expect(await noteOf()).toBe('kept');
    }
    // with --json no question can be answered
    expect(await typed(`cleo${enter}`, '--json')).toMatchObject({ code: 2, asked: false });
    expect(await typed(`cleo${enter}`)).toMatchObject({
      code: 0,
      asked: true,
      stdout: 'office: 1 key of cleo shredded\n',
    });
    await expect(noteOf()).rejects.toMatchObject({ code: 'scope-shredded' });
  });

  test('rotate signer: both keys sign the first checkpoint, and a handover is accepted', async () => {
    for (const name of ['ledger', 'second'])
      await project.ashlar(['ledger', 'key', 'new', '--name', `example.org/${name}`, '--out', name]);
    const [old, next] = [(await fileOf('ledger.pub')).trim(), (await fileOf('second.pub')).trim()];
    const before = { ...env, LEDGER_KEY_FILE: 'ledger.key' };
    await project.ashlar(['ledger', 'checkpoint'], before);
    expect(await key(['rotate', 'signer', '--new-key-file', 'second.key'], before)).toMatchObject({
      code: 0,
      document: { verifier_key: next, former: old, handover: 'second.handover', checkpoints: [{ size: 2 }] },
    });
    const folder = join(project.folder, 'ledger-checkpoints/office/letters');
    expect(await readdir(folder)).toEqual(['2.checkpoint']);
    // a verifier that trusts only one of the keys can continue
    for (const LEDGER_PUBLIC_KEY of [old, next])
      expect(await project.ashlar(['ledger', 'verify'], { ...env, LEDGER_PUBLIC_KEY })).toMatchObject({
        code: 0,
      });
    const accept = (trusted: string) =>
      project.ashlar(['ledger', 'key', 'accept', 'second.handover'], { ...env, LEDGER_PUBLIC_KEY: trusted });
    expect(await accept(old)).toMatchObject({ code: 0, stdout: `LEDGER_PUBLIC_KEY=${old} ${next}\n` });
    await writeFile(
      join(project.folder, 'second.handover'),
      (await fileOf('second.handover')).replace(next, old),
    );
    expect(await accept(old)).toMatchObject({ code: 1 });
    const after = { ...env, LEDGER_KEY_FILE: 'second.key', LEDGER_PUBLIC_KEY: old };
    await withDb(keyOf(2), (db) => db.session((s) => s.insert(letters, { client: 'ann', body: 'again' })));
    expect(await project.ashlar(['ledger', 'checkpoint'], after)).toMatchObject({ code: 0 });
    expect((await readdir(folder)).sort()).toEqual(['2.checkpoint', '3.checkpoint']);
  });
});

describe('ashlar import', () => {
  let project: Project;
  beforeAll(async () => {
    project = await makeProject();
    await writeFile(join(project.folder, 'old.key'), 'correct horse\n');
    await project.ashlar(['key', 'new']);
  });
  afterAll(() => project.remove());
  const env = { DATABASE_KEY_FILE: 'database.key' };

  test('a plain file and an encrypted one become a new encrypted file', async () => {
    const source = join(project.folder, 'old.db');
    const key = (await readFile(join(project.folder, 'database.key'), 'utf8')).trim();
    foreign.plain(source);
    expect(await project.json(['import', 'old.db', '--to', 'sqlcipher:one.db'], env)).toMatchObject({
      code: 0,
      document: { source: 'SQLite', rows: { notes: 300 } },
    });
    await rm(source);
    foreign.signal(source, 'correct horse', 3);
    const to = ['import', 'old.db', '--to', `sqlcipher:${join(project.folder, 'two.db')}`];
    expect(await project.json(to, env)).toMatchObject({
      code: 3,
      document: { error: { code: 'key-wrong' } },
    });
    expect(await project.json([...to, '--from-key-file', 'old.key'], env)).toMatchObject({
      code: 0,
      document: { source: 'SQLCipher 3', rows: { notes: 300 } },
    });
    expect(await project.json([...to, '--from-key-file', 'old.key'], env)).toMatchObject({
      code: 1,
      document: { error: { code: 'state-conflict' } },
    });
    expect(await countNotes(`sqlcipher:${join(project.folder, 'two.db')}`, key)).toBe(300);
  });
});
