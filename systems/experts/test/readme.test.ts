import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { engines } from '../../../test/support/engines.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

test('the example of the README works, starting without a database', async () => {
  const [sqlite] = engines;
  if (!sqlite) throw new Error('no engine to test');
  const readme = await readFile(join(root, 'systems/experts/README.md'), 'utf8');
  const [, code = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const place = await sqlite.place();
  const csv = join(place.url.slice('sqlite:'.length), '..', 'leads.csv');
  try {
    // the built package, imported by name as a user would
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
      cwd: root,
      env: { ...process.env, DATABASE_URL: place.url, LEADS_CSV: csv },
    });
    expect(stdout.trim().split('\n')).toEqual([
      'thandi@example.org Who knows bees?',
      '0 matched, 1 asked back',
    ]);
    expect(await readFile(csv, 'utf8')).toMatch(
      /^email,first_contact,last_contact,exchanges\r\nthandi@example\.org,[^,]+Z,[^,]+Z,1\r\n$/,
    );
  } finally {
    await place.remove();
  }
});
