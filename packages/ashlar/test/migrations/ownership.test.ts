import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { autoincrement, check, index, renamed, renamedTable, type Table, table, unique } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { appendOnly } from 'ashlar/guarantees';
import { checkMigrations, drift, newStep, status, up } from 'ashlar/migrations';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf } from '../../../../test/support/engines.js';
import { checkStructure } from '../../src/prove/structure.js';
import { type Folder, makeFolder } from './folder.js';
import { byHand, systemOf } from './objects.js';

const { engines } = oneOfEach(import.meta.url);

// ten generated steps after one by hand, the same for every engine
let ten: Folder;
beforeAll(async () => {
  ten = await makeFolder();
  await writeSteps();
}, 60_000);
afterAll(() => ten.remove());

let folder: Folder;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const shape = {
  id: autoincrement(),
  title: z.string().max(200),
  size: z.int(),
  place: z.string().nullable(),
};

/** Ten models, one after another; the objects made by hand are about `title`, which none of them touches. */
const models: readonly Table[] = [
  table('notes', { ...shape, size: z.int().nullable() }),
  table('notes', { ...shape, size: z.int().nullable(), note: z.string().default('x') }),
  table(
    'notes',
    {
      id: shape.id,
      title: shape.title,
      room: shape.place,
      size: z.int().nullable(),
      note: z.string().default('x'),
    },
    (c) => [renamed(c.room, 'place')],
  ),
  table('notes', { id: shape.id, title: shape.title, room: shape.place, size: z.int().nullable() }),
  table(
    'notes',
    { id: shape.id, title: shape.title, room: shape.place, size: z.number().nullable() },
    (c) => [index(c.room)],
  ),
  table(
    'notes',
    { id: shape.id, title: shape.title, room: shape.place, size: z.number().nullable() },
    (c) => [index(c.room), appendOnly()],
  ),
  table('notes', { id: shape.id, title: shape.title, room: shape.place, size: z.number().nullable() }),
  table('notes', {
    id: shape.id,
    title: z.string().max(300),
    room: shape.place,
    size: z.number().nullable(),
  }),
  table(
    'notes',
    { id: shape.id, title: z.string().max(300), room: shape.place, size: z.number().nullable() },
    (c) => [unique(c.room), check('notes_size', 'size IS NULL OR size < 1000')],
  ),
  table('notes', { id: shape.id, title: z.string().max(300), size: z.number().default(0) }),
] as Table[];

const noWarning = { decide: async () => undefined };

const writeSteps = async (): Promise<void> => {
  await newStep(systemOf(ten, table('notes', shape) as Table), ten.url, 'initial');
  await ten.write({
    '0002_by_hand/up.sqlite.sql': byHand.sqlite,
    '0002_by_hand/up.postgres.sql': byHand.postgres,
  });
  for (const [at, model] of models.entries()) {
    const step = await newStep(systemOf(ten, model), ten.url, `change_${at}`, noWarning);
    if (!step?.kept.includes('index notes_lower')) throw new TypeError(`step ${at} does not keep the index`);
  }
};

describe('objects made by hand in a step', () => {
  test('are in no generated step, and the migrations still match the tables', async () => {
    for (const dialect of ['sqlite', 'postgres'] as const)
      await checkMigrations(systemOf(ten, models.at(-1) as Table), dialect);
    const first = await readFile(join(ten.path, '0001_initial/up.sqlite.sql'), 'utf8');
    expect(first).toMatch(/-- ashlar: makes table notes, column notes\.id/);
  });
});

describe.each(engines)('ten generated steps on $name', (engine) => {
  test('keep the objects that a person made, with their data', async () => {
    const place = await engine.place();
    const database = await openEngine({ url: place.url, key: place.key });
    const last = systemOf(ten, models.at(-1) as Table);
    const run = (sql: string) => database.asOwner((owner) => owner.run(sql));
    try {
      await up(database, last, { to: '2' });
      await run("INSERT INTO notes (title, size) VALUES ('Executor of the will', 1), ('Codicil', 2)");
      await up(database, last);
      await run("INSERT INTO notes (title) VALUES ('A second codicil')");
      expect(await run('SELECT title FROM note_titles ORDER BY id')).toHaveLength(3);
      expect(await run('SELECT note, title FROM note_log ORDER BY note')).toHaveLength(3);
      const found =
        sqlOf(engine) === 'sqlite'
          ? "SELECT rowid AS id FROM notes_words WHERE notes_words MATCH 'codicil' ORDER BY rowid"
          : "SELECT id FROM notes WHERE words @@ to_tsquery('simple', 'codicil') ORDER BY id";
      expect((await run(found)).map(({ id }) => Number(id))).toEqual([2, 3]);
      const indexes =
        sqlOf(engine) === 'sqlite'
          ? "SELECT name FROM sqlite_schema WHERE name = 'notes_lower'"
          : "SELECT indexname FROM pg_indexes WHERE indexname IN ('notes_lower', 'notes_words')";
      expect(await run(indexes)).toHaveLength(sqlOf(engine) === 'sqlite' ? 1 : 2);
      expect(await drift(database, last)).toEqual([]);
    } finally {
      await database.close();
      await place.remove();
    }
  });
});

