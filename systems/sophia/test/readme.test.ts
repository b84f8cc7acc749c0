import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { columnKeys, openSophia } from './support.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

test('the example of the README works', async () => {
  const sqlcipher = engines.find(({ name }) => name === 'sqlcipher');
  if (!sqlcipher) throw new Error('no engine to test');
  const readme = await readFile(`${root}/systems/sophia/README.md`, 'utf8');
  const [, code = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const { place, remove } = await openSophia(sqlcipher);
  try {
    // the built package, imported by name as a user would
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
      cwd: root,
      env: {
        ...process.env,
        DATABASE_URL: place.url,
        DATABASE_KEY: place.key,
        COLUMN_KEY: columnKeys.current,
      },
    });
    expect(stdout.trim().split('\n')).toEqual([
      '4.3 1',
      'Harbour & Vine 97',
      'The content names a client: “harbourvine” is Harbour & Vine.',
      'client-data 1 texts',
      '1 keys destroyed; 4 actions stay, and say nothing',
    ]);
  } finally {
    await remove();
  }
});
