import { autoincrement, extra, system, type Table, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { checkMigrations, down, drift, newStep, up } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { type Folder, makeFolder } from './folder.js';

const { withRoles } = oneOfEach(import.meta.url);

/** Objects of PostgreSQL that name the table of their step, or that have parts of their own. */
const kinds = {
  'a function in SQL':
    'CREATE FUNCTION made() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM notes $$',
  'a function in SQL, with its body in quotes':
    "CREATE FUNCTION made() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM notes'",
  'a function with a parsed body':
    'CREATE FUNCTION made() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM notes; END',
  'a function that returns rows':
    'CREATE FUNCTION made() RETURNS SETOF notes LANGUAGE sql AS $$ SELECT * FROM notes $$',
  'a function of a row':
    'CREATE FUNCTION made(n notes) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN n.title; END $$',
  'a function in PL/pgSQL':
    'CREATE FUNCTION made() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM notes); END $$',
  'a procedure in SQL': 'CREATE PROCEDURE made() LANGUAGE sql AS $$ UPDATE notes SET title = title $$',
  'a procedure in PL/pgSQL':
    'CREATE PROCEDURE made(n integer) LANGUAGE plpgsql AS $$ BEGIN UPDATE notes SET title = title; END $$',
  'a range type': 'CREATE TYPE made AS RANGE (subtype = float8, subtype_diff = float8mi)',
  'a range type with a name for its multirange':
    'CREATE TYPE made AS RANGE (subtype = int8, multirange_type_name = many_made)',
} as const; // prettier-ignore

let folder: Folder;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const engines = ['postgres'] as const;

describe.each(withRoles)('declared objects of more kinds on $name', (kind) => {
  test.each(Object.entries(kinds))('%s: with its table, later, kept, and dropped', async (_, postgres) => {
    const made = extra({ name: 'made', sqlite: null, postgres });
    const make = (isMade: boolean, hasMore = true) =>
      system('shop', {
        tables: {
          notes: table('notes', {
            id: autoincrement(),
            title: z.string(),
            ...(hasMore && { more: z.int().nullable() }),
          }) as unknown as Table,
        },
        objects: isMade ? [made] : [],
        migrations: folder.url,
      });
    const place = await kind.place();
    const engine = await openEngine({ url: place.url });
    const decide = async () => undefined;
    const then = async (name: string, shop: ReturnType<typeof make>): Promise<void> => {
      expect(await newStep(shop, folder.url, name, { engines, decide })).toBeDefined();
      await up(engine, shop);
      expect(await drift(engine, shop)).toEqual([]);
      await checkMigrations(shop, 'postgres');
      await down(engine, shop);
      await up(engine, shop);
    };
    try {
      await then('initial', make(true, false));
      await then('kept', make(true));
      await then('gone', make(false));
      await then('later', make(true));
    } finally {
      await engine.close();
      await place.remove();
    }
  });
});

describe('the SQL of a declared object', () => {
  const declare = (name: string, sql: string) => () =>
    system('shop', {
      tables: {
        notes: table('notes', { id: autoincrement(), title: z.string() }, () => [
          extra({ name, sqlite: sql, postgres: sql }),
        ]),
      },
      migrations: new URL('file:///nowhere/'),
    });

  test.each([
    [
      'shown',
      'CREATE VIEW shown AS SELECT id FROM notes; CREATE VIEW other AS SELECT id FROM notes',
      'more than one statement',
    ],
    ['notes', 'CREATE VIEW shown AS SELECT id FROM notes', 'creates shown'],
    ['id', 'CREATE INDEX notes_id ON notes (id)', 'creates notes_id'],
    ['notes', 'CREATE INDEX ON notes (id)', 'no object with a name'],
  ])('is one statement that creates %s', (name, sql, message) => {
    expect(declare(name, sql)).toThrowError(
      expect.objectContaining({ code: 'table-invalid', message: expect.stringContaining(message) }),
    );
  });

  test.each([
    ['shown', 'CREATE VIEW shown AS SELECT id FROM notes;'],
    ['shown', '-- one; and only\ncreate view "shown" as select ID from NOTES -- end'],
    ['shown', 'CREATE VIEW IF NOT EXISTS public.shown AS SELECT id FROM notes'],
    ['shown', 'CREATE UNIQUE INDEX IF NOT EXISTS shown ON notes (id)'],
    ['shown', 'CREATE TRIGGER shown AFTER INSERT ON notes BEGIN SELECT 1; END'],
  ])('may be written in other ways', (name, sql) => {
    if (!sql.includes('TRIGGER')) expect(declare(name, sql)).not.toThrow();
    else expect(() => extra({ name, sqlite: sql, postgres: null })).not.toThrow();
  });
});
