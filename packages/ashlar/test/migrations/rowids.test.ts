import { autoincrement, id, index, primaryKey, renamed, type Table, table, unique } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { appendOnly } from 'ashlar/guarantees';
import { down, drift, newStep, up } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { withoutRoles } from '../../../../test/support/engines.js';
import { type Folder, makeFolder } from './folder.js';
import { systemOf } from './objects.js';

let folder: Folder;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

type Columns = Parameters<typeof table>[1];
type More = NonNullable<Parameters<typeof table>[2]>;

interface Key {
  readonly columns: Columns;
  readonly more: More;
  /** The values of the key of the nth row. */
  readonly values: (n: number) => string;
}

const keys: Readonly<Record<string, Key>> = {
  'a UUID': {
    columns: { id: id() },
    more: () => [],
    values: (n) => `'019368a0-0000-7000-8000-00000000000${n}'`,
  },
  'a text': {
    columns: { id: z.string().max(20) },
    more: (c) => [primaryKey(c.id as never)],
    values: (n) => `'z${9 - n}'`,
  },
  'two columns': {
    columns: { id: z.string().max(20), part: z.int() },
    more: (c) => [primaryKey(c.part as never, c.id as never)],
    values: (n) => `'z${9 - n}', ${n}`,
  },
  'an integer': {
    columns: { id: z.int() },
    more: (c) => [primaryKey(c.id as never)],
    values: (n) => String(100 - n),
  },
  autoincrement: { columns: { id: autoincrement() }, more: () => [], values: (n) => String(100 - n) },
};

const text = { body: z.string().max(500) };

/** Ten models, of which most rebuild the table on SQLite. */
const models = ({ columns, more }: Key): readonly Table[] => {
  const docs = (own: Columns, other: More = () => []): Table =>
    table('docs', { ...columns, ...text, ...own }, (c) => [
      ...(more(c) as never[]),
      ...(other(c) as never[]),
    ]) as unknown as Table;
  return [
    docs({ size: z.int() }),
    docs({ size: z.int().nullable() }),
    docs({ size: z.int().nullable(), note: z.string().default('x') }),
    docs({ amount: z.int().nullable(), note: z.string().default('x') }, (c) => [
      renamed(c.amount as never, 'size'),
    ]),
    docs({ amount: z.number().nullable() }, (c) => [index(c.amount as never)]),
    docs({ amount: z.number().nullable() }, (c) => [index(c.amount as never), appendOnly()]),
    docs({ amount: z.number().nullable() }),
    docs({ amount: z.number().nullable(), note: z.string().max(9).default('x') }),
    docs({ amount: z.number().nullable() }, (c) => [unique(c.amount as never, c.body as never)]),
    docs({ amount: z.int().nullable() }),
    docs({ amount: z.int().nullable(), at: z.iso.date().nullable() }),
  ];
};

const words = `CREATE VIRTUAL TABLE docs_words USING fts5(body, content='docs', content_rowid='rowid');
CREATE TRIGGER docs_ai AFTER INSERT ON docs BEGIN INSERT INTO docs_words(rowid, body) VALUES (new.rowid, new.body); END;
CREATE TRIGGER docs_ad AFTER DELETE ON docs BEGIN INSERT INTO docs_words(docs_words, rowid, body) VALUES('delete', old.rowid, old.body); END;
CREATE TRIGGER docs_au AFTER UPDATE ON docs BEGIN INSERT INTO docs_words(docs_words, rowid, body) VALUES('delete', old.rowid, old.body); INSERT INTO docs_words(rowid, body) VALUES (new.rowid, new.body); END;
CREATE VIRTUAL TABLE docs_places USING rtree(id, low, high);
CREATE TABLE marks (doc INTEGER, mark TEXT) STRICT;
`;

