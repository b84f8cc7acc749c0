import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Renames } from '../../../src/contract/dialect.js';
import type { Engine } from '../../../src/contract/engine.js';
import type { GuaranteeObject } from '../../../src/contract/guarantee.js';
import type { Schema, SchemaChange } from '../../../src/contract/schema.js';
import { openShadow } from '../../../src/engines/shadow.js';
import { sqliteDialect } from '../../../src/engines/sqlite/dialect.js';
import { acyclic } from '../../../src/guarantees/index.js';
import {
  autoincrement,
  check,
  id,
  index,
  references,
  type Table,
  table,
  timestamps,
  unique,
} from '../../../src/model/index.js';
import { create, failure, rows, workplace } from './support.js';

const { open } = workplace();

const schemaOf = (engine: Engine): Promise<Schema> => engine.asOwner((owner) => engine.introspect(owner));

const freshSchema = async (tables: readonly Table[]): Promise<Schema> => {
  const shadow = await openShadow('sqlite');
  try {
    await create(shadow, tables);
    return await schemaOf(shadow);
  } finally {
    await shadow.close();
  }
};

const apply = (engine: Engine, statements: readonly string[], rebuild: boolean): Promise<void> =>
  engine.asOwner((owner) =>
    owner.atomically(
      async () => {
        // as a migration file would be run: as one text
        await owner.script(statements.map((statement) => `${statement};\n`).join(''));
      },
      { rebuild },
    ),
  );

const same = (a: Schema, b: Schema): void => expect(sqliteDialect.changes(a, b, [], {})).toEqual([]);

/** Brings an engine from one model to another, checks that it is there, and gives the changes with their way back. */
const migrate = async (engine: Engine, now: readonly Table[], renames: Renames = {}) => {
  const before = await schemaOf(engine);
  const after = await freshSchema(now);
  const changes = sqliteDialect.changes(before, after, now, renames);
  for (const { up, rebuild } of changes) await apply(engine, up, rebuild.includes('up'));
  same(await schemaOf(engine), after);
  same(after, await schemaOf(engine));
  const down = async () => {
    for (const change of [...changes].reverse())
      await apply(engine, change.down, change.rebuild.includes('down'));
    same(await schemaOf(engine), before);
  };
  return { changes, down };
};

const authors = table('authors', { id: autoincrement(), name: z.string().max(50) }, (c) => [unique(c.name)]);
const clauses = table(
  'clauses',
  {
    id: autoincrement(),
    author_id: z.int(),
    code: z.string().max(50),
    size: z.string(),
    note: z.string().nullable(),
    ...timestamps(),
  },
  (c) => [
    unique(c.code),
    index(c.author_id),
    references(c.author_id, authors.columns.id),
    check('clauses_size_check2', 'length(size) < 100'),
  ],
);
const clauseColumns = {
  id: autoincrement(),
  author_id: z.int(),
  code: z.string().max(50),
  size: z.string(),
  note: z.string().nullable(),
};

const filled = async (): Promise<Engine> => {
  const engine = await open();
  await create(engine, [authors, clauses]);
  await engine.asOwner((owner) =>
    owner.script(`
      INSERT INTO authors (name) VALUES ('Ada'), ('Bob'), ('Eve');
      DELETE FROM authors WHERE id = 3;
      INSERT INTO clauses (author_id, code, size, note) VALUES (1, 'a', '10', 'x'), (2, 'b', '20', NULL), (2, 'c', '0', 'z');
      DELETE FROM clauses WHERE code = 'c';
      CREATE TRIGGER authors_named AFTER UPDATE ON authors BEGIN UPDATE clauses SET note = new.name WHERE author_id = new.id; END;
    `),
  );
  return engine;
};

const authorsWithTrigger = (tables: readonly Table[]): Table[] =>
  tables.map((each) =>
    each === authors
      ? table('authors', { id: autoincrement(), name: z.string().max(50) }, (c) => [
          unique(c.name),
          trigger(),
        ])
      : each,
  );

