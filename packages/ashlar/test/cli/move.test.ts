import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3-multiple-ciphers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Place, server, withoutRoles } from '../../../../test/support/engines.js';
import { summaries } from '../../src/cli/command-names.js';
import { openEngine } from '../../src/engines/open.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { makeProject, type Project } from './cli.js';

const config = (folder: Folder): string => `
const notes = table('notes', { id: ashlar.autoincrement(), body: z.string() });
export default { engines: ['sqlite', 'postgres'], systems: [system('shop', { tables: { notes }, migrations: new URL('${folder.url.href}') })] };`;

const plain = withoutRoles.filter(({ name }) => name === 'sqlite');

describe.each(plain)('ashlar move from $name', ({ place: newPlace }) => {
  let folder: Folder;
  let project: Project;
  let source: Place;
  const rows = 30_000;

  beforeEach(async () => {
    folder = await makeFolder();
    project = await makeProject();
    source = await newPlace();
    await project.configure(config(folder));
    const env = { DATABASE_URL: source.url };
    for (const args of [
      ['migrate', 'new', 'initial'],
      ['up', '--no-prove'],
    ])
      expect(await project.ashlar(args, env)).toMatchObject({ code: 0, stderr: expect.any(String) });
  });
  afterEach(async () => {
    await project.remove();
    await folder.remove();
    await source.remove();
  });

  const inSource = (sql: string): void => {
    const file = new Sqlite(source.url.slice('sqlite:'.length));
    file.exec(sql);
    file.close();
  };
  const fill = (): void =>
    inSource(
      `INSERT INTO notes (body) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) SELECT 'note ' || i FROM n`,
    );

  test('every command refuses the target of an unfinished move, except those that end it or show it', async () => {
    inSource(
      "INSERT INTO ashlar_migrations VALUES ('ashlar', '9999_incoming', 'oldest:9999', '2026-11-27T00:00:00.000Z', 'move', 0)",
    );
    const refused: Readonly<Record<string, readonly (readonly string[])[]>> = {
      up: [[]],
      prove: [[], ['--data']],
      migrate: [['up'], ['down'], ['plan'], ['stamp', 'head'], ['history'], ['sql']],
      partitions: [['list'], ['ensure']],
      roles: [['check'], ['apply'], ['sql']],
      retention: [['list'], ['purge']],
    };
    const others: Readonly<Record<string, string>> = {
      init: 'opens no database',
      status: 'shows it',
      move: 'ends it',
      import: 'makes a new file',
      adopt: 'reads a database of another program, and refuses one with a history',
      guard: 'this system is no guard: a move takes none',
      audit: 'this system has no trail: connect and withEngine, which the others use, refuse',
      ledger: 'this system has no ledger: as audit',
      jobs: 'this system has no jobs: as audit',
      key: 'this system has no encrypted columns: as audit',
      backup: 'createBackup refuses: test/migrations/incoming.test.ts',
    };
    expect([...Object.keys(refused), ...Object.keys(others)].sort()).toEqual(Object.keys(summaries).sort());
    for (const [command, forms] of Object.entries(refused))
      for (const args of forms) {
        const { code, document } = await project.json([command, ...args], { DATABASE_URL: source.url });
        expect(
          { code, error: (document as { error?: { code: string } }).error?.code },
          [command, ...args].join(' '),
        ).toEqual({
          code: 3,
          error: 'database-incoming',
        });
      }
    const shown = await project.ashlar(['status', '--check'], { DATABASE_URL: source.url });
    expect(shown.code).toBe(1);
    expect(shown.stderr).toContain('a move into this database has not ended');
  });

  test('is refused, with every reason, where the project has no steps for the engine of the target', async () => {
    for (const direction of ['up', 'down'])
      await rm(join(folder.path, '0001_initial', `${direction}.postgres.sql`));
    const refused = await project.ashlar([
      'move',
      '--from',
      source.url,
      '--to',
      `pglite:${project.folder}/data`,
    ]);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ashlar migrate engine postgres --system shop'),
    });
    expect(await project.ashlar(['migrate', 'engine', 'postgres'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('up.postgres.sql'),
    });
    expect(
      await project.ashlar(['move', '--from', source.url, '--to', `pglite:${project.folder}/data`]),
    ).toMatchObject({ code: 0 });
  });

  test('moves into a folder of PGlite, says so, and has nothing to do the next time', async () => {
    fill();
    const args = ['move', '--from', source.url, '--to', `pglite:${project.folder}/data`];
    const first = await project.json(args);
    expect(first).toMatchObject({
      code: 0,
      document: {
        systems: ['shop'],
        tables: [{ table: 'notes', rows, checksum: expect.stringMatching(/^[0-9a-f]{16}$/) }],
        generators: [{ table: 'notes', next: String(rows + 1) }],
        resumed: false,
        complete: false,
      },
    });
    expect(first.stderr).toContain('loading rows');
    const again = await project.ashlar(args);
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toContain('nothing to do');
    expect(await project.ashlar([...args, '--discard'])).toMatchObject({ code: 1 });
  });

  test.each(server)('killed with -9 at any moment on the way to $name, it goes on', async (to) => {
    fill();
    const target = await to.place();
    const running = await makeProject({ processes: true });
    try {
      await running.configure(config(folder));
      const args = ['move', '--no-prove', '--from', source.url, '--to', target.url];
      for (const when of [
        /making the schema/,
        /loading rows/,
        /loading rows: 30,000/,
        /making indexes/,
        /comparing/,
      ])
        await running.interrupted(args, 'SIGKILL', when);
      expect(await running.ashlar(args)).toMatchObject({ code: 0 });
      const engine = await openEngine({ url: target.url });
      try {
        const { rows: found } = await engine.read('SELECT count(*) AS n, max(id) AS last FROM notes', []);
        expect(found).toEqual([{ n: rows, last: rows }]);
      } finally {
        await engine.close();
      }
    } finally {
      await running.remove();
      await target.remove();
    }
  });
});
