import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { docuvault } from '@ashlar/docuvault';
import { wills } from '@ashlar/wills';
import { connect } from 'ashlar';
import { up } from 'ashlar/migrations';
import { expect, test } from 'vitest';
import { engines } from './support/engines.js';

const root = fileURLToPath(new URL('..', import.meta.url));

const examples = async (path: string): Promise<string[]> =>
  [...(await readFile(join(root, path), 'utf8')).matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);

const freshDatabase = async () => {
  const [sqlite] = engines;
  if (!sqlite) throw new Error('no engine to test');
  return sqlite.place();
};

test('the example of systems/wills works', async () => {
  const [code = ''] = await examples('systems/wills/README.md');
  const place = await freshDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-readme-'));
  try {
    const db = await connect(wills, { url: place.url });
    await up(db.engine, wills);
    await db.close();
    // the built package, imported by name as a user would
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
      cwd: root,
      env: { ...process.env, DATABASE_URL: place.url, OUT: folder },
    });
    const [status, fields, text, versions] = stdout.trim().split('\n');
    expect(status).toBe('drafting true, marketing false');
    expect(fields).toContain('approved_by');
    expect(text).toBe('I appoint T. Dlamini as my executor.');
    expect(versions).toBe('REV-01 v1, EXEC-01 v2, BEN-02 v1, RES-01 v1, SIGN-01 v1, WIT-01 v1');
    expect(await readFile(join(folder, 'will.html'), 'utf8')).toContain('to Thandi: R\u00a01\u00a0234,50;');
    expect((await readFile(join(folder, 'will.pdf'))).subarray(0, 5).toString()).toBe('%PDF-');
  } finally {
    await place.remove();
    await rm(folder, { recursive: true });
  }
});

test('the example of systems/docuvault works', async () => {
  const [code = ''] = await examples('systems/docuvault/README.md');
  const place = await freshDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-readme-'));
  try {
    const db = await connect(docuvault, { url: place.url });
    await up(db.engine, docuvault);
    await db.close();
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
      cwd: root,
      env: {
        ...process.env,
        DATABASE_URL: place.url,
        COLUMN_KEY: `1:${'7a'.repeat(32)}`,
        BLOB_DIR: join(folder, 'blobs'),
      },
    });
    const { size } = await stat(join(root, 'LICENSE'));
    const used = size + 'The MIT License'.length;
    expect(stdout.trim().split('\n')).toEqual(['MIT License', String(used), 'LICENSE', 'true reused']);
  } finally {
    await place.remove();
    await rm(folder, { recursive: true });
  }
});
