import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connect, id, system, table } from 'ashlar';
import { appendOnly, ledgered } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { server } from '../../../../test/support/engines.js';
import { makeUser } from '../../../../test/support/users.js';
import { behindItsBack } from '../ledger/sabotage.js';
import { makeProject, type Project } from './cli.js';

const guarantees = new URL('../../dist/guarantees/index.js', import.meta.url).href;
const verifier = fileURLToPath(new URL('../../verifier/ashlar-verify.mjs', import.meta.url));
const execute = promisify(execFile);

const notes = table('notes', { id: id(), body: z.string() }, () => [appendOnly(), ledgered()]);
const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

describe('ashlar ledger', () => {
  let project: Project;
  let url: string;
  let env: NodeJS.Dict<string>;
  let key: string;

  const write = async (from: number, count: number) => {
    const db = await connect(system('shop', { tables: { notes }, migrations: new URL('file:///none/') }), {
      url,
    });
    await db.session((s) =>
      s.insertMany(
        notes,
        Array.from({ length: count }, (_, n) => ({ id: uuid(from + n), body: `note ${from + n}` })),
      ),
    );
    await db.close();
  };
  const ledger = (...args: string[]) => project.json(['ledger', ...args, '--url', url], env);

  beforeAll(async () => {
    project = await makeProject();
    url = `sqlite:${join(project.folder, 'shop.db')}`;
    await project.configure(`
      import { appendOnly, ledgered } from '${guarantees}';
      import { pathToFileURL } from 'node:url';
      const notes = table('notes', { id: id(), body: z.string() }, () => [appendOnly(), ledgered()]);
      export default { systems: [system('shop', { tables: { notes }, migrations: new URL('migrations/', import.meta.url) })] };
    `);
    await mkdir(join(project.folder, 'migrations'));
    expect(await project.ashlar(['migrate', 'new', 'initial'])).toMatchObject({ code: 0 });
    expect(await project.ashlar(['up', '--url', url])).toMatchObject({ code: 0 });
    expect(await project.ashlar(['ledger', 'key', 'new', '--name', 'example.org/shop'])).toMatchObject({
      code: 0,
    });
    key = (await readFile(join(project.folder, 'ledger.pub'), 'utf8')).trim();
    env = { LEDGER_KEY_FILE: join(project.folder, 'ledger.key') };
    await write(0, 300);
  });
  afterAll(() => project.remove());

  test('a key file has mode 600, is never printed and never overwritten', async () => {
    const file = join(project.folder, 'ledger.key');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const again = await project.ashlar(['ledger', 'key', 'new']);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('ledger.key cannot be written') });
  });

  test('verifies, signs and keeps a checkpoint, and then verifies only new entries', async () => {
    expect(await ledger('verify')).toMatchObject({
      code: 0,
      document: { ledgers: [{ ledger: 'shop/notes', size: 300, checked: 300, problems: [] }] },
    });
    expect(await ledger('checkpoint')).toMatchObject({
      code: 0,
      document: { checkpoints: [{ size: 300, checkpoint: expect.stringMatching(/^shop\/notes\n300\n/) }] },
    });
    expect(await readdir(join(project.folder, 'ledger-checkpoints/shop/notes'))).toEqual(['300.checkpoint']);
    await write(300, 20);
    expect(await ledger('verify')).toMatchObject({
      document: { ledgers: [{ size: 320, checked: 20, trusted: 300 }] },
    });
    expect(await ledger('verify', '--full')).toMatchObject({ document: { ledgers: [{ checked: 320 }] } });
    expect(await ledger('list')).toMatchObject({
      document: { ledgers: [{ ledger: 'shop/notes', size: 320, unsealed: 0, last_checkpoint: 300 }] },
    });
  });

  test('says that a database is not initialised', async () => {
    for (const command of ['list', 'verify', 'checkpoint'])
      expect(await project.json(['ledger', command, '--url', 'pglite:memory'], env)).toMatchObject({
        code: 1,
        document: {
          error: {
            code: 'migration-pending',
            message: 'The system shop is not initialised in this database.',
          },
        },
      });
  });

  test('an inclusion proof verifies without Ashlar and without the database', async () => {
    expect(await ledger('proof', uuid(7), '--out', 'seven.tlog-proof')).toMatchObject({
      code: 0,
      document: { position: 7 },
    });
    const file = join(project.folder, 'seven.tlog-proof');
    const { stdout } = await execute(process.execPath, [verifier, 'proof', file, '--key', key]);
    expect(stdout).toContain('"body":"note 7"');
    expect(await ledger('proof', uuid(310))).toMatchObject({
      document: { proof: expect.stringContaining('\n320\n') },
    });
    expect(await ledger('proof', uuid(9999))).toMatchObject({ code: 1 });
  });

  test('an export verifies without Ashlar', async () => {
    expect(await ledger('export', '--out', 'exported')).toMatchObject({
      code: 0,
      document: { entries: 320 },
    });
    const folder = join(project.folder, 'exported');
    const { stdout } = await execute(process.execPath, [verifier, 'export', folder, '--key', key]);
    expect(stdout).toContain('all 320 entries of shop/notes');
  });

  test('checkpoints are not skipped where there is no key to verify them', async () => {
    expect(await project.json(['ledger', 'verify', '--url', url])).toMatchObject({
      code: 2,
      document: { error: { code: 'usage' } },
    });
    expect(await project.json(['ledger', 'verify', '--url', url], { LEDGER_PUBLIC_KEY: key })).toMatchObject({
      code: 0,
    });
  });

  test('prove verifies the ledger with its checkpoints', async () => {
    const proven = await project.ashlar(['prove', '--url', url, '--report', 'proof.html'], env);
    expect(proven).toMatchObject({ code: 0 });
    expect(proven.stdout).toMatch(/^verified ledger shop\/notes: 320 entries, root \S{44}$/m);
    expect(await readFile(join(project.folder, 'proof.html'), 'utf8')).toMatch(/shop\/notes[\s\S]*verified/);
  });

  test('exits 1 and names the row that was changed after it was written, and signs no more', async () => {
    const db = await connect(system('shop', { tables: { notes }, migrations: new URL('file:///none/') }), {
      url,
    });
    await behindItsBack(db.engine, 'notes', [`UPDATE notes SET body = 'other' WHERE id = '${uuid(5)}'`]);
    await db.close();
    expect(await ledger('verify', '--full')).toMatchObject({
      code: 1,
      document: {
        error: {
          code: 'ledger-tampered',
          message: expect.stringContaining(`The row ${uuid(5)} of notes, position 5`),
        },
        ledgers: [{ problems: [{ position: 5, row_key: uuid(5) }] }],
      },
    });
    const text = await project.ashlar(['ledger', 'verify', '--full', '--url', url], env);
    expect(text.stdout).toContain(`5 ${uuid(5)} the column body was changed after it was written`);
    const found = `ledger shop/notes: the row ${uuid(5)}, position 5: the column body was changed after it was written`;
    expect(await project.json(['prove', '--url', url], env)).toMatchObject({
      code: 1,
      document: { ok: false, reports: [{ failures: expect.arrayContaining([found]) }] },
    });
  });
});

