import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Place, withoutRoles } from '../../../../../test/support/engines.js';
import type { Engine } from '../../../src/contract/engine.js';
import { openEngine } from '../../../src/engines/open.js';
import { up } from '../../../src/migrations/index.js';
import { id, table } from '../../../src/model/index.js';
import { system } from '../../../src/system/system.js';
import { type Folder, makeFolder } from '../../migrations/folder.js';

const actions = ['CASCADE', 'SET NULL', 'SET DEFAULT', 'RESTRICT', 'NO ACTION'] as const;

const tables = (action: string) => `
  CREATE TABLE Parent (id INTEGER PRIMARY KEY, code TEXT UNIQUE) STRICT;
  CREATE TABLE child (id INTEGER PRIMARY KEY, "of" INTEGER DEFAULT NULL REFERENCES parent ON DELETE ${action}) STRICT;
  INSERT INTO Parent VALUES (1, 'a'), (2, 'b');
  INSERT INTO child VALUES (10, 1), (11, NULL);
`;
const rowsLeft =
  'SELECT (SELECT count(*) FROM Parent) AS parents, (SELECT count("of") FROM child) AS children';
const whole = [{ parents: 2, children: 1 }];

describe.each(withoutRoles)(
  'a statement of a step that deletes implicitly, on $name',
  ({ place: newPlace }) => {
    let place: Place;
    let engine: Engine;
    beforeEach(async () => {
      place = await newPlace();
      engine = await openEngine({ url: place.url, key: place.key });
    });
    afterEach(async () => {
      await engine.close();
      await place.remove();
    });

    const refused = { code: 'foreign-key-violation', message: expect.stringContaining('child') };
    const dropped = [
      'DROP TABLE Parent',
      'drop table if exists PARENT;',
      'DROP TABLE main.parent',
      'DROP /* the old one */ TABLE\n"parent" -- gone',
      'DROP TABLE "main" . [Parent]',
      "DROP TABLE IF EXISTS 'main'.'parent'",
      'DROP TABLE `parent`',
      ';; DROP TABLE parent',
      'ALTER TABLE parent RENAME TO parent_old; CREATE TABLE parent (id INTEGER PRIMARY KEY); DROP TABLE parent_old',
      'PRAGMA legacy_alter_table = ON; ALTER TABLE parent RENAME TO old; DROP TABLE old',
      'CREATE TEMP TABLE other (a); DROP TABLE other; DROP TABLE parent',
      'PRAGMA foreign_keys = OFF; DROP TABLE parent',
    ];
    const replaced = [
      "REPLACE INTO parent VALUES (1, 'c')",
      'insert or replace into main."Parent" VALUES (1, \'c\')',
      "UPDATE OR REPLACE parent SET code = 'a' WHERE id = 2",
      "WITH new AS (SELECT 1 AS id) REPLACE INTO 'parent' SELECT id, 'c' FROM new",
      "INSERT OR REPLACE INTO parent VALUES (3, 'a')",
    ];

    test.each(actions)(
      'is refused where rows refer by ON DELETE %s, however it is written',
      async (action) => {
        await engine.asOwner(async (connection) => {
          const owner = engine.dialect.ownerOfSteps(connection);
          await owner.script(tables(action));
          const silent = action !== 'RESTRICT' && action !== 'NO ACTION';
          for (const statement of [...dropped, ...(silent ? replaced : [])]) {
            {
              const run = owner.atomically(() => owner.script(statement));
              await expect(run, statement).rejects.toMatchObject(refused);
              expect(await owner.run(rowsLeft), statement).toEqual(whole);
            }
            if (/^[^;]+$/.test(statement))
              await expect(owner.run(statement), statement).rejects.toMatchObject(refused);
          }
        });
      },
    );

    test('is allowed where no row refers, in a rebuild, and for a table that only refers to itself', async () => {
      await engine.asOwner(async (connection) => {
        const owner = engine.dialect.ownerOfSteps(connection);
        await owner.script(`${tables('CASCADE')} CREATE TABLE tree (id INTEGER PRIMARY KEY, up INTEGER REFERENCES tree ON DELETE CASCADE) STRICT;
        INSERT INTO tree VALUES (1, NULL), (2, 1);
        CREATE TEMP TABLE parent_copy AS SELECT * FROM Parent;`);
        await owner.script('DROP TABLE tree; DROP TABLE parent_copy; DROP TABLE IF EXISTS nowhere');
        const copy = `
        CREATE TABLE ashlar_rebuild_parent (id INTEGER PRIMARY KEY, code TEXT) STRICT;
        INSERT INTO ashlar_rebuild_parent SELECT * FROM Parent;
        DROP TABLE Parent;
        PRAGMA legacy_alter_table = ON;
        ALTER TABLE ashlar_rebuild_parent RENAME TO Parent;
        PRAGMA legacy_alter_table = OFF`;
        await owner.atomically(() => owner.script(copy), { rebuild: true });
        expect(await owner.run(rowsLeft)).toEqual(whole);
        // the statement before it has emptied the other table
        await owner.atomically(() => owner.script('DELETE FROM child; DROP TABLE Parent'));
        expect(await owner.run('SELECT count(*) AS n FROM child')).toEqual([{ n: 0 }]);
      });
    });

    test('is found in every spelling of the name', async () => {
      await engine.asOwner(async (connection) => {
        const owner = engine.dialect.ownerOfSteps(connection);
        await owner.script(tables('CASCADE'));
        const spelling = fc.tuple(
          fc.constantFrom('DROP TABLE', 'drop  Table', 'DROP/**/TABLE', '-- x\nDROP\n--y\nTABLE'),
          fc.constantFrom(' ', ' IF EXISTS ', ' if/* ; */exists\t'),
          fc.constantFrom('', 'main.', 'MAIN .', '"main".', "'Main'. "),
          fc.constantFrom('parent', 'PARENT', '"Parent"', '[pARENT]', '`parent`', "'parent'"),
          fc.constantFrom('', ';', ' ; ', '/* end'),
        );
        await fc.assert(
          fc.asyncProperty(spelling, async (parts) => {
            await expect(owner.script(parts.join(''))).rejects.toMatchObject(refused);
          }),
          { numRuns: 200 },
        );
        expect(await owner.run(rowsLeft)).toEqual(whole);
      });
    });

    describe('in a step', () => {
      let folder: Folder;
      beforeEach(async () => {
        folder = await makeFolder();
      });
      afterEach(() => folder.remove());

      test.each([
        ['sql', { '0002_drop/up.sqlite.sql': 'DROP TABLE parent;' }],
        [
          'sql without a transaction',
          { '0002_drop/up.sqlite.sql': '-- ashlar: no-transaction\nDROP TABLE parent;' },
        ],
        ['code', { '0002_drop/up.js': "export const up = (owner) => owner.script('DROP TABLE parent');" }],
      ])('of %s names the tables and the directive, and loses nothing', async (_, files) => {
        await folder.step('0001_initial', tables('CASCADE'));
        await folder.write(files);
        const shop = system('shop', {
          tables: { other: table('other', { id: id(), body: z.string() }) },
          migrations: folder.url,
        });
        await expect(up(engine, shop)).rejects.toMatchObject({
          code: 'migration-failed',
          detail: expect.stringMatching(/refer to it[\s\S]*-- ashlar: rebuild/),
        });
        await engine.asOwner(async (owner) => expect(await owner.run(rowsLeft)).toEqual(whole));
      });
    });
  },
);
