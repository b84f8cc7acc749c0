import { bigint, fullText, primaryKey, type Table, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { down, drift, newStep, status, up } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf, withoutRoles } from '../../../../test/support/engines.js';
import { type Folder, makeFolder } from './folder.js';
import { systemOf } from './objects.js';

let folder: Folder;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const notes = (size: z.ZodType): Table =>
  table('notes', { id: bigint(), body: z.string(), size }, (c) => [
    primaryKey(c.id),
    fullText({ columns: [c.body] }),
  ]) as unknown as Table;

describe.each(engines)('rows with numbers beyond 2^53 on $name', (engine) => {
  test('go through steps under a full-text index', async () => {
    const [was, is] = [systemOf(folder, notes(z.int())), systemOf(folder, notes(z.int().nullable()))];
    await newStep(was, folder.url, 'initial', { engines: [sqlOf(engine)] });
    await newStep(is, folder.url, 'nullable');
    const place = await engine.place();
    const database = await openEngine({ url: place.url, key: place.key });
    try {
      await up(database, is, { to: '1' });
      await database.asOwner((owner) =>
        owner.script("INSERT INTO notes (id, body, size) VALUES (9007199254740993, 'word', 1)"),
      );
      await up(database, is);
      expect(await drift(database, is)).toEqual([]);
      expect((await status(database, is)).undeclared).toEqual([]);
      await down(database, is);
      const rows = await database.asOwner((owner) =>
        owner.run('SELECT CAST(id AS text) AS id, body FROM notes'),
      );
      expect(rows).toEqual([{ id: '9007199254740993', body: 'word' }]);
    } finally {
      await database.close();
      await place.remove();
    }
  });
});

const values = ['9223372036854775807', '-9223372036854775808', '9e999', "x'ff00'", 'NULL', 'char(0)'];

describe.each(withoutRoles)('a virtual table with any value on $name', (engine) => {
  test.each(values)('%s does not stop a step', async (value) => {
    const [was, is] = [systemOf(folder, notes(z.int())), systemOf(folder, notes(z.int().nullable()))];
    await newStep(was, folder.url, 'initial', { engines: ['sqlite'] });
    await newStep(is, folder.url, 'nullable', { engines: ['sqlite'] });
    const place = await engine.place();
    const database = await openEngine({ url: place.url, key: place.key });
    try {
      await up(database, is, { to: '1' });
      await database.asOwner((owner) =>
        owner.script(`CREATE VIRTUAL TABLE mine USING fts5(body, number UNINDEXED);
          INSERT INTO mine (rowid, body, number) VALUES (9223372036854775807, 'word', ${value})`),
      );
      await up(database, is);
      await down(database, is);
    } finally {
      await database.close();
      await place.remove();
    }
  });
});
