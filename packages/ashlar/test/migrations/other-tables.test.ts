import { autoincrement, type Table, table } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { newStep, up } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { type Folder, makeFolder } from './folder.js';
import { systemOf } from './objects.js';

const notes = table('notes', { id: autoincrement(), title: z.string() }) as unknown as Table;

let folder: Folder;
beforeEach(async () => {
  folder = await makeFolder();
  await newStep(systemOf(folder, notes), folder.url, 'initial');
});
afterEach(() => folder.remove());

const child =
  'CREATE TABLE child (n bigint REFERENCES notes (id) ON DELETE CASCADE, note text); INSERT INTO child SELECT id, title FROM notes';
const log = {
  sqlite: 'CREATE TRIGGER emptied AFTER UPDATE ON notes BEGIN DELETE FROM log WHERE title = old.title; END',
  postgres:
    'CREATE FUNCTION emptied() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM log WHERE title = OLD.title; RETURN NULL; END $$; CREATE TRIGGER emptied AFTER UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION emptied()',
};

describe.each(engines)('a table that no step made, on $name', (kind) => {
  const inDatabase = async (work: (engine: Engine, run: typeof rowsOf) => Promise<void>): Promise<void> => {
    const place = await kind.place();
    const engine = await openEngine({ url: place.url, key: place.key });
    try {
      await up(engine, systemOf(folder, notes), { to: '1' });
      await engine.asOwner((owner) =>
        owner.script(
          "INSERT INTO notes (title) VALUES ('a'), ('b'); CREATE TABLE log (title text); INSERT INTO log VALUES ('a'), ('b'), ('c')",
        ),
      );
      await work(engine, rowsOf);
    } finally {
      await engine.close();
      await place.remove();
    }
  };
  const rowsOf = async (engine: Engine, name: string): Promise<number> => {
    const [row] = await engine.asOwner((owner) => owner.run(`SELECT count(*) AS n FROM ${name}`));
    return Number(row?.n);
  };
  const statements = {
    'a foreign key with CASCADE': [child, "DELETE FROM notes WHERE title = 'a'", 'child', 'deletes'],
    'a trigger': [log[sqlOf(kind)], 'UPDATE notes SET title = title', 'log', 'updates'],
  } as const;

  test.each(Object.entries(statements))('loses no row by %s, unless the step names it', async (_, given) => {
    const [make, statement, name] = given;
    await folder.step('0002_change', statement);
    await inDatabase(async (engine) => {
      await engine.asOwner((owner) => owner.script(make));
      const before = await rowsOf(engine, name);
      await expect(up(engine, systemOf(folder, notes))).rejects.toMatchObject({
        code: 'migration-blocked',
        message: expect.stringMatching(new RegExp(`would delete \\d rows? of the table ${name}`)),
      });
      expect([await rowsOf(engine, name), await rowsOf(engine, 'notes')]).toEqual([before, 2]);
      await folder.step('0002_change', `${statement};\nDELETE FROM ${name} WHERE 1 = 0`);
      await up(engine, systemOf(folder, notes));
      expect(await rowsOf(engine, name)).toBeLessThan(before);
    });
  });

  test('is neither dropped nor changed by what a step does not say', async () => {
    await folder.step('0002_change', 'DROP TABLE notes');
    await inDatabase(async (engine) => {
      await engine.asOwner((owner) =>
        owner.script('DELETE FROM notes; CREATE TABLE child (n bigint REFERENCES notes (id))'),
      );
      const error = await up(engine, systemOf(folder, notes)).catch((found: Error) => found);
      const { message, detail } = error as { message?: string; detail?: string };
      expect(`${message} ${detail}`).toContain('child');
      expect(await rowsOf(engine, 'notes')).toBe(0);
      await folder.step('0002_change', 'DROP TABLE child; DROP TABLE notes');
      await up(engine, systemOf(folder, notes));
      expect(await rowsOf(engine, 'log')).toBe(3);
    });
  });
});