describe.each(withoutRoles)('an index by rowid on $name', (engine) => {
  const origins = ['step', 'database'] as const;
  const cases = Object.entries(keys).flatMap(([name, key]) =>
    origins.map((from) => [name, from, key] as const),
  );

  test.each(cases)(
    'of a table with %s as its key, made in a %s, names the same rows after ten steps',
    async (_, from, key) => {
      const all = models(key);
      for (const [at, model] of all.entries()) {
        await newStep(systemOf(folder, model), folder.url, `change_${at}`, {
          engines: ['sqlite'],
          decide: async () => undefined,
        });
        if (at === 0 && from === 'step')
          await folder.write({
            '0002_words/up.sqlite.sql': words,
            '0002_words/down.sqlite.sql': 'SELECT 1;',
          });
      }
      const place = await engine.place();
      const database = await openEngine({ url: place.url, key: place.key });
      const last = systemOf(folder, all.at(-1) as Table);
      const run = (sql: string) => database.asOwner((owner) => owner.run(sql));
      const script = (sql: string) => database.asOwner((owner) => owner.script(sql));
      try {
        await up(database, last, { to: from === 'step' ? '2' : '1' });
        if (from === 'database') await script(words);
        const names = Object.keys(key.columns).join(', ');
        const bodies = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];
        const add = (body: string, n: number, column: string): Promise<void> =>
          script(`INSERT INTO docs (${names}, body, ${column}) VALUES (${key.values(n)}, '${body}', ${n})`);
        for (const [at, body] of bodies.entries()) await add(body, at + 1, 'size');
        await script("DELETE FROM docs WHERE body IN ('alpha', 'gamma')");
        await script('INSERT INTO docs_places SELECT rowid, size, size FROM docs');
        await script('INSERT INTO marks SELECT rowid, body FROM docs');
        const holds = async (expected: readonly string[]): Promise<void> => {
          for (const body of bodies) {
            const found = await run(
              `SELECT d.body FROM docs_words w JOIN docs d ON d.rowid = w.rowid WHERE docs_words MATCH '${body}'`,
            );
            expect(found).toEqual(expected.includes(body) ? [{ body }] : []);
          }
          // with rank 1 it is compared with the table
          await script("INSERT INTO docs_words (docs_words, rank) VALUES ('integrity-check', 1)");
          expect(
            await run('SELECT m.mark FROM marks m JOIN docs d ON d.rowid = m.doc AND d.body = m.mark'),
          ).toHaveLength(3);
          expect(
            await run(
              'SELECT 1 AS one FROM docs_places p JOIN docs d ON d.rowid = p.id AND d.body IN (SELECT mark FROM marks)',
            ),
          ).toHaveLength(3);
        };
        await holds(['beta', 'delta', 'epsilon']);
        const first = from === 'step' ? 3 : 2;
        for (let step = first; step < first + all.length - 1; step++) {
          await up(database, last, { to: String(step) });
          await holds(['beta', 'delta', 'epsilon']);
        }
        expect(await drift(database, last)).toEqual([]);
        await add('gamma', 6, 'amount');
        await script("UPDATE docs SET body = 'alpha' WHERE body = 'gamma'");
        await holds(['alpha', 'beta', 'delta', 'epsilon']);
        await down(database, last, { steps: all.length - 1, destroy: true });
        await holds(['alpha', 'beta', 'delta', 'epsilon']);
      } finally {
        await database.close();
        await place.remove();
      }
    },
  );

  test.each(origins)(
    'made in a %s is not left stale where a key of numbers takes the place of the rowids',
    async (from) => {
      const docs = (key: Columns['id']): Table =>
        table('docs', { id: key, ...text }, (c) => [primaryKey(c.id as never)]) as unknown as Table;
      const [was, is] = [systemOf(folder, docs(z.string().max(20))), systemOf(folder, docs(z.int()))];
      await newStep(was, folder.url, 'initial', { engines: ['sqlite'] });
      const made = words.split('\n').slice(0, 4).join('\n');
      if (from === 'step') await folder.write({ '0002_words/up.sqlite.sql': made });
      await newStep(is, folder.url, 'numbers', { engines: ['sqlite'] });
      const place = await engine.place();
      const database = await openEngine({ url: place.url, key: place.key });
      const run = (sql: string) => database.asOwner((owner) => owner.run(sql));
      const find = async (word: string) =>
        (
          await run(
            `SELECT d.body FROM docs_words w JOIN docs d ON d.rowid = w.rowid WHERE docs_words MATCH '${word}'`,
          )
        ).map(({ body }) => body);
      try {
        await up(database, is, { to: from === 'step' ? '2' : '1' });
        if (from === 'database') await database.asOwner((owner) => owner.script(made));
        await run("INSERT INTO docs (id, body) VALUES ('30', 'alpha'), ('1', 'beta'), ('2', 'gamma')");
        if (from === 'database') {
          await expect(up(database, is)).rejects.toMatchObject({ code: 'migration-blocked' });
          for (const word of ['alpha', 'beta', 'gamma']) expect(await find(word)).toEqual([word]);
          return;
        }
        await up(database, is);
        for (const word of ['alpha', 'beta', 'gamma']) expect(await find(word)).toEqual([word]);
        await down(database, is);
        for (const word of ['alpha', 'beta', 'gamma']) expect(await find(word)).toEqual([word]);
      } finally {
        await database.close();
        await place.remove();
      }
    },
  );
});
