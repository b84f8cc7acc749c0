import { autoincrement, fullText, id, primaryKey, type Table, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { newStep, up } from 'ashlar/migrations';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { makeFolder } from './folder.js';
import { systemOf } from './objects.js';

const text = z.string().max(50);
type Declare = () => unknown;
const refused: Readonly<Record<string, Declare>> = {
  'a column rank': () => table('notes', { id: id(), rank: text }, (c) => [fullText({ columns: [c.rank] })]),
  'a column rank under an assigned key': () =>
    table('notes', { id: autoincrement(), rank: text }, (c) => [fullText({ columns: [c.rank] })]),
  'rank in the primary key': () =>
    table('notes', { id: text, rank: text, body: text }, (c) => [
      primaryKey(c.id, c.rank),
      fullText({ columns: [c.body] }),
    ]),
  'a column with the name that the index has by default': () =>
    table('notes', { id: id(), notes_text: text }, (c) => [fullText({ columns: [c.notes_text] })]),
  'a column with the name that is given': () =>
    table('notes', { id: id(), body: text }, (c) => [fullText({ columns: [c.body], name: 'body' })]),
  'a key with the name that is given': () =>
    table('notes', { id: id(), body: text }, (c) => [fullText({ columns: [c.body], name: 'id' })]),
  'the name of the table': () =>
    table('notes', { id: id(), body: text }, (c) => [fullText({ columns: [c.body], name: 'notes' })]),
};

describe('a name that SQLite reserves in a full-text index', () => {
  test.each(Object.entries(refused))('%s is refused when it is declared', (_, declare) => {
    expect(declare).toThrow(expect.objectContaining({ code: 'table-invalid' }));
  });
});

/** Words that mean something in an FTS5 table, and names of its own columns: no name of a column is in their way. */
const words = [
  ...[
    'content',
    'content_rowid',
    'tokenize',
    'prefix',
    'detail',
    'columnsize',
    'contentless_delete',
    'locale',
  ],
  ...['delete', 'rebuild', 'optimize', 'automerge', 'unindexed', 'match', 'near', 'bm25', 'docid', 'langid'],
  ...['block', 'sz', 'term', 'segid', 'pgno', 'c0', 'k', 'v', 'origin', 'hidden'],
];

describe.each(engines)('a full-text index on $name', (engine) => {
  test.each([true, false])('has columns with any other name (an assigned key: %s)', async (isAssigned) => {
    const columns = Object.fromEntries(words.map((word) => [word, text]));
    const notes = table('notes', { ...columns, id: isAssigned ? autoincrement() : id() }, (c) => [
      fullText({ columns: words.map((word) => (c as Readonly<Record<string, unknown>>)[word] as never) }),
    ]) as unknown as Table;
    const folder = await makeFolder();
    const place = await engine.place();
    const database = await openEngine({ url: place.url, key: place.key });
    try {
      const shop = systemOf(folder, notes);
      await newStep(shop, folder.url, 'initial');
      expect(await up(database, shop)).toHaveLength(1);
      const quoted = words.map((word) => `"${word}"`).join(', ');
      const values = words.map((word) => `'${word}'`).join(', ');
      const key = isAssigned ? '' : `, '019368a0-0000-7000-8000-000000000001'`;
      await database.asOwner((owner) =>
        owner.script(`INSERT INTO notes (${quoted}${key && ', id'}) VALUES (${values}${key})`),
      );
    } finally {
      await database.close();
      await place.remove();
      await folder.remove();
    }
  });
});