const initial = table('notes', shape) as Table;
const without = (column: 'title' | 'place') =>
  table('notes', Object.fromEntries(Object.entries(shape).filter(([name]) => name !== column))) as Table;

describe.each(engines)('a renamed table on $name', (engine) => {
  test('keeps what a person made on it, and what generated steps made stays theirs', async () => {
    const place = await engine.place();
    const database = await openEngine({ url: place.url, key: place.key });
    const run = (sql: string) => database.asOwner((owner) => owner.run(sql));
    const isSqlite = sqlOf(engine) === 'sqlite';
    const papers = (columns: Parameters<typeof table>[1]) =>
      systemOf(folder, table('papers', columns, () => [renamedTable('notes')]) as unknown as Table);
    try {
      await newStep(
        systemOf(folder, table('notes', shape, (c) => [index(c.size)]) as unknown as Table),
        folder.url,
        'initial',
      );
      const { sqlite, postgres } = byHand;
      const withoutWords = sqlite
        .split('\n')
        .filter((line) => !line.includes('notes_words'))
        .join('\n');
      await folder.write({ '0002_hand/up.sqlite.sql': withoutWords, '0002_hand/up.postgres.sql': postgres });
      const { title, place: room, ...rest } = shape;
      const step = await newStep(papers({ ...rest, title, room }), folder.url, 'renamed', {
        renames: { papers: { room: 'place' } },
        ...noWarning,
      });
      expect(step?.kept).toContain('index notes_lower');
      const text = await readFile(join(folder.path, `0003_renamed/up.${sqlOf(engine)}.sql`), 'utf8');
      expect(text).toContain(
        '-- ashlar: renames table notes to papers, column papers.place to papers.room\n',
      );
      const last = papers({ id: shape.id, title, more: z.string().default('x') });
      await newStep(last, folder.url, 'later', noWarning);
      await up(database, last);
      expect(await drift(database, last)).toEqual([]);
      await run("INSERT INTO papers (title) VALUES ('A codicil')");
      expect(await run('SELECT title FROM note_titles')).toHaveLength(1);
      expect(await run('SELECT title FROM note_log')).toHaveLength(1);
      const indexes = isSqlite
        ? "SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE '%\\_size\\_%' ESCAPE '\\' OR name = 'notes_lower'"
        : "SELECT indexname AS name FROM pg_indexes WHERE indexname LIKE '%\\_size\\_%' OR indexname = 'notes_lower'";
      expect(await run(indexes)).toEqual([{ name: 'notes_lower' }]);
      const columns = isSqlite
        ? "SELECT name FROM pragma_table_info('papers')"
        : "SELECT attname AS name FROM pg_attribute WHERE attrelid = 'papers'::regclass AND attnum > 0 AND NOT attisdropped";
      expect((await run(columns)).map(({ name }) => name).sort()).toEqual(
        ['id', 'more', 'title', ...(isSqlite ? [] : ['words'])].sort(),
      );
    } finally {
      await database.close();
      await place.remove();
    }
  });

  test('is refused where a full-text index made by hand names it', async () => {
    await newStep(systemOf(folder, initial), folder.url, 'initial');
    const index = "CREATE VIRTUAL TABLE mine USING fts5(title, content='notes', content_rowid='id')";
    await folder.write({ '0002_hand/up.sqlite.sql': index, '0002_hand/up.postgres.sql': 'SELECT 1;' });
    const renamed = table('papers', shape, () => [renamedTable('notes')]) as unknown as Table;
    await expect(newStep(systemOf(folder, renamed), folder.url, 'renamed')).rejects.toMatchObject({
      code: 'migration-blocked',
      detail: expect.stringContaining('mine'),
    });
  });
});

