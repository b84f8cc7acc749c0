import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addVoiceMaterial, createClient, sophia } from '@ashlar/sophia';
import { Database as SqlCipher, setLogger } from '@signalapp/sqlcipher';
import { connect, everyScope } from 'ashlar';
import { up } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columnKeys } from './support.js';

// it would log each wrong key to standard error
setLogger(() => undefined);

const secret = 'The dossier says seventeen lanterns.';

// an independent build of SQLCipher opens the file: this proves that its format is SQLCipher 4
describe.each([
  ['a passphrase', 'correct horse battery staple', "'correct horse battery staple'"],
  ['a raw key', '', ''],
])('the file of sophia under %s', (_, passphrase, quoted) => {
  const raw = randomBytes(32).toString('hex');
  const key = passphrase || raw;
  let folder: string;
  let path: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ashlar-sophia-'));
    path = join(folder, 'sophia.db');
    const db = await connect(sophia, { url: `sqlcipher:${path}`, key, columnKeys });
    await up(db.engine, sophia);
    await db.session({ scope: everyScope }, async (s) => {
      const { id } = await createClient(s, { name: 'Seventeen Lanterns', industry: 'Retail' });
      await addVoiceMaterial(s, { client_id: id, source_type: 'note', content: secret });
    });
    await db.close();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const open = (pragma: string | undefined): SqlCipher => {
    const opened = new SqlCipher(path);
    if (pragma !== undefined) opened.pragma(`key = ${pragma}`);
    return opened;
  };

  const read = (pragma: string | undefined): unknown => {
    const opened = open(pragma);
    try {
      return opened.prepare('SELECT content FROM voice_materials').all();
    } finally {
      opened.close();
    }
  };

  it('opens with an independent SQLCipher and passes its integrity checks', () => {
    const pragma = quoted || `"x'${raw}'"`;
    expect(read(pragma)).toEqual([{ content: secret }]);
    const opened = open(pragma);
    expect(opened.pragma('cipher_integrity_check')).toEqual([]);
    expect(opened.pragma('integrity_check', { simple: true })).toBe('ok');
    opened.close();
  });

  it('does not open without the key or with another key', () => {
    for (const pragma of [undefined, "'another passphrase'", `"x'${'0'.repeat(64)}'"`])
      expect(() => read(pragma), pragma).toThrow(/not a database/);
  });

  it('contains no readable text', () => {
    const bytes = readFileSync(path);
    for (const text of [secret, 'Seventeen Lanterns', 'voice_materials', 'SQLite format 3'])
      expect(bytes.includes(text), text).toBe(false);
  });

  it('is refused by Ashlar without the key or with another key', async () => {
    const url = `sqlcipher:${path}`;
    await expect(connect(sophia, { url })).rejects.toMatchObject({ code: 'key-missing' });
    await expect(connect(sophia, { url, key: 'another passphrase' })).rejects.toMatchObject({
      code: 'key-wrong',
      suggestion: expect.any(String),
    });
  });
});