const trigger = (sql?: string) => ({
  kind: 'guarantee' as const,
  name: 'named',
  summary: 'Names travel.',
  postgres: { level: 'refused' as const, why: 'only a test' },
  sqlite: {
    level: 'enforced' as const,
    objects: (): GuaranteeObject[] => [
      {
        type: 'trigger',
        name: 'authors_named',
        sql:
          sql ??
          'CREATE TRIGGER authors_named AFTER UPDATE ON authors\nBEGIN\n  UPDATE clauses SET note = new.name WHERE author_id = new.id;\nEND;',
      },
    ],
  },
});

const summaries = (changes: readonly SchemaChange[]) => changes.map(({ summary }) => summary);

const model = (clausesNow: Table) => authorsWithTrigger([authors, clausesNow]);

describe('a schema', () => {
  test('made from the model equals itself, with any white space and comments in its text', async () => {
    const engine = await filled();
    same(await schemaOf(engine), await freshSchema(model(clauses)));
  });

  test('leaves out Ashlar’s own tables', async () => {
    const engine = await open();
    await engine.asOwner((owner) =>
      owner.script('CREATE TABLE ashlar_migrations (step TEXT); CREATE INDEX i ON ashlar_migrations (step)'),
    );
    expect(await schemaOf(engine)).toEqual({ tables: [], functions: [], objects: [] });
  });

  test('is dumped as SQL that creates it again', async () => {
    const engine = await filled();
    const text = sqliteDialect.dump(await schemaOf(engine));
    expect(text).toMatchInlineSnapshot(`
      "CREATE TABLE authors (
        id   INTEGER CONSTRAINT authors_pkey PRIMARY KEY AUTOINCREMENT
          CONSTRAINT authors_id_check CHECK (id BETWEEN 1 AND 9007199254740991),
        name TEXT    NOT NULL CONSTRAINT authors_name_check CHECK (length(name) <= 50 AND instr(name, char(0)) = 0),
        CONSTRAINT authors_name_key UNIQUE (name)
      ) STRICT;
      CREATE TRIGGER authors_id_generated_insert BEFORE INSERT ON authors
      WHEN NEW.id <> -1
        AND EXISTS (SELECT 1 FROM ashlar_session WHERE NOT (actor IS 'owner' AND scope IS '*'))
      BEGIN
        SELECT RAISE(ABORT, 'ashlar/autoincrement: the column id is generated by the database only');
      END;
      CREATE TRIGGER authors_id_generated_update BEFORE UPDATE ON authors
      WHEN NEW.id IS NOT OLD.id
        AND EXISTS (SELECT 1 FROM ashlar_session WHERE NOT (actor IS 'owner' AND scope IS '*'))
      BEGIN
        SELECT RAISE(ABORT, 'ashlar/autoincrement: the column id is generated by the database only');
      END;
      CREATE TRIGGER authors_named AFTER UPDATE ON authors BEGIN UPDATE clauses SET note = new.name WHERE author_id = new.id; END;

      CREATE TABLE clauses (
        id         INTEGER CONSTRAINT clauses_pkey PRIMARY KEY AUTOINCREMENT
          CONSTRAINT clauses_id_check CHECK (id BETWEEN 1 AND 9007199254740991),
        author_id  INTEGER NOT NULL
          CONSTRAINT clauses_author_id_check CHECK (author_id BETWEEN -9007199254740991 AND 9007199254740991),
        code       TEXT    NOT NULL
          CONSTRAINT clauses_code_check CHECK (length(code) <= 50 AND instr(code, char(0)) = 0),
        size       TEXT    NOT NULL,
        note       TEXT,
        created_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
          CONSTRAINT clauses_created_at_check CHECK (
            created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
            AND created_at >= '0001'
          ),
        updated_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
          CONSTRAINT clauses_updated_at_check CHECK (
            updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
            AND updated_at >= '0001'
          ),
        CONSTRAINT clauses_code_key UNIQUE (code),
        CONSTRAINT clauses_author_id_fkey FOREIGN KEY (author_id) REFERENCES authors (id) ON DELETE RESTRICT,
        CONSTRAINT clauses_size_check2 CHECK (length(size) < 100)
      ) STRICT;
      CREATE INDEX clauses_author_id_idx ON clauses (author_id);
      CREATE TRIGGER clauses_author_id_fkey_insert BEFORE INSERT ON clauses
      WHEN NEW.author_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM authors WHERE id = NEW.author_id)
      BEGIN
        SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: clauses_author_id_fkey');
      END;
      CREATE TRIGGER clauses_author_id_fkey_update BEFORE UPDATE OF author_id ON clauses
      WHEN NEW.author_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM authors WHERE id = NEW.author_id)
      BEGIN
        SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: clauses_author_id_fkey');
      END;
      CREATE TRIGGER clauses_id_generated_insert BEFORE INSERT ON clauses
      WHEN NEW.id <> -1
        AND EXISTS (SELECT 1 FROM ashlar_session WHERE NOT (actor IS 'owner' AND scope IS '*'))
      BEGIN
        SELECT RAISE(ABORT, 'ashlar/autoincrement: the column id is generated by the database only');
      END;
      CREATE TRIGGER clauses_id_generated_update BEFORE UPDATE ON clauses
      WHEN NEW.id IS NOT OLD.id
        AND EXISTS (SELECT 1 FROM ashlar_session WHERE NOT (actor IS 'owner' AND scope IS '*'))
      BEGIN
        SELECT RAISE(ABORT, 'ashlar/autoincrement: the column id is generated by the database only');
      END;
      "
    `);
    const other = await open();
    await engine.asOwner(async () => undefined);
    await other.asOwner((owner) => owner.script(text));
    same(await schemaOf(other), await schemaOf(engine));
    expect(sqliteDialect.dump(await schemaOf(other))).toBe(text);
  });

  test('of an empty database is dumped as nothing', () => {
    expect(sqliteDialect.dump({ tables: [], functions: [], objects: [] })).toBe('');
  });
});