describe.each(server)('ashlar ledger of a scoped table, with users of a server', (engine) => {
  test('reads as the owner or the auditor, and tells the application so', async () => {
    const project = await makeProject();
    const place = await engine.place();
    const [app, auditor] = [await makeUser('app'), await makeUser('auditor')];
    const env = {
      DATABASE_URL: app.at(place),
      DATABASE_MIGRATE_URL: place.url,
      DATABASE_AUDITOR_ROLE: auditor.name,
    };
    await project.configure(`
      import { appendOnly, ledgered, scoped } from '${guarantees}';
      const notes = table('notes', { id: id(), client: z.uuid(), body: z.string() }, (c) => [scoped(c.client), appendOnly(), ledgered()]);
      export default { systems: [system('shop', { tables: { notes }, migrations: new URL('migrations/', import.meta.url) })] };
    `);
    await mkdir(join(project.folder, 'migrations'));
    expect(await project.ashlar(['migrate', 'new', 'initial'])).toMatchObject({ code: 0 });
    expect(await project.ashlar(['up'], env)).toMatchObject({ code: 0 });
    const verified = { document: { ledgers: [{ ledger: 'shop/notes', size: 0, problems: [] }] } };
    expect(await project.json(['ledger', 'verify'], env)).toMatchObject(verified);
    expect(await project.json(['ledger', 'verify'], { DATABASE_URL: auditor.at(place) })).toMatchObject(
      verified,
    );
    const refused = await project.json(['ledger', 'verify'], { DATABASE_URL: app.at(place) });
    expect(refused.code).not.toBe(0);
    expect(refused).toMatchObject({
      document: {
        error: { code: 'privilege-missing', suggestion: expect.stringContaining('DATABASE_MIGRATE_URL') },
      },
    });
    await place.remove();
    for (const user of [app, auditor]) await user.drop();
    await project.remove();
  });
});
