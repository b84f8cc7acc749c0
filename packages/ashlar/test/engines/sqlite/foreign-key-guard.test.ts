import { id, references, table } from 'ashlar';
import Driver from 'better-sqlite3-multiple-ciphers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../../test/support/engines.js';
import { withTables } from '../../../../../test/support/tables.js';

const folders = table('folders', { id: id(), parent_id: z.uuid().nullable() }, (c) => [
  references(c.parent_id, c.id),
]);
const files = table('files', { id: id(), folder_id: z.uuid() }, (c) => [
  references(c.folder_id, folders.columns.id, { onDelete: 'cascade' }),
]);
const uuid = (n: number) => `0190a0b0-0000-7000-8000-00000000000${n}`;

describe('a connection that has foreign keys off, as the sqlite3 shell has', () => {
  let shell: InstanceType<typeof Driver>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    const [sqlite] = engines;
    if (sqlite?.name !== 'sqlite') throw new Error('the first engine is SQLite');
    const opened = await withTables(sqlite, { folders, files });
    remove = opened.remove;
    shell = new Driver(opened.url.replace('sqlite:', ''));
    shell.pragma('foreign_keys = OFF');
    shell.exec(`INSERT INTO folders (id) VALUES ('${uuid(1)}')`);
    shell.exec(`INSERT INTO files (id, folder_id) VALUES ('${uuid(2)}', '${uuid(1)}')`);
  });
  afterAll(async () => {
    shell.close();
    await remove();
  });

  test.each([
    [
      'insert an orphan',
      `INSERT INTO files (id, folder_id) VALUES ('${uuid(3)}', '${uuid(9)}')`,
      'files_folder_id_fkey',
    ],
    [
      'replace a row by an orphan',
      `REPLACE INTO files (id, folder_id) VALUES ('${uuid(2)}', '${uuid(9)}')`,
      'files_folder_id_fkey',
    ],
    ['make an orphan of a row', `UPDATE files SET folder_id = '${uuid(9)}'`, 'files_folder_id_fkey'],
    [
      'hang a row of the same table on nothing',
      `INSERT INTO folders VALUES ('${uuid(4)}', '${uuid(9)}')`,
      'folders_parent_id_fkey',
    ],
  ])('cannot %s', (_, sql, constraint) => {
    expect(() => shell.exec(sql)).toThrow(`FOREIGN KEY constraint failed: ${constraint}`);
  });

  test('can insert a row that refers to itself, or to nothing', () => {
    shell.exec(
      `INSERT INTO folders VALUES ('${uuid(5)}', '${uuid(5)}'), ('${uuid(6)}', NULL), ('${uuid(7)}', '${uuid(6)}')`,
    );
    expect(shell.prepare('SELECT count(*) AS n FROM folders').get()).toEqual({ n: 4 });
  });
});
