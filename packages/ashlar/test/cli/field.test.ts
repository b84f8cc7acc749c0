import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEngine } from 'ashlar/extend';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, type Project } from './cli.js';

const guarantees = new URL('../../dist/guarantees/index.js', import.meta.url).href;
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const key = 'the key of the database';

let project: Project;
let backup: string;
const env = {
  DATABASE_URL: 'sqlcipher:shop.db',
  DATABASE_KEY_FILE: 'database.key',
  BACKUP_KEY_FILE: 'backup.key',
};

/** Runs a line of bash in the project; `ashlar` is the program. @returns what it printed, with the statuses of a pipeline */
const bash = (line: string, more: NodeJS.Dict<string> = env): Promise<string> =>
  new Promise((resolve) => {
    const functions = `ashlar() { '${process.execPath}' '${main}' "$@"; }`;
    const { PATH = '' } = process.env;
    execFile(
      'bash',
      ['--norc', '-c', `${functions}\n${line}`],
      { cwd: project.folder, env: { PATH, ...more } },
      (_, stdout, stderr) => resolve(`${stdout}${stderr}`.trim()),
    );
  });

beforeAll(async () => {
  project = await makeProject();
  await project.configure(`
    import { appendOnly } from '${guarantees}';
    const notes = table('notes', { id: id(), body: z.string() }, () => [appendOnly()]);
    export default { systems: [system('shop', { tables: { notes }, migrations: new URL('migrations/', import.meta.url) })] };
  `);
  await mkdir(join(project.folder, 'migrations'));
  await writeFile(join(project.folder, 'database.key'), `${key}\n`);
  expect(await project.ashlar(['migrate', 'new', 'initial'])).toMatchObject({ code: 0 });
  expect(await project.ashlar(['backup', 'key'])).toMatchObject({ code: 0 });
  expect(await project.ashlar(['up'], env)).toMatchObject({ code: 0 });
  const made = await project.json(['backup', 'create'], env);
  backup = (made.document as { backup: { name: string } }).backup.name;
});
afterAll(() => project.remove());

describe('with output that nobody reads', () => {
  test('a proof that fails exits with its own status', async () => {
    const engine = await openEngine({ url: `sqlcipher:${join(project.folder, 'broken.db')}`, key });
    await engine.close();
    await project.ashlar(['up', '--url', 'sqlcipher:broken.db'], env);
    const broken = await openEngine({ url: `sqlcipher:${join(project.folder, 'broken.db')}`, key });
    await broken.asOwner(async ({ run }) => {
      const triggers = await run("SELECT name FROM sqlite_schema WHERE type = 'trigger'");
      for (const { name } of triggers) await run(`DROP TRIGGER "${name}"`);
    });
    await broken.close();
    expect(
      await bash(
        'ashlar prove --url sqlcipher:broken.db 2>/dev/null | head -1 >/dev/null; echo "$PIPESTATUS"',
      ),
    ).toBe('1');
    expect(await bash('ashlar prove 2>/dev/null | true; echo "$PIPESTATUS"')).toBe('0');
  });

  test('up goes on to its end', async () => {
    expect(await bash('ashlar up --url sqlcipher:piped.db | true; echo "$PIPESTATUS"')).toMatch(/^0$/m);
    expect(await project.json(['status', '--url', 'sqlcipher:piped.db'], env)).toMatchObject({ code: 0 });
  });

  test('a restore goes on to its end where standard error is closed', async () => {
    const line = `ashlar backup restore ${backup} --to sqlcipher:unseen.db 2>&1 >/dev/null | true; echo "$PIPESTATUS"`;
    expect(await bash(line)).toBe('0');
    expect(await project.json(['status', '--url', 'sqlcipher:unseen.db'], env)).toMatchObject({ code: 0 });
  });

  test('on a full disk a command fails, although its work is done', async () => {
    expect(await bash('ashlar status >/dev/full 2>/dev/null; echo $?')).toBe('3');
  });
});

describe('a key', () => {
  test('is read once from a pipe, also where a command opens the database more than once', async () => {
    const { DATABASE_KEY_FILE: _, ...others } = env;
    for (const command of ['up', 'backup create'])
      expect(
        await bash(
          `ashlar ${command} --key-file <(sleep 0.2; printf '${key}\\n') >/dev/null 2>&1; echo $?`,
          others,
        ),
        command,
      ).toBe('0');
  });
});