describe('a column', () => {
  test('is added in place, and equals one of a fresh table', async () => {
    const engine = await filled();
    const now = table(
      'clauses',
      {
        category: z.enum(['x', 'y, z']).default('x'),
        weight: z.int().nullable(),
        ...clauseColumns,
        ...timestamps(),
      },
      (c) => [
        unique(c.code),
        index(c.author_id),
        index(c.category),
        references(c.author_id, authors.columns.id),
        check('clauses_size_check2', 'length(size) < 100'),
      ],
    );
    const { changes, down } = await migrate(engine, model(now));
    expect(changes).toMatchInlineSnapshot(`
      [
        {
          "danger": undefined,
          "down": [
            "ALTER TABLE clauses DROP COLUMN category",
          ],
          "rebuild": [],
          "summary": "clauses: add column category",
          "up": [
            "ALTER TABLE clauses ADD COLUMN category TEXT NOT NULL DEFAULT 'x' CONSTRAINT clauses_category_check CHECK (category IN ('x', 'y, z'))",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "ALTER TABLE clauses DROP COLUMN weight",
          ],
          "rebuild": [],
          "summary": "clauses: add column weight",
          "up": [
            "ALTER TABLE clauses ADD COLUMN weight INTEGER CONSTRAINT clauses_weight_check CHECK (weight BETWEEN -9007199254740991 AND 9007199254740991)",
          ],
        },
        {
          "danger": undefined,
          "down": [
            "DROP INDEX clauses_category_idx",
          ],
          "rebuild": [],
          "summary": "clauses: create index clauses_category_idx",
          "up": [
            "CREATE INDEX clauses_category_idx ON clauses (category)",
          ],
        },
      ]
    `);
    expect(await rows(engine, 'SELECT code, category FROM clauses ORDER BY id')).toEqual([
      { code: 'a', category: 'x' },
      { code: 'b', category: 'x' },
    ]);
    await down();
    expect(await rows(engine, 'SELECT code, note FROM clauses ORDER BY id')).toEqual([
      { code: 'a', note: 'x' },
      { code: 'b', note: null },
    ]);
  });

  test('that is renamed and one that is retyped keep their data, through a rebuild', async () => {
    const engine = await filled();
    const { size, note, ...others } = clauseColumns;
    const now = table(
      'clauses',
      { ...others, length: z.int().min(0), note: z.string().default('none'), ...timestamps() },
      (c) => [
        unique(c.code),
        index(c.author_id),
        references(c.author_id, authors.columns.id, { onDelete: 'cascade' }),
      ],
    );
    await engine.asOwner((owner) => owner.script("UPDATE clauses SET note = 'y' WHERE note IS NULL"));
    const { changes, down } = await migrate(engine, model(now), { clauses: { length: 'size' } });
    expect(changes).toMatchInlineSnapshot(`
      [
        {
          "danger": "clauses is rewritten; writers wait until it is done. It fails, and changes nothing, where a value of length, note is invalid for the new column. To delete a row of authors was refused, and then deletes the rows that refer to it by author_id.",
          "down": [
            "CREATE TABLE ashlar_rebuild_clauses (
        id         INTEGER CONSTRAINT clauses_pkey PRIMARY KEY AUTOINCREMENT
          CONSTRAINT clauses_id_check CHECK (id BETWEEN 1 AND 9007199254740991),
        author_id  INTEGER NOT NULL
          CONSTRAINT clauses_author_id_check CHECK (author_id BETWEEN -9007199254740991 AND 9007199254740991),
        code       TEXT    NOT NULL
          CONSTRAINT clauses_code_check CHECK (length(code) <= 50 AND instr(code, char(0)) = 0),
        size       TEXT    NOT NULL,
        note       TEXT,
        created_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
          CONSTRAINT clauses_created_at_check CHECK (
            created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
            AND created_at >= '0001'
          ),
        updated_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
          CONSTRAINT clauses_updated_at_check CHECK (
            updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
            AND updated_at >= '0001'
          ),
        CONSTRAINT clauses_code_key UNIQUE (code),
        CONSTRAINT clauses_author_id_fkey FOREIGN KEY (author_id) REFERENCES authors (id) ON DELETE RESTRICT,
        CONSTRAINT clauses_size_check2 CHECK (length(size) < 100)
      ) STRICT",
            "INSERT INTO ashlar_rebuild_clauses (id, author_id, code, size, note, created_at, updated_at)
      SELECT id, author_id, code, CAST(length AS TEXT), note, created_at, updated_at
      FROM clauses",
            "DELETE FROM sqlite_sequence WHERE name = 'ashlar_rebuild_clauses'",
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'ashlar_rebuild_clauses', seq FROM sqlite_sequence WHERE name = 'clauses'",
            "DROP TABLE clauses",
            "PRAGMA legacy_alter_table = ON",
            "ALTER TABLE ashlar_rebuild_clauses RENAME TO clauses",
            "PRAGMA legacy_alter_table = OFF",
            "CREATE INDEX clauses_author_id_idx ON clauses (author_id)",
            "CREATE TRIGGER clauses_author_id_fkey_insert BEFORE INSERT ON clauses
      WHEN NEW.author_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM authors WHERE id = NEW.author_id)
      BEGIN
        SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: clauses_author_id_fkey');
      END",
            "CREATE TRIGGER clauses_author_id_fkey_update BEFORE UPDATE OF author_id ON clauses
      WHEN NEW.author_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM authors WHERE id = NEW.author_id)
      BEGIN
        SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: clauses_author_id_fkey');
      END",
            "CREATE TRIGGER clauses_id_generated_insert BEFORE INSERT ON clauses
      WHEN NEW.id <> -1
        AND EXISTS (SELECT 1 FROM ashlar_session WHERE NOT (actor IS 'owner' AND scope IS '*'))
      BEGIN
        SELECT RAISE(ABORT, 'ashlar/autoincrement: the column id is generated by the database only');
      END",
            "CREATE TRIGGER clauses_id_generated_update BEFORE UPDATE ON clauses
      WHEN NEW.id IS NOT OLD.id
        AND EXISTS (SELECT 1 FROM ashlar_session WHERE NOT (actor IS 'owner' AND scope IS '*'))
      BEGIN
        SELECT RAISE(ABORT, 'ashlar/autoincrement: the column id is generated by the database only');
      END",
          ],
          "rebuild": [
            "up",
            "down",
          ],
          "summary": "clauses: rename column size to length, change column note (rebuilds the table)",
          "up": [
            "CREATE TABLE ashlar_rebuild_clauses (
        id         INTEGER CONSTRAINT clauses_pkey PRIMARY KEY AUTOINCREMENT
          CONSTRAINT clauses_id_check CHECK (id BETWEEN 1 AND 9007199254740991),
        author_id  INTEGER NOT NULL
          CONSTRAINT clauses_author_id_check CHECK (author_id BETWEEN -9007199254740991 AND 9007199254740991),
        code       TEXT    NOT NULL
          CONSTRAINT clauses_code_check CHECK (length(code) <= 50 AND instr(code, char(0)) = 0),
        length     INTEGER NOT NULL CONSTRAINT clauses_length_check CHECK (length BETWEEN 0 AND 9007199254740991),
        note       TEXT    NOT NULL DEFAULT 'none',
        created_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
          CONSTRAINT clauses_created_at_check CHECK (
            created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
            AND created_at >= '0001'
          ),
        updated_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
          CONSTRAINT clauses_updated_at_check CHECK (
            updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
            AND updated_at >= '0001'
          ),
        CONSTRAINT clauses_code_key UNIQUE (code),
        CONSTRAINT clauses_author_id_fkey FOREIGN KEY (author_id) REFERENCES authors (id) ON DELETE CASCADE
      ) STRICT",
            "INSERT INTO ashlar_rebuild_clauses (id, author_id, code, length, note, created_at, updated_at)
      SELECT id, author_id, code,
        CASE WHEN size IS NULL THEN NULL WHEN CAST(CAST(size AS INTEGER) AS TEXT) = size THEN CAST(size AS INTEGER) ELSE 'clauses.size cannot be converted to integer' END,
        note, created_at, updated_at
      FROM clauses",
            "DELETE FROM sqlite_sequence WHERE name = 'ashlar_rebuild_clauses'",
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'ashlar_rebuild_clauses', seq FROM sqlite_sequence WHERE name = 'clauses'",
            "DROP TABLE clauses",
            "PRAGMA legacy_alter_table = ON",
            "ALTER TABLE ashlar_rebuild_clauses RENAME TO clauses",
            "PRAGMA legacy_alter_table = OFF",
            "CREATE INDEX clauses_author_id_idx ON clauses (author_id)",
            "CREATE TRIGGER clauses_author_id_fkey_insert BEFORE INSERT ON clauses
      WHEN NEW.author_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM authors WHERE id = NEW.author_id)
      BEGIN
        SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: clauses_author_id_fkey');
      END",
            "CREATE TRIGGER clauses_author_id_fkey_update BEFORE UPDATE OF author_id ON clauses
      WHEN NEW.author_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM authors WHERE id = NEW.author_id)
      BEGIN
        SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: clauses_author_id_fkey');
      END",
            "CREATE TRIGGER clauses_id_generated_insert BEFORE INSERT ON clauses
      WHEN NEW.id <> -1
        AND EXISTS (SELECT 1 FROM ashlar_session WHERE NOT (actor IS 'owner' AND scope IS '*'))
      BEGIN
        SELECT RAISE(ABORT, 'ashlar/autoincrement: the column id is generated by the database only');
      END",
            "CREATE TRIGGER clauses_id_generated_update BEFORE UPDATE ON clauses
      WHEN NEW.id IS NOT OLD.id
        AND EXISTS (SELECT 1 FROM ashlar_session WHERE NOT (actor IS 'owner' AND scope IS '*'))
      BEGIN
        SELECT RAISE(ABORT, 'ashlar/autoincrement: the column id is generated by the database only');
      END",
          ],
        },
      ]
    `);
    const found = await rows(engine, 'SELECT id, author_id, code, length, note FROM clauses ORDER BY id');
    expect(found).toEqual([
      { id: 1, author_id: 1, code: 'a', length: 10, note: 'x' },
      { id: 2, author_id: 2, code: 'b', length: 20, note: 'y' },
    ]);
    // the trigger of the other table still finds its table; numbers go on after the highest that was ever used
    await engine.asOwner((owner) =>
      owner.script(
        "UPDATE authors SET name = 'Zoe' WHERE id = 1; INSERT INTO clauses (author_id, code, length) VALUES (1, 'd', 5)",
      ),
    );
    expect(await rows(engine, 'SELECT id, note FROM clauses ORDER BY id')).toEqual([
      { id: 1, note: 'Zoe' },
      { id: 2, note: 'y' },
      { id: 4, note: 'none' },
    ]);
    await failure('foreign-key-violation', () =>
      engine.asOwner((owner) =>
        owner.run("INSERT INTO clauses (author_id, code, length) VALUES (9, 'e', 1)"),
      ),
    );
    await down();
    expect(await rows(engine, 'SELECT id, size FROM clauses ORDER BY id')).toEqual([
      { id: 1, size: '10' },
      { id: 2, size: '20' },
      { id: 4, size: '5' },
    ]);
    const sequence = "SELECT seq FROM sqlite_sequence WHERE name = 'clauses'";
    expect(await engine.asOwner((owner) => owner.run(sequence))).toEqual([{ seq: 4 }]);
  });

  test('with values that are invalid for a new type fails the rebuild, and nothing changes', async () => {
    const engine = await filled();
    await engine.asOwner((owner) => owner.script("UPDATE clauses SET size = 'large' WHERE id = 1"));
    const before = await schemaOf(engine);
    const now = table('clauses', { ...clauseColumns, size: z.int(), ...timestamps() }, (c) => [
      unique(c.code),
      index(c.author_id),
      references(c.author_id, authors.columns.id),
    ]);
    await failure('value-invalid', () => migrate(engine, model(now)));
    same(await schemaOf(engine), before);
    expect(await rows(engine, 'SELECT size FROM clauses ORDER BY id')).toEqual([
      { size: 'large' },
      { size: '20' },
    ]);
  });

  test('is dropped in place where it can be added again', async () => {
    const engine = await filled();
    const { note, ...others } = clauseColumns;
    const now = table('clauses', { ...others, ...timestamps() }, (c) => [
      unique(c.code),
      index(c.author_id),
      references(c.author_id, authors.columns.id),
      check('clauses_size_check2', 'length(size) < 100'),
    ]);
    const withoutTrigger = [authors, now];
    const { changes, down } = await migrate(engine, withoutTrigger);
    expect(summaries(changes)).toEqual(['authors: drop trigger authors_named', 'clauses: drop column note']);
    expect(changes[1]?.danger).toContain('lost');
    expect(changes[1]?.up).toEqual(['ALTER TABLE clauses DROP COLUMN note']);
    await down();
    expect(await rows(engine, 'SELECT code, note FROM clauses ORDER BY id')).toEqual([
      { code: 'a', note: null },
      { code: 'b', note: null },
    ]);
  });

  test('that is required is dropped by a rebuild, and says which value going back sets', async () => {
    const engine = await filled();
    const { size, ...others } = clauseColumns;
    const now = table('clauses', { ...others, ...timestamps() }, (c) => [
      unique(c.code),
      index(c.author_id),
      references(c.author_id, authors.columns.id),
    ]);
    const { changes, down } = await migrate(engine, model(now));
    expect(changes[0]?.danger).toContain("Undoing it sets size to '' in every row.");
    await down();
    const sizes = await engine.asOwner((owner) => owner.run('SELECT DISTINCT size FROM clauses'));
    expect(sizes).toEqual([{ size: '' }]);
  });

  test('with the time as its default is filled in by a rebuild', async () => {
    const engine = await open();
    const plain = table('notes', { id: autoincrement(), body: z.string() });
    await create(engine, [plain]);
    await engine.asOwner((owner) => owner.script("INSERT INTO notes (body) VALUES ('x')"));
    const { down } = await migrate(engine, [
      table('notes', { id: autoincrement(), body: z.string(), ...timestamps() }),
    ]);
    expect((await rows(engine, 'SELECT created_at FROM notes'))[0]?.created_at).toMatch(/Z$/);
    await down();
    expect(await rows(engine, 'SELECT * FROM notes')).toEqual([{ id: 1, body: 'x' }]);
  });
});

