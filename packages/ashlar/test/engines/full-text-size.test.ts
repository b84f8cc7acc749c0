import { randomInt } from 'node:crypto';
import { fullText, id, system, type Table, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { newStep, up } from 'ashlar/migrations';
import { testDatabase } from 'ashlar/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { longestText } from '../../src/model/longest-text.js';
import { makeFolder } from '../migrations/folder.js';
import { systemOf } from '../migrations/objects.js';

const { engines } = oneOfEach(import.meta.url);

const one = table('notes', { id: id(), body: z.string() }, (c) => [fullText({ columns: [c.body] })]);
const two = table(
  'notes',
  { id: id(), body: z.string(), head: z.string(), short: z.string().max(10) },
  (c) => [fullText({ columns: [c.body, c.short, c.head] })],
);

/** A text of so many bytes that no word of it occurs twice, so that its index is as long as can be. */
const distinct = (bytes: number, letters: (n: number) => string): string => {
  const words: string[] = [];
  let size = 0;
  for (let n = randomInt(1000); ; n++) {
    const word = letters(n);
    const length = Buffer.byteLength(word) + 1;
    if (size + length > bytes) return words.join(' ').padEnd(words.join(' ').length + bytes - size + 1);
    words.push(word);
    size += length;
  }
};

const texts: Readonly<Record<string, (n: number) => string>> = {
  'short words': (n) => n.toString(36),
  'words of three letters': (n) => n.toString(36).padStart(3, 'q'),
  // each of two bytes, and of three in lower case
  'letters that are longer in lower case': (n) =>
    [...n.toString(2)].map((digit) => (digit === '0' ? 'Ⱥ' : 'Ⱦ')).join(''),
  'Chinese letters': (n) => String.fromCodePoint(0x4e00 + (n % 20_000), 0x4e00 + Math.floor(n / 20_000)),
};

describe.each(engines)('text in a full-text index on $name', (engine) => {
  test.each(Object.entries(texts))('takes 699,050 bytes of %s, and no byte more', async (_, letters) => {
    const place = await engine.place();
    const shop = system('shop', { tables: { notes: one }, migrations: new URL('file:///none/') });
    const url = engine.name === 'postgres' ? place.url : engine.name;
    const db = await testDatabase(shop, { url });
    const raw = (value: string) =>
      db.owner.asOwner((owner) =>
        owner.run(`INSERT INTO notes (id, body) VALUES ('018f0000-0000-7000-8000-000000000009', '${value}')`),
      );
    try {
      const longest = distinct(longestText, letters);
      expect(Buffer.byteLength(longest)).toBe(longestText);
      await db.session({}, (s) => s.insert(one, { body: longest }));
      for (const body of [`${longest}x`, 'a'.repeat(2_000_000)]) {
        await expect(db.session({}, (s) => s.insert(one, { body }))).rejects.toMatchObject({
          code: 'value-unstorable',
          facts: { table: 'notes', columns: ['body'] },
        });
        await expect(raw(body)).rejects.toMatchObject({
          code: 'check-violation',
          facts: { table: 'notes', columns: ['body'], constraint: 'notes_body_check' },
        });
      }
    } finally {
      await db.close();
      await place.remove();
    }
  });

  test('a step that adds the index names the column of a row that is too long', async () => {
    const folder = await makeFolder();
    const place = await engine.place();
    const database = await openEngine({ url: place.url, key: place.key });
    const plain = table('notes', { id: id(), body: z.string() }) as unknown as Table;
    const indexed = systemOf(folder, one as unknown as Table);
    try {
      await newStep(systemOf(folder, plain), folder.url, 'initial');
      await newStep(indexed, folder.url, 'indexed');
      await up(database, indexed, { to: '1' });
      const body = 'ab '.repeat(300_000);
      await database.asOwner((owner) =>
        owner.run(`INSERT INTO notes VALUES ('018f0000-0000-7000-8000-000000000009', '${body}')`),
      );
      await expect(up(database, indexed)).rejects.toMatchObject({
        code: 'migration-failed',
        detail: expect.stringContaining('notes_body_check'),
      });
      const rows = await database.asOwner((owner) => owner.run('SELECT length(body) AS n FROM notes'));
      expect(rows.map(({ n }) => Number(n))).toEqual([900_000]);
    } finally {
      await database.close();
      await place.remove();
      await folder.remove();
    }
  });
});

test('the columns of a full-text index divide its bytes', () => {
  expect(Object.values(two.columns).map(({ rules }) => rules.maxBytes)).toEqual([
    undefined,
    (longestText - 2 - 40) / 2,
    (longestText - 2 - 40) / 2,
    undefined,
  ]);
});
