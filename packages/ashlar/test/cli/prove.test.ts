import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3-multiple-ciphers';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { asAdmin, server } from '../../../../test/support/engines.js';
import { databaseOf, freshRoles, makeUser } from '../../../../test/support/users.js';
import { makeProject, type Project } from './cli.js';

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});
afterEach(() => project.remove());

const bad = '00000000-0000-7000-8000-0000000000ff';
const wills = ['--system', 'wills', '--url', 'sqlite:w.db'];

const sabotage = (sql: string): void => {
  const file = new Database(join(project.folder, 'w.db'));
  file.exec(sql);
  file.close();
};

describe('ashlar prove', () => {
  test('shows each attack and what refused it: as text, as JSON and as a page', async () => {
    const brought = await project.json(['up', ...wills]);
    expect(brought).toMatchObject({
      code: 0,
      document: { systems: [{ report: { ok: true, attacks: expect.any(Number), failures: [] } }] },
    });
    const shown = await project.ashlar(['prove', ...wills, '--report', 'proof.html']);
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.stdout).toMatch(/audit_logs: append-only · A row is never changed or deleted/);
    expect(shown.stdout).toMatch(/^DELETE of a row +app +trigger +refused$/m);
    expect(shown.stdout).toMatch(/partitioned[\s\S]*emulated: One table with an index/);
    expect(shown.stdout).toMatch(/proven \d{2,} attacks on 14 guarantees, none succeeded\n$/);
    const page = await readFile(join(project.folder, 'proof.html'), 'utf8');
    expect(page).toContain('All guarantees hold');
    expect(await project.json(['prove', ...wills])).toMatchObject({
      code: 0,
      document: {
        ok: true,
        reports: [
          {
            system: 'wills',
            ok: true,
            fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
            failures: [],
            tables: expect.arrayContaining([
              expect.objectContaining({ table: 'clauses', guarantee: 'versioned' }),
            ]),
          },
        ],
      },
    });
  });

  test('--data reads every row, with an estimate first, and names the bad ones', async () => {
    await project.ashlar(['up', ...wills, '--no-prove']);
    const sound = await project.ashlar(['prove', ...wills, '--brief', '--data']);
    expect(sound).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sound \d+ rows of wills$/m) });
    expect(sound.stderr).toMatch(/^rows of wills: about \d+ rows in \d+ tables, \d+ checks of a row/m);
    const file = new Database(join(project.folder, 'w.db'));
    file.pragma('foreign_keys = OFF');
    const triggers = file
      .prepare<[], { name: string; sql: string }>(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'clauses'",
      )
      .all();
    for (const { name } of triggers) file.exec(`DROP TRIGGER ${name}`);
    const columns = file
      .prepare<[], { name: string }>(
        "SELECT name FROM pragma_table_info('clauses') WHERE name <> 'previous_version_id'",
      )
      .all()
      .map(({ name }) => name);
    const given: Record<string, string> = {
      id: `'${bad}'`,
      code: "'C-1'",
      name: "'Residue'",
      category: "'residue'",
      template_text: "'text'",
      variables_schema: "'{}'",
      will_types: `'["basic"]'`,
      approved_by: "'A. Attorney'",
      approved_at: "'2026-01-05T08:00:00.000Z'",
      version: '7',
    };
    const used = columns.filter((name) => given[name] !== undefined);
    file.exec(
      `INSERT INTO clauses (${used.join(', ')}) VALUES (${used.map((name) => given[name]).join(', ')})`,
    );
    for (const { sql } of triggers) file.exec(sql);
    file.close();
    const resumed = ['prove', ...wills, '--data', '--resume', 'position.json'];
    const found = await project.json(resumed);
    expect(found).toMatchObject({
      code: 1,
      document: {
        ok: false,
        error: { code: 'guarantee-broken' },
        reports: [
          {
            failures: [],
            data: {
              ok: false,
              complete: true,
              findings: expect.arrayContaining([
                {
                  table: 'clauses',
                  guarantee: 'versioned',
                  what: 'is the first of its chain, and has another number than 1',
                  rows: 1,
                  keys: [bad],
                },
              ]),
            },
          },
        ],
      },
    });
    await expect(readFile(join(project.folder, 'position.json'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await project.json(['prove', ...wills, '--resume', 'position.json'])).toMatchObject({
      code: 2,
      document: { error: { code: 'usage' } },
    });
    await writeFile(join(project.folder, 'position.json'), 'no json');
    expect(await project.json(resumed)).toMatchObject({ code: 2, document: { error: { code: 'usage' } } });
  });

  test('exits 1 and names what was changed in the database', async () => {
    expect(await project.ashlar(['up', ...wills, '--no-prove'])).toMatchObject({
      code: 0,
      stdout: expect.not.stringContaining('proven'),
    });
    sabotage('DROP TRIGGER audit_logs_append_only_delete');
    const failed = await project.ashlar(['prove', ...wills, '--report', 'proof.html']);
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stdout).toMatch(/^DELETE of a row +app +nothing +failed$/m);
    expect(failed.stdout).toContain('the trigger audit_logs_append_only_delete is missing');
    expect(failed.stdout).toMatch(/audit_logs, append-only, as the app: DELETE of a row: was not refused/);
    expect(failed.stderr).toContain('A guarantee does not hold');
    expect(await readFile(join(project.folder, 'proof.html'), 'utf8')).toContain('What failed');
    expect(await project.json(['prove', ...wills])).toMatchObject({
      code: 1,
      document: { ok: false, error: { code: 'guarantee-broken' } },
    });
    expect(await project.json(['up', ...wills])).toMatchObject({
      code: 1,
      document: { error: { code: 'guarantee-broken' }, systems: [{ changed: false, report: { ok: false } }] },
    });
    expect(await project.ashlar(['up', ...wills, '--no-prove'])).toMatchObject({ code: 0 });
  });

  test('creates no database, and says where a report cannot be written', async () => {
    expect(await project.ashlar(['prove', ...wills])).toMatchObject({ code: 3 });
    await project.ashlar(['up', ...wills]);
    expect(await project.ashlar(['prove', ...wills, '--report', 'none/proof.html'])).toMatchObject({
      code: 2,
    });
  });
});

