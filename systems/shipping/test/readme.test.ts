import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { openShipping } from './support.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

test('the example in the README works', async () => {
  const [sqlite] = engines;
  if (!sqlite) throw new Error('there is no engine');
  const readme = await readFile(`${root}/systems/shipping/README.md`, 'utf8');
  const [, code = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const { options, remove } = await openShipping(sqlite);
  try {
    // the built package, imported by its name as a user does
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
      cwd: root,
      env: { ...process.env, DATABASE_URL: options.url },
    });
    const lines = stdout.trim().split('\n');
    expect(lines.slice(0, 2)).toEqual([
      'line 6: the line has 6 fields, but the header has 8',
      'line 7: "Ship Name" is empty',
    ]);
    expect(lines.at(-1)).toMatch(/^3 shipped for \d+ cents, SIMULATED; true$/);
  } finally {
    await remove();
  }
});