describe('a step that would drop or break an object made by hand', () => {
  const objects = [
    [
      'a view',
      'CREATE VIEW mine AS SELECT title FROM notes',
      'CREATE VIEW mine AS SELECT title FROM notes',
      'mine',
    ],
    ['an index', 'CREATE INDEX mine ON notes (title)', 'CREATE INDEX mine ON notes (title)', 'index mine'],
    [
      'a trigger',
      'CREATE TRIGGER mine AFTER INSERT ON notes BEGIN UPDATE notes SET place = new.title WHERE id = new.id; END',
      `CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.place = new.title; RETURN new; END $$;
       CREATE TRIGGER mine BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION mine()`,
      'mine',
    ],
    [
      'a full-text index',
      "CREATE VIRTUAL TABLE mine USING fts5(title, content='notes', content_rowid='id')",
      "ALTER TABLE notes ADD COLUMN mine tsvector GENERATED ALWAYS AS (to_tsvector('simple', title)) STORED",
      'mine',
    ],
  ] as const;

  test.each(objects)('is refused and names %s', async (_, sqlite, postgres, name) => {
    await newStep(systemOf(folder, initial), folder.url, 'initial');
    await folder.write({ '0002_mine/up.sqlite.sql': sqlite, '0002_mine/up.postgres.sql': postgres });
    const written = newStep(systemOf(folder, without('title')), folder.url, 'dropped', noWarning);
    await expect(written).rejects.toMatchObject({ code: 'migration-blocked' });
    const error = await written.catch((found: Error & { detail?: string }) => found);
    expect(
      `${error instanceof Error ? error.message : ''} ${(error as { detail?: string }).detail}`,
    ).toContain(name);
  });

  test('a table that carries one is not dropped', async () => {
    await newStep(systemOf(folder, initial), folder.url, 'initial');
    await folder.step('0002_mine', 'CREATE INDEX mine ON notes (title)');
    await expect(newStep(systemOf(folder), folder.url, 'gone', noWarning)).rejects.toMatchObject({
      code: 'migration-blocked',
      message: expect.stringContaining('index mine'),
    });
  });

  test('a directive that names an object which its step does not make is refused', async () => {
    await folder.step('0001_initial', '-- ashlar: makes index nothing_here\nCREATE TABLE notes (id integer)');
    await expect(newStep(systemOf(folder, initial), folder.url, 'next')).rejects.toMatchObject({
      code: 'migration-invalid',
      message: expect.stringContaining('index nothing_here'),
    });
  });
});

describe('an object of a step without directives', () => {
  const older = async (): Promise<void> => {
    await newStep(systemOf(folder, initial), folder.url, 'initial');
    for (const dialect of ['sqlite', 'postgres']) {
      const file = join(folder.path, `0001_initial/up.${dialect}.sql`);
      const text = (await readFile(file, 'utf8')).replaceAll(/^-- ashlar: .*\n/gm, '');
      await folder.write({
        [`0001_initial/up.${dialect}.sql`]: `${text}CREATE INDEX mine ON notes (title);\n`,
      });
    }
  };
  const next = table('notes', { ...shape, more: z.string().default('x') }) as Table;

  test('is asked about once, and the answer is in the step', async () => {
    await older();
    await expect(newStep(systemOf(folder, next), folder.url, 'more')).rejects.toMatchObject({
      code: 'migration-ambiguous',
      suggestion: expect.stringContaining('--keep "index mine"'),
    });
    const asked: string[] = [];
    const decideObject = async (object: string) => {
      asked.push(object);
      return 'keep' as const;
    };
    await newStep(systemOf(folder, next), folder.url, 'more', { decideObject });
    expect(await readFile(join(folder.path, '0002_more/up.postgres.sql'), 'utf8')).toContain(
      '-- ashlar: keeps index mine\n',
    );
    await newStep(systemOf(folder, initial), folder.url, 'less', { decideObject, ...noWarning });
    expect(asked).toEqual(['index mine']);
  });

  test('that is a table: the question says how it is kept', async () => {
    await older();
    for (const dialect of ['sqlite', 'postgres']) {
      const file = `0001_initial/up.${dialect}.sql`;
      const text = await readFile(join(folder.path, file), 'utf8');
      await folder.write({ [file]: `${text}CREATE TABLE by_hand (a integer PRIMARY KEY);\n` });
    }
    const objects = { 'index mine': 'keep' } as const;
    await expect(newStep(systemOf(folder, next), folder.url, 'more', { objects })).rejects.toMatchObject({
      code: 'migration-ambiguous',
      suggestion: expect.stringContaining(
        '--drop-table by_hand. If a person made by_hand, keep it: --keep "table by_hand". Or',
      ),
    });
    const step = await newStep(systemOf(folder, next), folder.url, 'more', {
      objects: { ...objects, 'table by_hand': 'keep' },
    });
    expect(step?.changes.sqlite?.map(({ summary }) => summary)).toEqual(['notes: add column more']);
    expect(await newStep(systemOf(folder, next), folder.url, 'again')).toBeUndefined();
  });

  test('is dropped if the answer is so', async () => {
    await older();
    const step = await newStep(systemOf(folder, initial), folder.url, 'dropped', {
      objects: { 'index mine': 'drop' },
    });
    expect(step?.changes.sqlite?.flatMap(({ up: statements }) => statements)).toEqual(['DROP INDEX mine']);
    expect(step?.changes.postgres?.flatMap(({ up: statements }) => statements)).toEqual(['DROP INDEX mine']);
  });
});