describe('backup verify', () => {
  test.each([
    ['the key is wrong', { DATABASE_KEY: 'another key altogether', DATABASE_KEY_FILE: '' }, 3],
    ['the key is missing', { DATABASE_KEY_FILE: '' }, 3],
    ['a URL is malformed', { DATABASE_URL: 'postgres://me:%ZZ@localhost/shop' }, 2],
  ])('fails where the database is not compared because %s', async (_, settings, code) => {
    const ended = await project.json(['backup', 'verify', backup], { ...env, ...settings });
    expect(ended.code).toBe(code);
    expect(ended.document).toMatchObject({ error: { suggestion: expect.stringContaining('--no-live') } });
    expect(
      await project.json(['backup', 'verify', backup, '--no-live'], { ...env, ...settings }),
    ).toMatchObject({ code: 0 });
  });

  test('says so and succeeds where the database is lost', async () => {
    const lost = { ...env, DATABASE_URL: 'sqlcipher:lost.db' };
    expect(await project.json(['backup', 'verify', backup], lost)).toMatchObject({
      code: 0,
      document: { compared: false, live_unknown: expect.stringContaining('no database') },
    });
  });
});

describe('a folder for temporary files', () => {
  test('that cannot be written is named, without a stack trace', async () => {
    const { TMPDIR } = process.env;
    const ended = await project.json(['backup', 'verify', backup], { ...env, TMPDIR: '/sys' });
    expect(process.env.TMPDIR).toBe(TMPDIR);
    expect(ended.code).not.toBe(0);
    expect(ended.document).toMatchObject({
      error: {
        code: expect.stringMatching(/^(file-failed|privilege-missing)$/),
        message: expect.stringContaining('/sys'),
      },
    });
    expect(ended.stderr).not.toMatch(/^ +at /m);
  });
});

describe('a URL', () => {
  test.each(['up', 'status', 'prove', 'backup create'])(
    'is refused by %s where its password has a percent sign without a code',
    async (command) => {
      const ended = await project.json(command.split(' '), {
        ...env,
        DATABASE_URL: 'postgres://me:p%ZZword@localhost/shop',
      });
      expect(ended).toMatchObject({
        code: 2,
        document: { error: { code: 'url-invalid', detail: expect.stringContaining('%25') } },
      });
      expect(ended.stdout + ended.stderr).not.toContain('ZZword');
    },
  );
});

describe('restore', () => {
  test('keeps the owner and the mode of the file that it replaces', async () => {
    const path = join(project.folder, 'owned.db');
    const to = ['backup', 'restore', backup, '--to', 'sqlcipher:owned.db'];
    expect(await project.ashlar(to, env)).toMatchObject({ code: 0 });
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await chown(path, 1234, 2345);
    await chmod(path, 0o660);
    expect(await project.ashlar([...to, '--replace'], env)).toMatchObject({ code: 0 });
    const { uid, gid, mode } = await stat(path);
    expect(mode & 0o777).toBe(0o660);
    if (isRoot) expect([uid, gid]).toEqual([1234, 2345]);
  });

  test('gives a new file to the owner of its folder', async () => {
    const folder = join(project.folder, 'theirs');
    await mkdir(folder);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await chown(folder, 1234, 2345);
    expect(
      await project.ashlar(['backup', 'restore', backup, '--to', 'sqlcipher:theirs/new.db'], env),
    ).toMatchObject({ code: 0 });
    const [found, its] = [await stat(join(folder, 'new.db')), await stat(folder)];
    expect([found.uid, found.gid, found.mode & 0o777]).toEqual([its.uid, its.gid, 0o600]);
  });
});

describe('a command that reads settings', () => {
  test('warns of what is not meant, without its value, and is not changed by it', async () => {
    await writeFile(join(project.folder, '.env'), 'BACKUP_KEEP_LATS=30\n');
    const ended = await project.json(['backup', 'list'], env);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain('BACKUP_KEEP_LATS in line 1 of .env is not a setting of Ashlar');
    await writeFile(join(project.folder, '.env'), 'stray\nBACKUP_KEEP_LAST=30\n');
    const kept = await project.json(['backup', 'prune', '--dry-run'], env);
    expect(kept).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Line 1 of .env is not a setting'),
    });
    await writeFile(join(project.folder, '.env'), "OTHER='90s\nBACKUP_KEEP_LAST=30\n# users'\n");
    const before = await readdir(join(project.folder, 'backups'));
    expect(await project.json(['backup', 'prune', '--keep-last', '0'], env)).toMatchObject({
      code: 2,
      document: { error: { code: 'settings-invalid' } },
    });
    expect(await readdir(join(project.folder, 'backups'))).toEqual(before);
    await writeFile(join(project.folder, '.env'), '');
    expect(await readFile(join(project.folder, '.env'), 'utf8')).toBe('');
  });
});
