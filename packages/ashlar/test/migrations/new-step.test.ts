import { cp as copyFolder, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import type { SqlName } from '../../src/contract/sql.js';
import { openEngine } from '../../src/engines/open.js';
import { dumpFile } from '../../src/migrations/dump-schema.js';
import { checkMigrations, down, drift, dumpSchema, newStep, up } from '../../src/migrations/index.js';
import {
  id,
  index,
  references,
  renamed,
  type Table,
  type Tables,
  table,
  timestamps,
} from '../../src/model/index.js';
import { type System, system } from '../../src/system/system.js';
import { type Folder, makeFolder } from './folder.js';

const { engines } = oneOfEach(import.meta.url);

const sqlNames: readonly SqlName[] = ['sqlite', 'postgres'];

const initialShape = {
  id: id(),
  code: z.string().max(50),
  title: z.string(),
  weight: z.int().default(1),
  old: z.string().nullable(),
};
const initial = table('clauses', initialShape, (c) => [index(c.code)]);

const someId = '018f0000-0000-7000-8000-000000000001';
const note = table('clauses', { ...initialShape, note: z.int().nullable() }, (c) => [
  index(c.code),
  index(c.note),
]);
const withNote = table(
  'clauses',
  {
    id: id(),
    code: z.string().max(80),
    heading: z.string(),
    weight: z.number().default(1),
    old: z.string().nullable(),
    note: z.int().nullable(),
  },
  (c) => [index(c.code, c.weight), index(c.note), renamed(c.heading, 'title')],
);

// three generated steps, the same for every engine
let generated: Folder;
beforeAll(async () => {
  generated = await makeFolder();
  const migrations = new URL('migrations/', generated.url);
  for (const [name, model] of Object.entries({ initial, note, changed: withNote })) {
    const tables: Tables = { clauses: model as Table };
    await newStep(system('shop', { tables, migrations }), migrations, name);
  }
});
afterAll(() => generated.remove());

let folder: Folder;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const shop = (...tables: Table[]): System =>
  system('shop', {
    tables: Object.fromEntries(tables.map((each) => [each.name, each])),
    migrations: new URL('migrations/', folder.url),
  });

const write = async (model: System, name: string, options: Parameters<typeof newStep>[3] = {}) => {
  const step = await newStep(model, model.migrations, name, options);
  if (!step) throw new TypeError('nothing was written');
  const read = (file: string) => readFile(join(step.folder, file), 'utf8');
  return { ...step, read };
};

const isChecked = async (model: System) => {
  for (const dialect of sqlNames) await checkMigrations(model, dialect);
};

describe('newStep', () => {
  test('writes the first step in every kind of SQL, and nothing when nothing differs', async () => {
    const model = shop(initial as Table);
    const step = await write(model, 'initial');
    expect(step.name).toBe('0001_initial');
    for (const dialect of sqlNames) {
      expect(await step.read(`up.${dialect}.sql`)).toMatch(
        /^-- 0001_initial\n-- .*clauses.*\n(-- ashlar: makes .*\n)+\nCREATE TABLE clauses/,
      );
      expect(await step.read(`down.${dialect}.sql`)).toContain('DROP TABLE');
    }
    await isChecked(model);
    expect(await newStep(model, model.migrations, 'again')).toBeUndefined();
    const empty = await write(model, 'by_hand', { empty: true });
    expect(await empty.read('up.sqlite.sql')).toBe(
      '-- 0002_by_hand\n-- nothing to do here\n-- ashlar: makes nothing\n',
    );
  });

  test('adding, renaming, retyping and dropping: check fails before and passes after', async () => {
    await write(shop(initial as Table), 'initial');
    const changed = table(
      'clauses',
      {
        id: id(),
        code: z.string().max(80),
        heading: z.string(),
        weight: z.number().default(1),
        is_current: z.boolean().default(true),
        ...timestamps(),
      },
      (c) => [index(c.code, c.is_current), renamed(c.heading, 'title')],
    );
    const model = shop(changed as Table);
    for (const dialect of sqlNames) {
      await expect(checkMigrations(model, dialect)).rejects.toMatchObject({
        code: 'migration-pending',
        detail: expect.stringMatching(/clauses/),
        suggestion: expect.stringContaining('ashlar migrate new --system shop'),
      });
    }
    const step = await write(model, 'changed', { decide: async () => undefined });
    expect(await step.read('up.postgres.sql')).toMatch(/RENAME COLUMN title TO heading/);
    expect(await step.read('up.postgres.sql')).toMatch(/careful: /);
    await isChecked(model);
  });

  test('a column that may have been renamed is asked about, once for all kinds of SQL', async () => {
    await write(shop(initial as Table), 'initial');
    const model = shop(
      table(
        'clauses',
        {
          id: id(),
          code: z.string().max(50),
          heading: z.string(),
          weight: z.int().default(1),
          old: z.string().nullable(),
        },
        (c) => [index(c.code)],
      ) as Table,
    );
    await expect(write(model, 'heading')).rejects.toMatchObject({
      code: 'migration-ambiguous',
      suggestion: expect.stringContaining('--rename clauses.title:heading'),
    });
    await expect(
      write(model, 'heading', { renames: { clauses: { heading: 'titel' } } }),
    ).rejects.toMatchObject({
      code: 'usage',
    });
    const questions: unknown[] = [];
    const step = await write(model, 'heading', {
      decide: async (question) => {
        questions.push(question);
        return 'heading';
      },
    });
    expect(questions).toEqual([
      { table: 'clauses', column: 'title', candidates: [{ name: 'heading', differs: undefined }] },
    ]);
    expect(await step.read('up.postgres.sql')).toMatch(/RENAME COLUMN title TO heading/);
    expect(await step.read('down.postgres.sql')).toMatch(/RENAME COLUMN heading TO title/);
    expect(await step.read('up.sqlite.sql')).toMatch(/rename column title to heading/);
    await isChecked(model);
  });

  test('a committed dump that differs from the migrations is reported', async () => {
    const model = shop(initial as Table);
    await write(model, 'initial');
    const dump = await dumpSchema(model, 'sqlite');
    expect(dump).toContain('CREATE TABLE clauses');
    expect(dump).toBe(await dumpSchema(model, 'sqlite'));
    await folder.write({ 'schema.sqlite.sql': dump });
    expect(dumpFile(model, 'sqlite')).toBe(join(folder.path, 'schema.sqlite.sql'));
    await checkMigrations(model, 'sqlite');
    await folder.write({ 'schema.sqlite.sql': dump.replace('weight', 'height') });
    await expect(checkMigrations(model, 'sqlite')).rejects.toMatchObject({
      code: 'migration-pending',
      suggestion: expect.stringContaining('migrate dump'),
    });
  });

  test('refuses a name that is not in snake_case', async () => {
    await expect(newStep(shop(), folder.url, 'Not A Name')).rejects.toMatchObject({ code: 'usage' });
  });
});

describe.each(engines)('generated steps on $name', ({ place: newPlace }) => {
  test('preserve the rows up and down, and cause no drift', async () => {
    const place = await newPlace();
    const engine = await openEngine({ url: place.url, key: place.key });
    const model = shop(withNote as Table);
    const rows = async (columns: string) => (await engine.read(`SELECT ${columns} FROM clauses`, [])).rows;
    try {
      await copyFolder(generated.path, folder.path, { recursive: true });
      await up(engine, model, { to: '1' });
      const insert = `INSERT INTO clauses (id, code, title) VALUES ('${someId}', 'EXEC-01', 'Executors')`;
      await engine.asOwner((owner) => owner.script(insert));
      expect((await up(engine, model)).map(({ step }) => step)).toEqual(['0002_note', '0003_changed']);
      expect(await rows('code, heading, weight, note')).toEqual([
        { code: 'EXEC-01', heading: 'Executors', weight: 1, note: null },
      ]);
      expect(await drift(engine, model)).toEqual([]);

      await engine.asOwner((owner) => owner.script('ALTER TABLE clauses ADD COLUMN by_hand integer'));
      expect(await drift(engine, model)).toEqual([expect.stringContaining('by_hand')]);
      await engine.asOwner((owner) => owner.script('ALTER TABLE clauses DROP COLUMN by_hand'));

      await down(engine, model, { to: '1' });
      expect(await rows('code, title')).toEqual([{ code: 'EXEC-01', title: 'Executors' }]);
      expect(await drift(engine, model)).toEqual([]);
      await up(engine, model);
      await down(engine, model, { to: 'base', destroy: true });
      await up(engine, model);
    } finally {
      await engine.close();
      await place.remove();
    }
  });
});

describe.each(sqlNames)('a foreign key that begins to delete rows on %s', (dialect) => {
  const refused = 'To delete a row of teams was refused, and then ';
  test.each([
    ['restrict', 'cascade', `${refused}deletes the rows that refer to it by team_id.`],
    ['no action', 'cascade', `${refused}deletes the rows that refer to it by team_id.`],
    ['restrict', 'set null', `${refused}sets team_id to NULL.`],
    ['restrict', 'no action', undefined],
    ['cascade', 'restrict', undefined],
    ['set null', 'cascade', undefined],
  ] as const)('from %s to %s', async (from, to, danger) => {
    const make = (onDelete: typeof from | typeof to) => {
      const teams = table('teams', { id: id() });
      const people = table('people', { id: id(), team_id: z.uuid().nullable() }, (c) => [
        references(c.team_id, teams.columns.id, { onDelete }),
      ]);
      return system('shop', { tables: { teams, people } as unknown as Tables, migrations: folder.url });
    };
    await newStep(make(from), folder.url, 'initial', { engines: [dialect] });
    const step = await newStep(make(to), folder.url, 'changed', { engines: [dialect] });
    const dangers = step?.changes[dialect]?.map((change) => change.danger ?? '').join(' ');
    if (danger === undefined) expect(dangers).not.toContain('was refused');
    else expect(dangers).toContain(danger);
  });
});
