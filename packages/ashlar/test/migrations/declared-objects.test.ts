import {
  autoincrement,
  extra,
  fullText,
  id,
  renamed,
  renamedTable,
  system,
  type Table,
  table,
  view,
} from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { appendOnly } from 'ashlar/guarantees';
import { checkMigrations, down, drift, dumpSchema, newStep, up } from 'ashlar/migrations';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf } from '../../../../test/support/engines.js';
import { ensureHistory } from '../../src/migrations/initialise.js';
import { checkStructure } from '../../src/prove/structure.js';
import { type Folder, makeFolder } from './folder.js';

const { engines } = oneOfEach(import.meta.url);

const shape = {
  id: autoincrement(),
  title: z.string().max(200),
  size: z.int(),
  place: z.string().nullable(),
};
const lower = extra({
  name: 'notes_lower',
  sqlite: 'CREATE INDEX notes_lower ON notes (lower(title))',
  postgres: 'CREATE INDEX notes_lower ON notes (lower(title))',
});
const logs = table('note_log', { id: id(), title: z.string() });
const logFunction = extra({
  name: 'note_logged',
  sqlite: null,
  postgres: `CREATE FUNCTION note_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO note_log (id, title) VALUES (gen_random_uuid(), new.title); RETURN new; END $$`,
});
const logTrigger = extra({
  name: 'notes_logged',
  sqlite: `CREATE TRIGGER notes_logged AFTER INSERT ON notes BEGIN
  INSERT INTO note_log (id, title) VALUES (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-7' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))), new.title);
END`,
  postgres: 'CREATE TRIGGER notes_logged AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION note_logged()',
});
const long = view({
  name: 'long_notes',
  columns: { id: z.int(), title: z.string() },
  sqlite: 'SELECT id, title FROM notes WHERE length(title) > 9',
  postgres: 'SELECT id, title FROM notes WHERE length(title) > 9',
});

const declared = (columns: Parameters<typeof table>[1], ...more: unknown[]): Table =>
  table('notes', columns, (c) => [
    logFunction,
    logTrigger,
    lower,
    fullText({ columns: [c.title as never] }),
    ...(more as never[]),
  ]) as unknown as Table;

const systemOf = (folder: Folder, notes: Table) =>
  system('shop', { tables: { notes, logs: logs as Table }, views: { long }, migrations: folder.url });

const { place, ...withoutPlace } = shape;
const renamedShape = { ...withoutPlace, room: place };
const models: readonly Table[] = [
  declared({ ...shape, size: z.int().nullable() }),
  declared({ ...shape, size: z.int().nullable(), note: z.string().default('x') }),
  table('notes', { ...renamedShape, size: z.int().nullable() }, (c) => [
    logFunction,
    logTrigger,
    lower,
    fullText({ columns: [c.title] }),
    renamed(c.room, 'place'),
  ]) as unknown as Table,
  declared({ ...renamedShape, size: z.number().nullable() }),
  declared({ ...renamedShape, size: z.number().nullable() }, appendOnly()),
  declared({ ...renamedShape, size: z.number().nullable() }),
  declared({ ...renamedShape, title: z.string().max(300), size: z.number().nullable() }),
  declared({ ...withoutPlace, title: z.string().max(300), size: z.number().nullable() }),
  declared({ ...withoutPlace, title: z.string().max(300), size: z.number().default(0) }),
  declared({
    ...withoutPlace,
    title: z.string().max(300),
    size: z.number().default(0),
    more: z.string().default(''),
  }),
];

const noWarning = { decide: async () => undefined };

let ten: Folder;
beforeAll(async () => {
  ten = await makeFolder();
  await newStep(systemOf(ten, declared(shape)), ten.url, 'initial');
  for (const [at, notes] of models.entries())
    await newStep(systemOf(ten, notes), ten.url, `change_${at}`, noWarning);
}, 60_000);
afterAll(() => ten.remove());
const last = () => systemOf(ten, models.at(-1) as Table);

