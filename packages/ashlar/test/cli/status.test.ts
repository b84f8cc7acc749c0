import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3-multiple-ciphers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { server } from '../../../../test/support/engines.js';
import { makeUser } from '../../../../test/support/users.js';
import { makeProject, type Project } from './cli.js';

const guarantees = new URL('../../dist/guarantees/index.js', import.meta.url).href;
const config = `
  import { appendOnly, audited, auditTrail, ledgered, scoped } from '${guarantees}';
  const changes = auditTrail('changes', (c) => [scoped(c.scope)]);
  const letters = table('letters', { id: id(), client: z.string(), body: z.string() }, (c) => [scoped(c.client), appendOnly(), ledgered()]);
  const notes = table('notes', { id: id(), client: z.string() }, (c) => [scoped(c.client), audited({ into: changes })]);
  export default { systems: [system('office', { tables: { changes, letters, notes }, migrations: new URL('migrations/', import.meta.url) })] };`;

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.configure(config);
  await mkdir(join(project.folder, 'migrations'));
  expect(await project.ashlar(['migrate', 'new', 'initial'])).toMatchObject({ code: 0 });
}, 240_000);
afterEach(() => project.remove());

describe('ashlar status on a file', () => {
  const url = ['--url', 'sqlite:office.db'];
  const sabotage = (sql: string): void => {
    const file = new Database(join(project.folder, 'office.db'));
    file.exec(sql);
    file.close();
  };

  test('gives each reason why a guarantee is emulated once, with its tables', async () => {
    await project.ashlar(['up', '--no-prove', ...url]);
    const { stdout } = await project.ashlar(['status', ...url]);
    expect(stdout).toMatch(/^ {2}foundation {2}version 2$/m);
    expect(stdout).toMatch(/^ {2}emulated scoped on changes, letters, notes\n {4}\S/m);
    const [reason = ''] = /(?<=emulated scoped on .*\n {4}).+/.exec(stdout) ?? [];
    expect(stdout.split(reason)).toHaveLength(2);
  });

  test('--check exits 0 in order, and 1 on missing steps, drift and missing objects of guarantees', async () => {
    const check = () => project.json(['status', '--check', ...url]);
    expect(await check()).toMatchObject({ code: 3 });
    await project.ashlar(['up', '--no-prove', ...url]);
    expect(await check()).toMatchObject({ code: 0, document: { systems: [{ ok: true, problems: [] }] } });
    sabotage('DROP TRIGGER letters_append_only_delete');
    const failed = await check();
    expect(failed).toMatchObject({ code: 1, document: { error: { code: 'status-failed' } } });
    expect(failed).toMatchObject({
      document: {
        systems: [
          {
            ok: false,
            problems: expect.arrayContaining([
              expect.stringMatching(/^drift: .*letters_append_only_delete/),
              'letters, append-only: the trigger letters_append_only_delete is missing',
            ]),
          },
        ],
      },
    });
    // without --check it only reports
    const reported = await project.ashlar(['status', ...url]);
    expect(reported).toMatchObject({ code: 0, stderr: '' });
    expect(reported.stdout).toContain('the trigger letters_append_only_delete is missing');
  });

  test('plan summarises, --sql prints the text', async () => {
    const plain = await project.ashlar(['migrate', 'plan', ...url]);
    expect(plain.stdout).toMatch(/^office · 0 applied, head none · 1 to apply$/m);
    expect(plain.stdout).toMatch(/^ {2}0001_initial · up\.sqlite\.sql · \d+ statements$/m);
    expect(plain.stdout).not.toContain('CREATE TABLE');
    const whole = await project.ashlar(['migrate', 'plan', '--sql', ...url]);
    expect(whole.stdout).toContain('    CREATE TABLE letters');
  });
});

describe.each(server)('ashlar status on a server', (engine) => {
  test('says that a schema does not exist', async () => {
    const place = await engine.place();
    const url = `${place.url}?schema=nowhere`;
    const { code, stdout, stderr } = await project.ashlar(['status', '--url', url]);
    expect(code).toBe(3);
    expect(stdout + stderr).toContain('The schema nowhere does not exist in this database.');
    expect(stderr).toContain('ashlar up');
    expect(stdout + stderr).not.toContain('pg_temp');
    await place.remove();
  }, 240_000);

  test('shows what the role in use may see, and names the rest', async () => {
    const place = await engine.place();
    const [app, auditor] = [await makeUser('app'), await makeUser('auditor')];
    const env = {
      DATABASE_URL: app.at(place),
      DATABASE_MIGRATE_URL: place.url,
      DATABASE_AUDITOR_ROLE: auditor.name,
    };
    expect(await project.ashlar(['up', '--no-prove'], env)).toMatchObject({ code: 0 });
    await project.ashlar(['backup', 'key']);
    const withKey = { ...env, BACKUP_KEY_FILE: 'backup.key' };
    const backup = await project.ashlar(['backup', 'create'], withKey);
    // a machine without PostgreSQL's programs makes no backup, and then has none to compare
    const seen = await project.ashlar(['status'], {
      DATABASE_URL: app.at(place),
      DATABASE_AUDITOR_ROLE: auditor.name,
    });
    expect(seen).toMatchObject({ code: 0, stderr: '' });
    expect(seen.stdout).toMatch(/^letters +0 /m);
    if (backup.code === 0) expect(seen.stdout).toContain('hidden ledgers: letters');
    await place.remove();
    for (const user of [app, auditor]) await user.drop();
  }, 240_000);
});