describe.each(engines)('objects of the database alone, on $name', (engine) => {
  const opened = async () => {
    const place = await engine.place();
    const database = await openEngine({ url: place.url, key: place.key });
    return {
      database,
      run: (sql: string) => database.asOwner((owner) => owner.script(sql)),
      rows: (sql: string) => database.asOwner((owner) => owner.run(sql)),
      close: async () => {
        await database.close();
        await place.remove();
      },
    };
  };
  const isSqlite = sqlOf(engine) === 'sqlite';
  const names = isSqlite
    ? "SELECT name FROM sqlite_schema WHERE name = 'mine'"
    : "SELECT indexname AS name FROM pg_indexes WHERE indexname = 'mine'";

  test('an index outlives a rebuild of its table, is no drift, and status names it', async () => {
    const { database, run, rows, close } = await opened();
    try {
      await newStep(systemOf(folder, initial), folder.url, 'initial');
      await up(database, systemOf(folder, initial));
      await run('CREATE UNIQUE INDEX mine ON notes (lower(title))');
      const next = systemOf(folder, table('notes', { ...shape, size: z.number() }) as Table);
      await newStep(next, folder.url, 'retyped', noWarning);
      await up(database, next);
      expect(await rows(names)).toHaveLength(1);
      expect(await drift(database, next)).toEqual([]);
      const report = await status(database, next, { backups: folder.path });
      expect(report).toMatchObject({
        drift: [],
        undeclared: [{ object: 'index mine', from: 'database', lifts: false }],
      });
    } finally {
      await close();
    }
  });

  test('a step that changes what it names is refused and rolled back', async () => {
    const { database, run, rows, close } = await opened();
    try {
      await newStep(systemOf(folder, initial), folder.url, 'initial');
      await up(database, systemOf(folder, initial));
      await run('CREATE INDEX mine ON notes (place)');
      const next = systemOf(folder, without('place'));
      await newStep(next, folder.url, 'dropped', noWarning);
      await expect(up(database, next)).rejects.toMatchObject({
        code: expect.stringMatching(/migration-(blocked|failed)/),
      });
      expect(await rows(names)).toHaveLength(1);
      await rows('SELECT place FROM notes');
    } finally {
      await close();
    }
  });

  test('a trigger or a view that can lift a guarantee is drift, and fails prove', async () => {
    const { database, run, close } = await opened();
    try {
      const guarded = systemOf(folder, table('notes', shape, () => [appendOnly()]) as Table);
      await newStep(guarded, folder.url, 'initial');
      await up(database, guarded);
      expect(await drift(database, guarded)).toEqual([]);
      await run(
        isSqlite
          ? 'CREATE TRIGGER mine BEFORE INSERT ON notes BEGIN SELECT RAISE(IGNORE); END'
          : 'CREATE VIEW mine AS SELECT * FROM notes',
      );
      expect(await drift(database, guarded)).toEqual([expect.stringContaining('mine')]);
    } finally {
      await close();
    }
  });

  test('the same object made by a step fails prove', async () => {
    const { database, close } = await opened();
    try {
      const guarded = systemOf(folder, table('notes', shape, () => [appendOnly()]) as Table);
      await newStep(guarded, folder.url, 'initial');
      await folder.write({
        '0002_mine/up.sqlite.sql':
          'CREATE TRIGGER mine BEFORE INSERT ON notes BEGIN SELECT RAISE(IGNORE); END',
        '0002_mine/up.postgres.sql': 'CREATE RULE mine AS ON DELETE TO notes DO INSTEAD NOTHING',
      });
      await up(database, guarded);
      const found = (await checkStructure(database, guarded, new Date(), undefined)).find(
        ({ check: name }) => name === 'objects that no table declares',
      );
      expect(found).toMatchObject({ ok: false, found: [expect.stringMatching(/notes\.mine could lift/)] });
    } finally {
      await close();
    }
  });
});