let folder: Folder;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const words = (engine: (typeof engines)[number], word: string): string =>
  sqlOf(engine) === 'sqlite'
    ? `SELECT rowid AS id FROM notes_text WHERE notes_text MATCH '${word}' ORDER BY rowid`
    : `SELECT id FROM notes WHERE ashlar_notes_text @@ to_tsquery('simple', '${word}') ORDER BY id`;

describe('declared objects', () => {
  test('are made by the steps as the tables declare them, and are in the dump', async () => {
    for (const dialect of ['sqlite', 'postgres'] as const) {
      await checkMigrations(last(), dialect);
      const dump = await dumpSchema(last(), dialect);
      for (const name of ['notes_lower', 'notes_logged', 'notes_text', 'long_notes'])
        expect(dump).toContain(name);
      const database = await openEngine({ url: dialect === 'sqlite' ? 'sqlite::memory:' : 'pglite:memory' });
      await database.asOwner((owner) =>
        owner.atomically(() => ensureHistory(owner, database.dialect, 'test')),
      );
      await database.asOwner((owner) => owner.script(dump));
      await database.close();
    }
  });

  test('must have SQL that creates an object of their name', () => {
    for (const [name, sqlite] of [
      ['mine', 'SELECT 1'],
      ['mine', 'CREATE INDEX other ON notes (title)'],
      ['mine', null],
      ['Mine', 'CREATE INDEX mine ON notes (title)'],
    ] as const)
      expect(() => extra({ name, sqlite, postgres: null })).toThrowError(
        expect.objectContaining({ code: 'table-invalid' }),
      );
  });
});