describe('a table', () => {
  const tree = table('tree', { id: id(), parent_id: z.uuid().nullable() }, (c) => [
    references(c.parent_id, c.id),
  ]);

  test('is created and dropped, those that are referred to first and last', async () => {
    const engine = await open();
    await create(engine, []);
    const { changes, down } = await migrate(engine, [clauses, tree, authors]);
    expect(summaries(changes)).toEqual([
      'authors: create table',
      'clauses: create table',
      'tree: create table',
    ]);
    await engine.asOwner((owner) =>
      owner.script(
        "INSERT INTO authors (name) VALUES ('Ada'); INSERT INTO clauses (author_id, code, size) VALUES (1, 'a', '1')",
      ),
    );
    const gone = await migrate(engine, [tree]);
    expect(summaries(gone.changes)).toEqual(['clauses: drop table', 'authors: drop table']);
    expect(gone.changes[0]?.danger).toContain('All rows of clauses are lost');
    await gone.down();
    await down();
    expect((await schemaOf(engine)).tables).toEqual([]);
  });

  test('that refers to itself is rebuilt', async () => {
    const engine = await open();
    await create(engine, [tree]);
    const [parent, child] = ['0190a5b0-0000-7000-8000-000000000001', '0190a5b0-0000-7000-8000-000000000002'];
    await engine.asOwner((owner) =>
      owner.script(`INSERT INTO tree VALUES ('${parent}', NULL), ('${child}', '${parent}')`),
    );
    const now = table('tree', { id: id(), parent_id: z.uuid().nullable() }, (c) => [
      references(c.parent_id, c.id, { onDelete: 'cascade' }),
    ]);
    const { changes, down } = await migrate(engine, [now]);
    expect(summaries(changes)).toEqual(['tree: change constraints (rebuilds the table)']);
    await down();
    await failure('foreign-key-violation', () =>
      engine.asOwner((owner) => owner.run(`DELETE FROM tree WHERE id = '${parent}'`)),
    );
  });

  test('that counts, refers to itself and names itself in a CHECK is rebuilt beside tables of any name', async () => {
    const bigger = (size: z.ZodString) =>
      table('boxes', { id: autoincrement(), in_id: z.int().nullable(), label: size, size: z.int() }, (c) => [
        references(c.in_id, c.id),
        check('boxes_small', 'boxes.size < 100 AND "boxes".size > 0'),
        index(c.in_id),
      ]);
    const others = ['boxes_new', 'new_boxes', 'boxes_old', 'rebuild_boxes'].map((name) =>
      table(name, { id: id(), note: z.string() }),
    );
    const engine = await open();
    await create(engine, [bigger(z.string()), ...others]);
    const someId = '0190a5b0-0000-7000-8000-000000000001';
    await engine.asOwner(async (owner) => {
      await owner.script("INSERT INTO boxes (id, in_id, label, size) VALUES (1, 1, 'a', 5), (9, 1, 'b', 6)");
      await owner.script('DELETE FROM boxes WHERE id = 9');
      for (const { name } of others) await owner.script(`INSERT INTO ${name} VALUES ('${someId}', 'kept')`);
    });
    const { down } = await migrate(engine, [bigger(z.string().max(50)), ...others]);
    const state = () =>
      engine.asOwner(async (owner) => ({
        boxes: await owner.run('SELECT * FROM boxes'),
        last: await owner.run("SELECT name, seq FROM sqlite_sequence WHERE name LIKE '%boxes%'"),
        notes: await Promise.all(others.map(({ name }) => owner.run(`SELECT note FROM ${name}`))),
        refused: await Promise.all(
          [
            "INSERT INTO boxes (in_id, label, size) VALUES (1, 'big', 100)",
            "INSERT INTO boxes (in_id, label, size) VALUES (8, 'nowhere', 5)",
          ].map((insert) => owner.run(insert).catch(({ code }) => code)),
        ),
      }));
    const expected = {
      boxes: [{ id: 1, in_id: 1, label: 'a', size: 5 }],
      last: [{ name: 'boxes', seq: 9 }],
      notes: others.map(() => [{ note: 'kept' }]),
      refused: ['check-violation', 'foreign-key-violation'],
    };
    expect(await state()).toEqual(expected);
    await down();
    expect(await state()).toEqual(expected);
  });

  test('that has a guarantee over its own foreign key is rebuilt', async () => {
    const nodes = (label: z.ZodString) =>
      table('nodes', { id: id(), label, parent_id: z.uuid().nullable() }, (c) => [
        references(c.parent_id, c.id),
        acyclic(c.parent_id),
      ]);
    const engine = await open();
    await create(engine, [nodes(z.string())]);
    const { down } = await migrate(engine, [nodes(z.string().max(50))]);
    await down();
  });

  test('that is a side table of another is created with it, or after it', async () => {
    const beside = (): ReturnType<typeof trigger> => ({
      ...trigger(),
      sqlite: {
        level: 'enforced',
        objects: () => [
          {
            type: 'table',
            name: 'notes_log',
            sql: 'CREATE TABLE notes_log (id INTEGER PRIMARY KEY) STRICT;',
          },
          {
            type: 'trigger',
            name: 'notes_logged',
            sql: 'CREATE TRIGGER notes_logged AFTER INSERT ON notes BEGIN INSERT INTO notes_log VALUES (new.id); END;',
          },
        ],
      },
    });
    const plain = table('notes', { id: autoincrement(), note: z.string() });
    const logged = table('notes', { id: autoincrement(), note: z.string() }, () => [beside()]);
    const whole = await open();
    const first = await migrate(whole, [logged]);
    expect(summaries(first.changes)).toEqual(['notes: create table']);
    await first.down();
    const later = await open();
    await create(later, [plain]);
    const second = await migrate(later, [logged]);
    expect(summaries(second.changes)).toEqual([
      'notes_log: create table',
      'notes: create trigger notes_logged',
    ]);
    await second.down();
  });
});

test('an index or a trigger with another definition is replaced', async () => {
  const engine = await filled();
  const now = table('clauses', { ...clauseColumns, ...timestamps() }, (c) => [
    unique(c.code),
    index(c.author_id, c.code, { name: 'clauses_author_id_idx' }),
    references(c.author_id, authors.columns.id),
    check('clauses_size_check2', 'length(size) < 100'),
  ]);
  const named = table('authors', { id: autoincrement(), name: z.string().max(50) }, (c) => [
    unique(c.name),
    trigger('CREATE TRIGGER authors_named AFTER DELETE ON authors BEGIN SELECT 1; END'),
  ]);
  const { changes, down } = await migrate(engine, [named, now]);
  expect(summaries(changes)).toEqual([
    'authors: drop trigger authors_named',
    'authors: create trigger authors_named',
    'clauses: drop index clauses_author_id_idx',
    'clauses: create index clauses_author_id_idx',
  ]);
  expect(changes.flatMap(({ rebuild }) => rebuild)).toEqual([]);
  await down();
});
