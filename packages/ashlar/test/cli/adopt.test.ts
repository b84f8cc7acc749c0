import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openEngine } from 'ashlar/extend';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeProject, type Project } from './cli.js';

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  const engine = await openEngine({ url: `sqlite:${join(project.folder, 'Old Shop.db')}` });
  await engine.asOwner((owner) =>
    owner.script(`CREATE TABLE "Order" (id INTEGER PRIMARY KEY AUTOINCREMENT, placed DATETIME NOT NULL, total NUMERIC(10, 2));
      CREATE TABLE loose (note TEXT); CREATE INDEX by_day ON "Order" (date(placed))`),
  );
  await engine.close();
});
afterEach(() => project.remove());

const text = (path: string): Promise<string> => readFile(join(project.folder, path), 'utf8');

describe('ashlar adopt', () => {
  test('writes the tables, the first step and the configuration, and says what it cannot', async () => {
    await rm(join(project.folder, 'ashlar.config.js'), { force: true });
    const { code, stdout, stderr } = await project.ashlar(['adopt', 'Old Shop.db', '--dir', 'db']);
    expect(stderr).toBe('reading the values of about 0 rows in 2 tables\n');
    expect(code).toBe(0);
    expect(stdout).toContain('declared  1 tables, 3 columns');
    expect(stdout).toContain('answer    Order.placed: a time without zone');
    expect(stdout).toContain('cannot    loose: the table has no primary key');
    expect(stdout).toContain('ashlar migrate stamp head');
    expect(await text('db/migrations/0001_baseline/up.sqlite.sql')).toContain(
      '-- ashlar: makes table "Order"',
    );
    const files = stdout.split('\n').flatMap((line) => /^written {3}(.*)$/.exec(line)?.[1] ?? []);
    const config = files.find((file) => file.startsWith('ashlar.config.')) ?? '';
    expect(await text(config)).toContain(
      "systems: [oldShop], engines: ['sqlite'], url: 'sqlite:Old Shop.db'",
    );
    const again = await project.json(['adopt', 'Old Shop.db', '--dir', 'db']);
    expect(again).toMatchObject({ code: 2, document: { error: { code: 'init-conflict' } } });
  });

  test('keeps a configuration that is there, and reports as data', async () => {
    await project.configure('export default { systems: [] };');
    const { code, document } = await project.json(['adopt', 'Old Shop.db', '--name', 'shop']);
    expect({ code, document }).toMatchObject({
      code: 0,
      document: {
        system: 'shop',
        tables: [
          { name: 'Order', declared: true, reason: null },
          { name: 'loose', declared: false, reason: expect.stringContaining('primary key') },
        ],
        kept: expect.arrayContaining([{ type: 'index', name: 'by_day', on: 'Order' }]),
      },
    });
    expect(await text('ashlar.config.js')).toContain('systems: []');
  });

  test('a file that is not there is an error, and is not made', async () => {
    const { code, document } = await project.json(['adopt', 'nothing.db']);
    expect({ code, document }).toMatchObject({ code: 3, document: { error: { code: 'database-missing' } } });
    await expect(text('nothing.db')).rejects.toThrow('ENOENT');
  });
});