describe.each(engines)('declared objects on $name', (engine) => {
  const opened = async () => {
    const site = await engine.place();
    const database = await openEngine({ url: site.url, key: site.key });
    return {
      database,
      run: (sql: string) => database.asOwner((owner) => owner.run(sql)),
      close: async () => {
        await database.close();
        await site.remove();
      },
    };
  };

  test('survive ten generated steps, with their data', async () => {
    const { database, run, close } = await opened();
    try {
      await up(database, last(), { to: '1' });
      await run("INSERT INTO notes (title, size) VALUES ('Executor of the will', 1), ('Codicil', 2)");
      await up(database, last());
      await run("INSERT INTO notes (title) VALUES ('A second codicil')");
      await run("UPDATE notes SET title = 'The first codicil' WHERE id = 2");
      await run("INSERT INTO notes (title) VALUES ('codicil to delete')");
      await run("DELETE FROM notes WHERE title = 'codicil to delete'");
      expect((await run(words(engine, 'codicil'))).map((row) => Number(row.id))).toEqual([2, 3]);
      expect(await run(words(engine, 'executor'))).toHaveLength(1);
      expect(await run('SELECT id FROM long_notes')).toHaveLength(3);
      expect(await run('SELECT id FROM note_log')).toHaveLength(4);
      expect(await drift(database, last())).toEqual([]);
      const structure = await checkStructure(database, last(), new Date(), undefined);
      expect(structure.flatMap(({ check, found }) => (check === 'roles and rights' ? [] : found))).toEqual(
        [],
      );
    } finally {
      await close();
    }
  });

  test('an index of words over rows that exist finds them, with a key of any kind', async () => {
    const { database, run, close } = await opened();
    const plain = { key: z.string(), part: z.int(), text: z.string(), more: z.string().nullable() };
    const make = (withText: boolean) =>
      system('shop', {
        tables: {
          pages: table('pages', plain, (c) => [
            { kind: 'primary-key', columns: [c.key, c.part] } as never,
            ...(withText ? [fullText({ columns: [c.text, c.more], name: 'pages_words' })] : []),
          ]) as unknown as Table,
        },
        migrations: folder.url,
      });
    const found = async (word: string) => {
      const rows = await run(
        sqlOf(engine) === 'sqlite'
          ? `SELECT "key" FROM pages_words WHERE pages_words MATCH '${word}' ORDER BY "key"`
          : `SELECT "key" FROM pages WHERE ashlar_pages_words @@ to_tsquery('simple', '${word}') ORDER BY "key"`,
      );
      return rows.map((row) => row.key);
    };
    try {
      await newStep(make(false), folder.url, 'initial', { engines: [sqlOf(engine)] });
      await up(database, make(false));
      await run("INSERT INTO pages VALUES ('a', 1, 'one two', NULL), ('b', 1, 'two-three', 'four@five.org')");
      await newStep(make(true), folder.url, 'words');
      await up(database, make(true));
      expect(await found('two')).toEqual(['a', 'b']);
      expect(await found('five')).toEqual(['b']);
      await run("UPDATE pages SET text = 'Six' WHERE key = 'a'");
      await run("DELETE FROM pages WHERE key = 'b'");
      expect([await found('two'), await found('six')]).toEqual([[], ['a']]);
      await newStep(make(false), folder.url, 'no_words');
      await up(database, make(false));
      expect(await drift(database, make(false))).toEqual([]);
      await run("INSERT INTO pages VALUES ('c', 1, 'one', NULL)");
    } finally {
      await close();
    }
  });

  test('an index of words follows its table to a new name, and both ways keep the rows', async () => {
    const { database, run, close } = await opened();
    const make = (name: string, key: 'number' | 'text', hasWords: boolean) => {
      const columns = { id: key === 'number' ? autoincrement() : z.string(), title: z.string() };
      const made = table(name, columns, (c) => [
        ...(key === 'text' ? [{ kind: 'primary-key', columns: [c.id] } as never] : []),
        ...(hasWords ? [fullText({ columns: [c.title], name: `${name}_words` })] : []),
        ...(name === 'pages' ? [] : [renamedTable('pages')]),
      ]);
      return system('shop', { tables: { [name]: made as unknown as Table }, migrations: folder.url });
    };
    const found = async (name: string) =>
      run(
        sqlOf(engine) === 'sqlite'
          ? `SELECT title FROM ${name}_words WHERE ${name}_words MATCH 'two'`
          : `SELECT title FROM ${name} WHERE ashlar_${name}_words @@ to_tsquery('simple', 'two')`,
      );
    try {
      for (const key of ['number', 'text'] as const) {
        await newStep(make('pages', key, true), folder.url, 'initial', { engines: [sqlOf(engine)] });
        await up(database, make('pages', key, true));
        await run(
          key === 'text'
            ? "INSERT INTO pages VALUES ('1', 'one two')"
            : "INSERT INTO pages (title) VALUES ('one two')",
        );
        const renamedPages = make('papers', key, true);
        await newStep(renamedPages, folder.url, 'renamed');
        await up(database, renamedPages);
        expect([await found('papers'), await drift(database, renamedPages)]).toEqual([
          [{ title: 'one two' }],
          [],
        ]);
        await newStep(make('papers', key, false), folder.url, 'no_words');
        await up(database, make('papers', key, false));
        // an index loses nothing that its table does not have, so no step back needs `destroy`
        await down(database, make('papers', key, false), { steps: 2 });
        expect(await found('pages')).toEqual([{ title: 'one two' }]);
        await run("UPDATE pages SET title = 'three'");
        expect(await found('pages')).toEqual([]);
        await down(database, make('papers', key, false), { steps: 1, destroy: true });
        for (const step of ['0001_initial', '0002_renamed', '0003_no_words']) await folder.drop(step);
      }
    } finally {
      await close();
    }
  });

  test('one that is missing is drift, and one that is undeclared again is dropped', async () => {
    const { database, run, close } = await opened();
    const make = (...items: unknown[]) =>
      system('shop', {
        tables: { notes: table('notes', shape, () => items as never) as unknown as Table },
        migrations: folder.url,
      });
    try {
      await newStep(make(lower), folder.url, 'initial');
      await up(database, make(lower));
      await run('DROP INDEX notes_lower');
      expect(await drift(database, make(lower))).toEqual([expect.stringContaining('notes_lower')]);
      await run('CREATE INDEX notes_lower ON notes (lower(title))');
      const step = await newStep(make(), folder.url, 'gone');
      expect(step?.changes.sqlite?.flatMap((change) => change.up)).toEqual(['DROP INDEX notes_lower']);
      await up(database, make());
      expect(await drift(database, make())).toEqual([]);
    } finally {
      await close();
    }
  });
});
