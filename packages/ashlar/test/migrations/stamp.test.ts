import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { check, id, index, references, type System, system, table, unique } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { audited, auditTrail, lifecycle } from 'ashlar/guarantees';
import { history, newStep, stamp, up } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, type Place, sqlOf, type TestEngine } from '../../../../test/support/engines.js';
import { createFoundation } from '../../src/engines/foundation.js';
import { splitStatements } from '../../src/sql/statements.js';
import { type Folder, makeFolder } from './folder.js';

const { engines } = oneOfEach(import.meta.url);

const rooms = table('rooms', { id: id(), code: z.string().max(20) }, (c) => [unique(c.code)]);
const trail = auditTrail('trail');
const notes = table(
  'notes',
  {
    id: id(),
    room_id: z.uuid(),
    title: z.string().max(80).default('none'),
    size: z.int().nullable(),
    state: z.enum(['open', 'done']),
  },
  (c) => [
    references(c.room_id, () => rooms.columns.id),
    check('notes_small', { sqlite: 'size < 1000', postgres: 'size < 1000' }),
    index(c.title),
    lifecycle(c.state, { open: ['done'], done: [] }, { initial: 'open' }),
    audited({ into: trail }),
  ],
);

/** A database that was made by hand: the step, changed at one place. */
interface Mutant {
  readonly name: string;
  readonly sql: readonly string[];
}

/** Every statement left out, every line of every table left out, and every part of a column changed, one at a time. */
const mutantsOf = (statements: readonly string[]): readonly Mutant[] =>
  statements.flatMap((statement, at) => {
    const instead = (name: string, ...sql: string[]): Mutant => ({
      name: `${statement.split('\n', 1)[0]}: ${name}`,
      sql: statements.toSpliced(at, 1, ...sql),
    });
    if (!/^CREATE TABLE/.test(statement)) return [instead('is missing')];
    const lines = statement.split('\n');
    return lines.slice(1, -1).flatMap((line, place) => {
      const withLine = (text: string[]): string =>
        lines
          .toSpliced(place + 1, 1, ...text)
          .join('\n')
          .replace(/,\n\)/, '\n)');
      const changed = [
        // a primary key is never NULL
        /^ +id /.test(line) ? line : line.replace(' NOT NULL', ''),
        line.replace(/(?<=^ +\w+) (text|integer|uuid)\b/i, ' numeric'),
        line.replace(/DEFAULT '(\w*)'/, "DEFAULT 'other'"),
        line.replace(/CHECK \(/, 'CHECK (1 = 1 AND '),
      ].filter((text) => text !== line);
      return [
        instead(`without ${line.trim()}`, withLine([])),
        ...changed.map((text) => instead(text.trim(), withLine([text]))),
      ];
    });
  });

/** Additions by hand that change what the application can do. */
const additions = (dialect: 'sqlite' | 'postgres'): readonly string[] => [
  'ALTER TABLE notes ADD COLUMN extra integer',
  ...(dialect === 'sqlite'
    ? ['CREATE TRIGGER sly AFTER INSERT ON notes BEGIN DELETE FROM trail; END']
    : [
        `CREATE FUNCTION sly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
         CREATE TRIGGER sly BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION sly()`,
        'CREATE POLICY sly ON notes USING (true)',
        'ALTER TABLE notes ENABLE ROW LEVEL SECURITY',
        'ALTER TABLE notes DISABLE TRIGGER USER',
        `CREATE FUNCTION sly() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM trail'`,
      ]),
];