describe.each(server)('ashlar prove, with two users of a server', (engine) => {
  test('attacks as each user, and names a right that was added', async () => {
    const place = await engine.place();
    const [owner, app] = [await makeUser('owner'), await makeUser('app')];
    const { auditor } = freshRoles();
    await asAdmin(`ALTER DATABASE ${databaseOf(place)} OWNER TO ${owner.name}`);
    await asAdmin(`CREATE ROLE ${auditor} NOLOGIN`);
    const env = {
      DATABASE_URL: app.at(place),
      DATABASE_MIGRATE_URL: owner.at(place),
      DATABASE_AUDITOR_ROLE: auditor,
    };
    try {
      const up = await project.ashlar(['up', '--system', 'wills'], env);
      expect(up, up.stdout).toMatchObject({ code: 0, stdout: expect.stringContaining('proven') });
      const proven = await project.ashlar(['prove', '--system', 'wills'], env);
      expect(proven).toMatchObject({ code: 0 });
      // the one by its grants, the other by the triggers; and only a superuser could replicate
      expect(proven.stdout).toMatch(/^DELETE of a row +app +privilege +refused$/m);
      expect(proven.stdout).toMatch(/^DELETE of a row, by the owner +owner +trigger +refused$/m);
      expect(proven.stdout).toMatch(
        /^DELETE of a row, replicating, by the owner +owner +privilege +refused$/m,
      );
      expect(proven.stdout).toMatch(/^forging created_at +app +privilege +refused$/m);

      const client = new pg.Client(owner.at(place));
      await client.connect();
      await client.query(`GRANT DELETE ON consent_records TO ${app.name}`).finally(() => client.end());
      const widened = await project.ashlar(['prove', '--system', 'wills'], env);
      expect(widened).toMatchObject({ code: 1 });
      expect(widened.stdout).toContain(`roles and rights: ${app.name} has DELETE on consent_records`);
    } finally {
      await place.remove();
      await asAdmin(`DROP ROLE ${auditor}`);
      await owner.drop();
      await app.drop();
    }
  });
});
