import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { conversations, forgetLead, leads, logExchange } from '@ashlar/experts';
import { describe, expect, test } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { someExchange, startExperts } from './support.js';

// a client cannot read a server's files, and an encrypted file shows no text anyway
describe.each(engines.filter(({ name }) => name === 'sqlite'))('the file of $name', (engine) => {
  test('contains nothing of a forgotten person after a vacuum', async () => {
    const { db, place, remove } = await startExperts(engine);
    const folder = dirname(place.url.slice('sqlite:'.length));
    try {
      for (const email of ['unforgettable@example.org', 'other@example.org']) {
        await db.session((s) => logExchange(s, someExchange({ email, query: `the secret of ${email}` })));
      }
      await db.session((s) => forgetLead(s, 'unforgettable@example.org'));
      expect(await db.engine.vacuum([leads, conversations])).toBeUndefined();
      // close first: reading the file in the process that has it open would release SQLite's locks
      await db.close();
      const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))));
      const text = Buffer.concat(files).toString('latin1');
      expect(text).toContain('the secret of other@example.org');
      expect(text).not.toContain('unforgettable');
    } finally {
      await remove();
    }
  });
});