describe.each(engines)('stamp on $name', (kind) => {
  let folder: Folder;
  let shop: System;
  let statements: readonly string[];
  const dialect = sqlOf(kind);

  beforeEach(async () => {
    folder = await makeFolder();
    shop = system('shop', { tables: { rooms, trail, notes }, migrations: folder.url });
    await newStep(shop, folder.url, 'initial', { engines: [dialect] });
    const text = await readFile(join(folder.path, '0001_initial', `up.${dialect}.sql`), 'utf8');
    statements = splitStatements(text, dialect).map(({ sql }) => sql);
  }, 60_000);
  afterEach(() => folder.remove());

  const made = async (engine: Engine, sql: readonly string[]): Promise<boolean> => {
    try {
      await engine.asOwner(async (owner) => {
        await createFoundation(owner, engine.dialect);
        for (const each of sql) await owner.script(each);
      });
      return true;
    } catch {
      return false;
    }
  };

  test('records what the steps make, and every difference is refused by name', async () => {
    await withDatabase(kind, async (engine) => {
      expect(await made(engine, statements)).toBe(true);
      expect(await stamp(engine, shop, 'head')).toEqual(['0001_initial']);
      expect(await up(engine, shop)).toEqual([]);
    });
    const mutants = [
      ...mutantsOf(statements),
      ...additions(dialect).map((sql) => ({ name: sql, sql: [...statements, sql] })),
    ];
    const survived: string[] = [];
    let tried = 0;
    for (const { name, sql } of mutants) {
      await withDatabase(kind, async (engine) => {
        // a database that a lacking part makes impossible is no database to be stamped
        if (!(await made(engine, sql))) return;
        tried++;
        const refusal: unknown = await stamp(engine, shop, 'head').catch((error) => error);
        const isRefused = (refusal as { code?: string }).code === 'stamp-differs';
        if (!isRefused || (await history(engine, shop)).length > 0) survived.push(name);
      });
    }
    expect(survived).toEqual([]);
    expect(tried).toBeGreaterThan(mutants.length / 2);
  }, 600_000);

  test('names each difference, and `unchecked` records all the same', async () => {
    await withDatabase(kind, async (engine) => {
      await made(engine, ['CREATE TABLE notes (id integer)', 'CREATE TABLE others (id integer)']);
      await expect(stamp(engine, shop, 'head')).rejects.toMatchObject({
        code: 'stamp-differs',
        exitCode: 1,
        detail: expect.stringMatching(
          /(?=[\s\S]*notes: the column title is missing)[\s\S]*the table rooms is missing/,
        ),
        suggestion: expect.stringContaining('--unchecked'),
      });
      expect(await stamp(engine, shop, 'head', { actor: 'ann', unchecked: true })).toEqual(['0001_initial']);
      expect(await history(engine, shop)).toMatchObject([{ applied_by: 'ann (unchecked)' }]);
    });
  });

  test('what lifts no guarantee, and tables of other programs, are no difference', async () => {
    await withDatabase(kind, async (engine) => {
      const others = ['CREATE TABLE others (id integer)', 'CREATE INDEX by_size ON notes (size)'];
      expect(await made(engine, [...statements, ...others])).toBe(true);
      expect(await stamp(engine, shop, 'head')).toEqual(['0001_initial']);
    });
  });

  test('compares with the steps that would count: one of two, and an applied step after an edit', async () => {
    await folder.step('0002_size', 'ALTER TABLE rooms ADD COLUMN size integer;');
    await withDatabase(kind, async (engine) => {
      await made(engine, statements);
      await expect(stamp(engine, shop, 'head')).rejects.toMatchObject({ code: 'stamp-differs' });
      expect(await stamp(engine, shop, '0001_initial')).toEqual(['0001_initial']);
      await up(engine, shop);
      await folder.step('0002_size', 'ALTER TABLE rooms ADD COLUMN length integer;');
      await expect(stamp(engine, shop, '0002_size')).rejects.toMatchObject({
        code: 'stamp-differs',
        detail: expect.stringContaining('rooms: the column size is made by no step'),
      });
      await folder.step('0002_size', 'ALTER TABLE rooms ADD COLUMN size integer; -- square metres');
      expect(await stamp(engine, shop, 'head')).toEqual(['0002_size']);
    });
  });
});

const withDatabase = async (kind: TestEngine, work: (engine: Engine) => Promise<void>): Promise<void> => {
  const place: Place = await kind.place();
  const engine = await openEngine({ url: place.url, key: place.key });
  try {
    await work(engine);
  } finally {
    await engine.close();
    await place.remove();
  }
};
