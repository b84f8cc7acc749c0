import { openEngine } from 'ashlar/extend';
import { drift } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneOfEach, type Place } from '../../../../test/support/engines.js';
import { refuses } from '../../src/engines/sqlite/schema/index-refusal.js';
import { writingSchema } from '../engines/sqlite/other-program.js';
import type { Folder } from '../migrations/folder.js';
import { everyFolder } from '../prove/every-folder.js';
import { asSystem } from '../prove/every-guarantee.js';
import { initialise } from '../prove/support.js';

const { withoutRoles } = oneOfEach(import.meta.url);

let folder: Folder;
beforeAll(async () => {
  folder = await everyFolder();
});
afterAll(() => folder.remove());

/** Writes sqlite_schema with another program. */
const write = (place: Place, statements: readonly string[]): void =>
  writingSchema(place, (database) => {
    for (const sql of statements) {
      const { changes } = database.prepare(sql).run();
      if (changes !== 1) throw new Error(`${sql} changed ${changes} entries`);
    }
    // other connections read the schema again
    database.pragma('schema_version = 4711');
  });

const hush = 'CREATE TRIGGER hush BEFORE UPDATE ON clients BEGIN SELECT RAISE(IGNORE); END';
const entry = (type: string, table = "'clients'", text = `'${hush}'`): string =>
  `INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES (${type}, 'hush', ${table}, 0, ${text})`;

describe.each(withoutRoles)('an entry of sqlite_schema that SQLite would not write, on $name', (engine) => {
  it.each([
    ['a trigger in upper case', [entry("'TRIGGER'")], /clients: the trigger hush is made by no step/],
    ['a trigger in mixed case', [entry("'TrIgGeR'")], /clients: the trigger hush is made by no step/],
    [
      'a trigger of a table in upper case',
      [entry("'trigger'", "'CLIENTS'")],
      /clients: the trigger hush is made by no step/,
    ],
    [
      'a text that is a BLOB',
      [entry("'trigger'", undefined, `CAST('${hush}' AS BLOB)`)],
      /the entry that is not what it says trigger hush/,
    ],
    [
      'a text in other letters',
      [entry("'trigger'", undefined, `'${hush.replace('CREATE TRIGGER', 'cReAtE tRiGgEr')}'`)],
      /clients: the trigger hush is made by no step/,
    ],
    [
      'a text that ends early',
      [entry("'trigger'", undefined, `'${hush}' || char(0) || ' nothing'`)],
      /clients: the trigger hush is made by no step/,
    ],
    [
      'an expected trigger, recorded in upper case',
      [
        "UPDATE sqlite_schema SET type = 'TRIGGER' WHERE rowid = (SELECT min(rowid) FROM sqlite_schema WHERE type = 'trigger')",
      ],
      /the entry that is not what it says trigger \w+/,
    ],
    [
      'an expected index, recorded on a table in upper case',
      [
        "UPDATE sqlite_schema SET tbl_name = upper(tbl_name) WHERE rowid = (SELECT max(rowid) FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL)",
      ],
      /the entry that is not what it says index/,
    ],
    [
      'an expected table, recorded in upper case',
      ["UPDATE sqlite_schema SET type = 'TABLE' WHERE name = 'clients'"],
      /the entry that is not what it says table clients/,
    ],
  ])('%s is a finding', async (_, statements, line) => {
    const database = await initialise(engine, asSystem(folder.url));
    try {
      const { url, key } = database.place;
      await database.engine.close();
      write(database.place, statements);
      // SQLite may refuse to open such a file, which names it too
      const found = await openEngine({ url, key })
        .then(async (again) => {
          try {
            return (await drift(again, database.system)).join('\n');
          } finally {
            await again.close();
          }
        })
        .catch((error: unknown) => `refused: ${String((error as Error).message)}`);
      expect(found).toMatch(new RegExp(`${line.source}|^refused: .*malformed`));
    } finally {
      await database.close();
    }
  });

  it.each([
    [
      'an expression that raises an error',
      'CREATE INDEX by_hand ON clients (abs(length(id) - 9223372036854775807 - 8))',
    ],
    [
      'a condition that raises an error',
      "CREATE INDEX by_hand ON clients (id) WHERE json_valid(status) OR status ->> 'x'",
    ],
    ['unique values', 'CREATE UNIQUE INDEX by_hand ON clients (1)'],
  ])('an index with %s is a finding', async (_, sql) => {
    const database = await initialise(engine, asSystem(folder.url));
    try {
      await database.run(sql);
      expect((await drift(database.engine, database.system)).join()).toContain(
        'clients: the index by_hand is made by no step',
      );
      await database.run('DROP INDEX by_hand');
      await database.run(
        "CREATE INDEX by_hand ON clients (lower(status) COLLATE NOCASE, id DESC) WHERE status IN ('active') AND id IS NOT NULL",
      );
      expect(await drift(database.engine, database.system)).toEqual([]);
    } finally {
      await database.close();
    }
  });
});

describe('an index of SQLite', () => {
  it.each([
    'CREATE UNIQUE INDEX i ON t (a)',
    "CREATE INDEX i ON t (json_extract(a, '$.x'))",
    'CREATE INDEX i ON t (a -> 1)',
    'CREATE INDEX i ON t (a ->> 1)',
    'CREATE INDEX i ON t ("abs"(a))',
    'CREATE INDEX i ON t (a) WHERE a LIKE b',
    'CREATE INDEX i ON t (a COLLATE theirs)',
    'CREATE INDEX "on" ON "t(" (a) WHERE printf(\'%s\', a)',
  ])('%s can refuse rows', (text) => expect(refuses(text)).toBe(true));

  it.each([
    'CREATE INDEX i ON abs (a)',
    'CREATE INDEX IF NOT EXISTS i ON "t" ("a" COLLATE "NOCASE", b DESC)',
    'CREATE INDEX i ON t (a + 1, CASE WHEN (b) THEN (c) ELSE (d) END)',
    'CREATE INDEX i ON t (CAST(a AS INTEGER)) WHERE a IN (1, 2) AND NOT (b IS NULL)',
    "CREATE INDEX i ON t (coalesce(a, 'abs(1)'), a IS NULL)",
  ])('%s cannot', (text) => expect(refuses(text)).toBe(false));
});
