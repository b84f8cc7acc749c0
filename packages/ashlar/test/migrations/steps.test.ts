import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compareHistory } from '../../src/migrations/compare-history.js';
import { readSteps } from '../../src/migrations/steps.js';
import { type Folder, makeFolder } from './folder.js';

let folder: Folder;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const names = async () => (await readSteps(folder.url, 'sqlite')).map(({ name }) => name);

describe('readSteps', () => {
  test('orders by number, also past 9999', async () => {
    await folder.step('10000_last', 'SELECT 1;');
    await folder.step('0002_second', 'SELECT 1;');
    await folder.step('0001_first', 'SELECT 1;');
    await folder.write({ '.DS_Store': '', 'README.md': '' });
    expect(await names()).toEqual(['0001_first', '0002_second', '10000_last']);
  });

  test('the checksum does not depend on line endings', async () => {
    await folder.step('0001_unix', 'SELECT 1;\nSELECT 2;\n');
    await folder.step('0002_dos', 'SELECT 1;\r\nSELECT 2;\r\n');
    await folder.step('0003_other', 'SELECT 1;\nSELECT 3;\n');
    const [unix, dos, other] = await readSteps(folder.url, 'postgres');
    expect(unix?.checksum).toBe(dos?.checksum);
    expect(unix?.checksum).not.toBe(other?.checksum);
    expect(unix?.checksum).toMatch(/^[0-9a-f]{64}$/);
  });

  test('a code step has the checksum of its source, and runs its build', async () => {
    await folder.write({ '0001_data/up.ts': 'export const up = async () => {};' });
    const [source] = await readSteps(folder.url, 'sqlite');
    await folder.write({ '0001_data/up.js': 'export const up = async () => {};\n//built' });
    const [built] = await readSteps(folder.url, 'sqlite');
    expect(built?.checksum).toBe(source?.checksum);
    expect([source?.up.file, built?.up.file]).toEqual(['up.ts', 'up.js']);
  });

  test('reads directives only from comments at the beginning', async () => {
    await folder.step(
      '0001_a',
      '-- ashlar: no-transaction\nSELECT 1;',
      '-- undoes 0001_a\n-- ashlar: irreversible\n',
    );
    await folder.step('0002_b', "SELECT '\n-- ashlar: rebuild\n';");
    const [a, b] = await readSteps(folder.url, 'postgres');
    expect(a?.up.mode).toBe('no-transaction');
    expect(a?.down?.irreversible).toBe(true);
    expect(b?.up.mode).toBe('transaction');
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['a folder without a number', { 'initial/up.sqlite.sql': '' }, /not a step/],
    ['a file where a folder should be', { '0001_initial.sql': '' }, /not a step/],
    ['no up file for this engine', { '0001_a/up.postgres.sql': '' }, /no up file for sqlite/],
    ['two ways up', { '0001_a/up.sqlite.sql': '', '0001_a/up.ts': '' }, /both/],
    ['an unknown directive', { '0001_a/up.sqlite.sql': '-- ashlar: quickly' }, /not a valid one/],
  ])('refuses %s', async (_, files, message) => {
    await folder.write(files);
    await expect(names()).rejects.toMatchObject({
      code: 'migration-invalid',
      message: expect.stringMatching(message),
    });
  });

  test('refuses a missing folder', async () => {
    await expect(readSteps(`${folder.path}/none`, 'sqlite')).rejects.toMatchObject({
      code: 'migration-invalid',
    });
  });
});

describe('compareHistory', () => {
  const applied = (step: string, checksum: string) => ({
    system: 's',
    step,
    checksum,
    applied_at: '',
    applied_by: '',
    duration_ms: 0,
  });

  test('compares by membership and checksum, not by the newest number', async () => {
    for (const name of ['0001_a', '0002_b', '0003_c', '0004_d']) await folder.step(name, `SELECT '${name}';`);
    const steps = await readSteps(folder.url, 'sqlite');
    const comparison = compareHistory(steps, [
      applied('0001_a', steps[0]?.checksum ?? ''),
      applied('0003_c', 'edited'),
      applied('0003_gone', 'x'),
    ]);
    expect(comparison).toMatchObject({ changed: ['0003_c'], missing: ['0003_gone'], late: ['0002_b'] });
    expect(comparison.pending.map(({ name }) => name)).toEqual(['0002_b', '0004_d']);
  });
});
