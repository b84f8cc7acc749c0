import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, id, system, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { appendOnly, ledgered } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { behindItsBack } from '../ledger/sabotage.js';
import { makeProject, type Project } from './cli.js';

const guarantees = new URL('../../dist/guarantees/index.js', import.meta.url).href;
const notes = table('notes', { id: id(), body: z.string() }, () => [appendOnly(), ledgered()]);
const shop = system('shop', { tables: { notes }, migrations: new URL('file:///none/') });

interface Document {
  readonly backup: { readonly name: string };
  readonly backups: readonly {
    readonly name: string;
    readonly verdict: string;
    readonly why: readonly string[];
  }[];
  readonly error: { readonly code: string; readonly detail?: string };
  readonly systems: readonly { readonly backups: unknown }[];
}

describe('ashlar backup', () => {
  let project: Project;
  let env: NodeJS.Dict<string>;
  const names: string[] = [];
  const backup = async (...args: string[]) => {
    const { code, document } = await project.json(['backup', ...args], env);
    return { code, document: document as Document };
  };
  const write = async (count: number) => {
    const db = await connect(shop, {
      url: `sqlcipher:${join(project.folder, 'shop.db')}`,
      key: env.DATABASE_KEY,
    });
    await db.session((s) =>
      s.insertMany(
        notes,
        Array.from({ length: count }, (_, n) => ({ body: `note ${n}` })),
      ),
    );
    await db.close();
  };

  beforeAll(async () => {
    project = await makeProject();
    await project.configure(`
      import { appendOnly, ledgered } from '${guarantees}';
      const notes = table('notes', { id: id(), body: z.string() }, () => [appendOnly(), ledgered()]);
      export default { systems: [system('shop', { tables: { notes }, migrations: new URL('migrations/', import.meta.url) })] };
    `);
    await mkdir(join(project.folder, 'migrations'));
    env = { DATABASE_URL: 'sqlcipher:shop.db', DATABASE_KEY: 'the key of the database' };
    expect(await project.ashlar(['migrate', 'new', 'initial'])).toMatchObject({ code: 0 });
    expect(await project.ashlar(['up'], env)).toMatchObject({ code: 0 });
    await write(20);
  });
  afterAll(() => project.remove());

  test('says how to create a key, and creates it', async () => {
    expect(await backup('create')).toMatchObject({
      code: 2,
      document: {
        error: { code: 'backup-key-missing', suggestion: expect.stringContaining('ashlar backup key') },
      },
    });
    const made = await project.ashlar(['backup', 'key']);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining('BACKUP_KEY_FILE=backup.key') });
    expect((await stat(join(project.folder, 'backup.key'))).mode & 0o777).toBe(0o600);
    const key = await readFile(join(project.folder, 'backup.key'), 'utf8');
    expect(made.stdout + made.stderr).not.toContain(/AGE-SECRET-KEY-\S+/.exec(key)?.[0]);
    expect(await project.ashlar(['backup', 'key'])).toMatchObject({ code: 2 });
    env.BACKUP_KEY_FILE = 'backup.key';
  });

  test('creates, lists and verifies; status says what would be lost', async () => {
    for (let n = 0; n < 3; n++) {
      const { code, document } = await backup('create');
      expect(code).toBe(0);
      names.push(document.backup.name);
    }
    expect(await backup('verify', names[1] ?? '')).toMatchObject({
      code: 0,
      document: { ok: true, ledgers: [{ ledger: 'shop/notes', size: 20, live: 20, relation: 'same' }] },
    });
    await write(7);
    expect(await backup('list')).toMatchObject({
      code: 0,
      document: {
        backups: names.map((name) => ({ name, problem: null, manifest: { rows: { notes: 20 } } })),
      },
    });
    expect(await project.json(['status'], env)).toMatchObject({
      document: {
        systems: [
          {
            backups: {
              count: 3,
              last: { name: names[2], verified_at: null },
              last_verified: { name: names[1] },
              would_be_lost: { rows: 7, ledger_entries: 7 },
            },
          },
        ],
      },
    });
    expect((await project.ashlar(['status'], env)).stdout).toMatch(
      /backups +last \S+ · last verified \S+ · 7 rows, 7 ledger entries since, in \d+ /,
    );
  });

  test('finds the program of a server where .env names it', async () => {
    const place = await engines.find(({ name }) => name === 'postgres')?.place();
    const dotEnv = join(project.folder, '.env');
    await writeFile(dotEnv, 'PG_DUMP=/nowhere/pg_dump\n');
    expect(await backup('create', '--url', place?.url ?? '', '--dir', 'of-the-server')).toMatchObject({
      code: 3,
      document: { error: { code: 'pg-dump-missing', detail: '/nowhere/pg_dump is not pg_dump.' } },
    });
    await rm(dotEnv);
    await place?.remove();
  });

  test('restores what does not verify on request only, and says so where no one overlooks it', async () => {
    const engine = await openEngine({
      url: `sqlcipher:${join(project.folder, 'shop.db')}`,
      key: env.DATABASE_KEY,
    });
    const [row] = (await engine.read('SELECT id, body FROM notes LIMIT 1', [])).rows;
    await behindItsBack(engine, 'notes', [`UPDATE notes SET body = 'forged' WHERE id = '${row?.id}'`]);
    const made = await backup('create', '--dir', 'tampered');
    await behindItsBack(engine, 'notes', [`UPDATE notes SET body = '${row?.body}' WHERE id = '${row?.id}'`]);
    await engine.close();
    const { name } = made.document.backup;
    const args = ['backup', 'restore', name, '--dir', 'tampered', '--to', 'sqlcipher:forged.db'];
    expect(await project.json(args, env)).toMatchObject({
      code: 1,
      document: { error: { code: 'guarantee-broken' } },
    });
    const restored = await project.ashlar([...args, '--even-if-unverified'], env);
    expect(restored).toMatchObject({ code: 0, stdout: expect.stringMatching(/^restored, NOT VERIFIED /m) });
    expect(restored.stderr).toMatch(/!{72}\nRESTORED WITHOUT VERIFICATION: THIS DATABASE DOES NOT VERIFY\./);
    expect(restored.stderr).toContain('the column body was changed after it was written');
    expect(await project.json([...args, '--even-if-unverified', '--replace'], env)).toMatchObject({
      code: 0,
      document: { ok: true, verified: false, failures: [{ code: 'guarantee-broken' }] },
    });
  });

  test('restores with the backup’s key alone, whatever the key of the database is', async () => {
    const other = { ...env, DATABASE_KEY: 'the key of another day' };
    const [first = ''] = names;
    const path = join('backups', `${first}.age`);
    const restored = await project.ashlar(
      ['backup', 'restore', path, '--to', 'sqlcipher:restored.db'],
      other,
    );
    expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining(first) });
    expect(await project.json(['status', '--url', 'sqlcipher:restored.db'], other)).toMatchObject({
      code: 0,
      document: { systems: [{ tables: [{ name: 'notes', rows: 20 }] }] },
    });
    expect(
      await project.json(['backup', 'restore', path, '--to', 'sqlcipher:restored.db'], other),
    ).toMatchObject({ code: 1, document: { error: { code: 'restore-target-not-empty' } } });
    expect(
      await project.ashlar(
        ['backup', 'restore', names[2] ?? '', '--to', 'sqlcipher:restored.db', '--replace'],
        other,
      ),
    ).toMatchObject({ code: 0 });
    expect(
      await backup('verify', names[2] ?? '', '--url', 'sqlcipher:restored.db', '--no-live'),
    ).toMatchObject({
      code: 0,
      document: { ledgers: null },
    });
  });

  test('exits 1 for a damaged backup, 2 for a missing one, 3 for the wrong key', async () => {
    const name = names[2] ?? '';
    const path = join(project.folder, 'backups', `${name}.age`);
    const bytes = await readFile(path);
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 100] = (flipped[bytes.length - 100] ?? 0) ^ 1;
    await writeFile(path, flipped);
    expect(await backup('verify', name)).toMatchObject({
      code: 1,
      document: { error: { code: 'backup-damaged' } },
    });
    await writeFile(path, bytes.subarray(0, -1));
    expect(await backup('list')).toMatchObject({ code: 1 });
    await writeFile(path, bytes);
    expect(await backup('verify', 'nothing')).toMatchObject({ code: 2 });
    expect(await project.ashlar(['backup', 'key', '--out', 'other.key'])).toMatchObject({ code: 0 });
    const other = { ...env, BACKUP_KEY_FILE: 'other.key' };
    expect(await project.json(['backup', 'verify', name], other)).toMatchObject({
      code: 3,
      document: { error: { code: 'backup-key-wrong' } },
    });
  });

  test('prunes with reasons, by the rules of options and settings', async () => {
    const rules = ['--keep-daily', '0', '--keep-weekly', '0', '--keep-monthly', '0'];
    const settings = { ...env, BACKUP_KEEP_LAST: '1' };
    const planned = await project.json(['backup', 'prune', '--dry-run', ...rules], settings);
    const expected = [
      { name: names[2], verdict: 'kept', why: ['last', 'newest verified'] },
      { name: names[1], verdict: 'removed', why: ['no rule keeps it'] },
      { name: names[0], verdict: 'removed', why: ['no rule keeps it'] },
    ];
    expect(planned).toMatchObject({ code: 0, document: { dry_run: true, backups: expected } });
    expect(await readdir(join(project.folder, 'backups'))).toHaveLength(8);
    expect(await project.json(['backup', 'prune', ...rules], settings)).toMatchObject({
      document: { backups: expected },
    });
    expect(await readdir(join(project.folder, 'backups'))).toHaveLength(3);
  });
});
