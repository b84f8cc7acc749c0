import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { autoincrement, Database, fullText, id, system, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { appendOnly } from 'ashlar/guarantees';
import { matches } from 'ashlar/query';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf, withRoles } from '../../../../test/support/engines.js';
import { down, newStep, status, up } from '../../src/migrations/index.js';
import { makeFolder } from './folder.js';

const notes = table('notes', { id: id(), body: z.string() }, () => [appendOnly()]);

describe.each(engines)('objects of guarantees in an older form on $name', (kind) => {
  test('status names them, up leaves them, and migrate new writes the step that replaces them', async () => {
    const folder = await makeFolder();
    const shop = system('shop', { tables: { notes }, migrations: folder.url });
    await newStep(shop, folder.url, 'initial');
    // the step of an older release, whose triggers raised another text
    for (const dialect of ['sqlite', 'postgres']) {
      const path = join(folder.path, `0001_initial/up.${dialect}.sql`);
      const text = await readFile(path, 'utf8');
      expect(text).toContain('ashlar/append-only: ');
      await writeFile(path, text.replaceAll('ashlar/append-only: ', 'ashlar/append-only: in short, '));
    }
    const place = await kind.place();
    const engine = await openEngine({ url: place.url, key: place.key });
    await up(engine, shop);
    const made = sqlOf(kind) === 'sqlite' ? 'trigger notes_append_only_delete' : 'function notes_append_only';
    const before = await status(engine, shop);
    expect(before.outdated_objects).toContain(
      `notes, append-only: the steps make the ${made} in an older form`,
    );
    // the database does what its steps say
    expect(before).toMatchObject({ ok: true, drift: [] });
    expect(await newStep(shop, folder.url, 'renewed')).toMatchObject({ name: '0002_renewed' });
    await up(engine, shop);
    expect(await status(engine, shop)).toMatchObject({ ok: true, drift: [], outdated_objects: [] });
    await engine.close();
    await place.remove();
    await folder.remove();
  });
});

const texts = table('texts', { id: autoincrement(), body: z.string() }, (c) => [
  fullText({ columns: [c.body] }),
]);

describe.each(withRoles)('an index of words in an older form on $name', (kind) => {
  test('is searched as before, and migrate new writes the step that makes it again from the rows', async () => {
    const folder = await makeFolder();
    const shop = system('shop', { tables: { texts }, migrations: folder.url });
    await newStep(shop, folder.url, 'initial');
    const path = join(folder.path, '0001_initial/up.postgres.sql');
    const text = await readFile(path, 'utf8');
    // the words of release 1, which depended on the locale of the database
    const older = text.replace(
      /ashlar_words\((.*?)\)\) STORED/,
      "to_tsvector('simple'::regconfig, regexp_replace($1, '[^[:alnum:]]+', ' ', 'g'))) STORED",
    );
    expect(older).not.toBe(text);
    await writeFile(path, older);
    const place = await kind.place();
    const engine = await openEngine({ url: place.url });
    await up(engine, shop);
    const db = new Database(engine, shop, {});
    await db.insert(texts, { body: 'Zürich lake' });
    const found = (words: string) =>
      db.read(
        async (s) =>
          (await s.query.selectFrom('texts').select('id').where(matches(texts, words)).execute()).length,
      );
    expect([await found('LAKE'), await found('zürich')]).toEqual([1, 0]);
    expect(await status(engine, shop)).toMatchObject({ ok: true, drift: [] });
    expect(await newStep(shop, folder.url, 'words')).toMatchObject({ name: '0002_words' });
    await up(engine, shop);
    expect([await found('LAKE'), await found('zürich')]).toEqual([1, 1]);
    expect(await status(engine, shop)).toMatchObject({ ok: true, drift: [], outdated_objects: [] });
    await down(engine, shop);
    expect([await found('LAKE'), await found('zürich')]).toEqual([1, 0]);
    await engine.close();
    await place.remove();
    await folder.remove();
  });
});
