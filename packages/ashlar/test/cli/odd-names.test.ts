import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeProject, type Project } from './cli.js';

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});
afterEach(() => project.remove());

const configured = (columns: string): string =>
  `const { column } = ashlar;
const notes = table('notes', { id: id(), kept: z.string(), ${columns} });
export default { engines: ['sqlite'], systems: [system('shop', { tables: { notes }, migrations: new URL('./migrations/', import.meta.url) })] };`;
const named = (property: string, name: string, type = 'z.string()'): string =>
  `${property}: column(${type}, { name: ${JSON.stringify(name)} })`;
const up = (step: string): Promise<string> =>
  readFile(join(project.folder, 'migrations', step, 'up.sqlite.sql'), 'utf8');
const steps = async (): Promise<readonly string[]> =>
  (await readdir(join(project.folder, 'migrations'))).sort();

/** Names that a column may have in the database, and that SQL takes in quotes only. */
const names = ['Artist Id', 'order', 'a-b', 'two  spaces', '_', 'Select From'];

describe('names of columns that need quotes, in options', () => {
  test.each(names)(
    '%s is renamed, dropped and filled',
    async (name) => {
      await project.configure(configured(named('value', 'before it')));
      expect(await project.ashlar(['migrate', 'new', 'initial'])).toMatchObject({ code: 0 });
      await project.configure(configured(named('value', name, 'z.string().nullable()')));
      const renamed = ['migrate', 'new', 'renamed', '--rename', `notes.before it:${name}`];
      expect(await project.ashlar(renamed)).toMatchObject({ code: 0 });
      expect(await up('0002_renamed')).toContain(`notes: rename column before it to ${name}`);
      await project.configure(configured(named('value', name)));
      // a value may have every mark that the option itself is written with
      const value = `'it''s a.b:c = "d"'`;
      const filled = ['migrate', 'new', 'filled', '--expand', '--fill', `notes.${name}=${value}`];
      expect(await project.ashlar(filled)).toMatchObject({ code: 0 });
      expect(await up('0003_filled_expand')).toContain(value);
      await project.configure(configured('more: z.string().nullable()'));
      const dropped = ['migrate', 'new', 'dropped', '--drop', `notes.${name}`];
      expect(await project.ashlar(dropped)).toMatchObject({ code: 0 });
      expect(await up('0006_dropped')).toMatch(/drop column/);
      expect(await project.ashlar(['migrate', 'check'])).toMatchObject({ code: 0 });
    },
    120_000,
  );

  test.each([
    ['--rename', 'notes."body":title'],
    ['--rename', "notes.body:ti'tle"],
    ['--rename', 'notes.body:tëxt'],
    ['--rename', 'notes.nothing:title'],
    ['--rename', 'nothing.body:title'],
    ['--rename', 'notes.body.x:title'],
    ['--rename', 'notes.body:'],
    ['--drop', 'notes."body"'],
    ['--drop', 'notes.bödy'],
    ['--drop', 'notes.'],
    ['--drop-table', 'no such table'],
    ['--rename-table', 'notes:"papers"'],
    ['--rename-table', 'nothing:notes'],
  ])(
    '%s %s, which is no name of a change, is refused and writes nothing',
    async (option, value) => {
      await project.configure(configured('body: z.string()'));
      expect(await project.ashlar(['migrate', 'new', 'initial'])).toMatchObject({ code: 0 });
      await project.configure(configured('title: z.string()'));
      const ended = await project.ashlar(['migrate', 'new', 'next', option, value]);
      expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('error') });
      expect(ended.stderr).not.toMatch(/undefined|\[object|SQLITE|at .*\.js:/);
      expect(await steps()).toEqual(['0001_initial']);
    },
    60_000,
  );
});
