import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, type Place, server } from '../../../../test/support/engines.js';
import type { Engine } from '../../src/contract/engine.js';
import { openEngine } from '../../src/engines/open.js';
import type { ErrorFacts } from '../../src/errors.js';
import { appendOnly } from '../../src/guarantees/append-only/append-only.js';
import { audited } from '../../src/guarantees/audited/audited.js';
import { auditTrail } from '../../src/guarantees/audited/trail.js';
import { ledgered } from '../../src/guarantees/ledgered/ledgered.js';
import { down, drift, history, newStep, type StepLosses, up } from '../../src/migrations/index.js';
import { id, type Tables, table } from '../../src/model/index.js';
import { type System, system } from '../../src/system/system.js';
import { type Folder, makeFolder } from './folder.js';

const { engines, withRoles } = oneOfEach(import.meta.url);

const base = `CREATE TABLE parents (id int PRIMARY KEY, name text, mood text DEFAULT 'calm');
CREATE TABLE children (id int PRIMARY KEY, parent int REFERENCES parents (id) ON DELETE CASCADE, friend int);
CREATE TABLE fans (id int PRIMARY KEY, idol int REFERENCES parents (id) ON DELETE SET NULL);
INSERT INTO parents (id, name) VALUES (1, 'a'), (2, 'b');
INSERT INTO children VALUES (1, 1, 2), (2, 1, NULL), (3, 2, 1);
INSERT INTO fans VALUES (1, 1), (2, 2);
CREATE TABLE empty (id int PRIMARY KEY, note text);`;

type Losses = NonNullable<ErrorFacts['losses']>;

/** What a way down loses; the same on every engine. */
const losing: readonly (readonly [string, string, Losses])[] = [
  ['drops a table', 'DROP TABLE children;', [{ step: '', table: 'children', rows: 3 }]],
  [
    'drops a column',
    'ALTER TABLE parents DROP COLUMN name;',
    [{ step: '', table: 'parents', column: 'name', rows: 2 }],
  ],
  ['deletes rows', 'DELETE FROM children WHERE id > 1;', [{ step: '', table: 'children', rows: 2 }]],
  [
    'deletes rows and writes as many others',
    'DELETE FROM children WHERE id = 1;\nINSERT INTO children VALUES (9, 1, 1);',
    [{ step: '', table: 'children', rows: 1 }],
  ],
  [
    'deletes a parent of rows, in a comment and in other case',
    '-- clean up\ndelete /* all */ from "parents" where id = 1;',
    [
      { step: '', table: 'children', rows: 2 },
      { step: '', table: 'fans', column: 'idol', rows: 1 },
      { step: '', table: 'parents', rows: 1 },
    ],
  ],
  [
    'overwrites values',
    "UPDATE parents SET name = 'x' WHERE id = 2;",
    [{ step: '', table: 'parents', rows: 1 }],
  ],
  [
    'empties values',
    'UPDATE parents SET name = NULL;',
    [{ step: '', table: 'parents', column: 'name', rows: 2 }],
  ],
  [
    'creates a table again without its rows',
    'DROP TABLE children;\nCREATE TABLE children (id int PRIMARY KEY, parent int, friend int);',
    [{ step: '', table: 'children', rows: 3 }],
  ],
  [
    'creates a table again without a column',
    `CREATE TABLE other (id int PRIMARY KEY, parent int, friend int);
INSERT INTO other (id, parent) SELECT id, parent FROM children;
DROP TABLE children;
ALTER TABLE other RENAME TO children;`,
    [{ step: '', table: 'children', column: 'friend', rows: 2 }],
  ],
  [
    'hides the loss behind a second statement',
    "INSERT INTO empty VALUES (1, 'x');\nDROP TABLE children;\nDELETE FROM empty;",
    [{ step: '', table: 'children', rows: 3 }],
  ],
];

/** What loses nothing, and is undone without a flag. */
const keeping: readonly (readonly [string, string])[] = [
  ['drops an empty table', 'DROP TABLE empty;'],
  ['drops a column of an empty table', 'ALTER TABLE empty DROP COLUMN note;'],
  ['drops a column that holds its default only', 'ALTER TABLE parents DROP COLUMN mood;'],
  ['renames a table', 'ALTER TABLE children RENAME TO kids;'],
  ['renames a column', 'ALTER TABLE parents RENAME COLUMN name TO title;'],
  [
    'adds a column and fills it',
    'ALTER TABLE parents ADD COLUMN copy text;\nUPDATE parents SET copy = name;',
  ],
  [
    'moves a column',
    'ALTER TABLE parents ADD COLUMN title text;\nUPDATE parents SET title = name;\nALTER TABLE parents DROP COLUMN name;',
  ],
  [
    'creates a table again with all its values',
    `CREATE TABLE other (id int PRIMARY KEY, parent int, pal int);
INSERT INTO other (id, parent, pal) SELECT id, parent, friend FROM children;
DROP TABLE children;
ALTER TABLE other RENAME TO children;`,
  ],
  ['drops an index', 'CREATE INDEX i ON parents (name);\nDROP INDEX i;'],
  ['only writes', "INSERT INTO parents (id, name) VALUES (3, 'c');"],
];

describe.each(engines)('down on $name', (tested) => {
  let place: Place;
  let folder: Folder;
  let engine: Engine;
  let shop: System;

  beforeEach(async () => {
    place = await tested.place();
    folder = await makeFolder();
    engine = await openEngine({ url: place.url, key: place.key });
    shop = system('shop', { tables: {}, migrations: folder.url });
    await folder.step('0001_base', base, '-- nothing');
  });

  afterEach(async () => {
    await engine.close();
    await place.remove();
    await folder.remove();
  });

  const content = async () => ({
    parents: (await engine.read('SELECT * FROM parents ORDER BY id', [])).rows,
    children: (await engine.read('SELECT * FROM children ORDER BY id', [])).rows,
  });
  const refused = (losses: Losses) => ({
    code: 'migration-destroys',
    suggestion: expect.stringContaining('ashlar migrate down --system shop --destroy'),
    facts: { losses },
  });
  const steps = async () => (await history(engine, shop)).map(({ step }) => step);

  test.each(losing)('that %s undoes nothing, and with destroy tells what it lost', async (_, sql, losses) => {
    await folder.step('0002_more', '-- nothing', sql);
    await up(engine, shop);
    const before = await content();
    const named = losses.map((loss) => ({ ...loss, step: '0002_more' }));
    await expect(down(engine, shop)).rejects.toMatchObject(refused(named));
    expect(await content()).toEqual(before);
    expect(await steps()).toEqual(['0001_base', '0002_more']);
    const told: StepLosses[] = [];
    await down(engine, shop, { destroy: true, onLosses: (reports) => told.push(...reports) });
    expect(told.flatMap(({ losses: found }) => found.map(({ rows }) => rows))).toEqual(
      losses.map(({ rows }) => rows),
    );
    expect(await steps()).toEqual(['0001_base']);
  });

  test.each(keeping)('that %s needs no flag', async (_, sql) => {
    await folder.step('0002_more', '-- nothing', sql);
    await up(engine, shop);
    await down(engine, shop);
    expect(await steps()).toEqual(['0001_base']);
  });

  test('of several steps undoes none when the last of them loses data', async () => {
    await folder.step(
      '0002_note',
      'ALTER TABLE parents ADD COLUMN note text;',
      'ALTER TABLE parents DROP COLUMN note;',
    );
    await folder.step('0003_index', 'CREATE INDEX i ON parents (name);', 'DROP INDEX i;');
    await up(engine, shop);
    await engine.asOwner((owner) => owner.run("UPDATE parents SET note = 'x' WHERE id = 1"));
    await expect(down(engine, shop, { to: '1' })).rejects.toMatchObject({
      code: 'migration-destroys',
      suggestion: expect.stringContaining('ashlar migrate down --system shop --to 1 --destroy'),
      facts: { losses: [{ step: '0002_note', table: 'parents', column: 'note', rows: 1 }] },
    });
    expect(await steps()).toHaveLength(3);
    await engine.asOwner((owner) => owner.run('UPDATE parents SET note = NULL'));
    expect(await down(engine, shop, { to: '1' })).toHaveLength(2);
  });

  test('of code runs it once, and rolls it back when it loses data', async () => {
    const g = globalThis as { runs?: number };
    g.runs = 0;
    await folder.write({
      '0002_code/up.ts': 'export const up = async () => undefined;',
      '0002_code/down.ts':
        "export const down = async (owner) => { globalThis.runs++; await owner.run('DELETE FROM children WHERE id = 3'); };",
    });
    await up(engine, shop);
    await expect(down(engine, shop)).rejects.toMatchObject(
      refused([{ step: '0002_code', table: 'children', rows: 1 }]),
    );
    expect(g.runs).toBe(1);
    expect((await content()).children).toHaveLength(3);
    await down(engine, shop, { destroy: true });
    expect((await content()).children).toHaveLength(2);
  });

  test('of a step without a transaction reads its text', async () => {
    const write = (sql: string) =>
      folder.step('0002_more', '-- nothing', `-- ashlar: no-transaction\n${sql}`);
    await write('DELETE FROM children WHERE id = 1;');
    await up(engine, shop);
    await expect(down(engine, shop)).rejects.toMatchObject(
      refused([{ step: '0002_more', table: 'children', rows: 3 }]),
    );
    for (const sql of ['ALTER TABLE parents DROP COLUMN name;', 'DROP TABLE children;']) {
      await write(sql);
      await expect(down(engine, shop)).rejects.toMatchObject({ code: 'migration-destroys' });
    }
    for (const sql of ['DROP TABLE empty;', 'CREATE INDEX i ON parents (name);']) {
      await write(sql);
      await down(engine, shop);
      await up(engine, shop);
    }
  });

  test('names a ledger, a trail and their records, and what it lifts', async () => {
    const trail = auditTrail('trail');
    const tables = (guarded: boolean): Tables => ({
      trail,
      notes: table('notes', { id: id(), body: z.string() }, () => [
        ...(guarded ? [audited({ into: trail })] : []),
        appendOnly(),
      ]),
      entries: table('entries', { id: id(), what: z.string() }, () => [appendOnly(), ledgered()]),
    });
    const guarded = system('guarded', { tables: tables(true), migrations: folder.url });
    await folder.drop('0001_base');
    await newStep(
      system('guarded', {
        tables: { notes: table('notes', { id: id(), body: z.string() }) },
        migrations: folder.url,
      }),
      folder.url,
      'plain',
    );
    await newStep(guarded, folder.url, 'guarded');
    engine.register(Object.values(guarded.tables));
    await up(engine, guarded);
    const lifted: string[] = [];
    await down(engine, guarded, {
      onLosses: (reports) => lifted.push(...reports.flatMap((report) => report.lifted)),
    });
    expect(lifted).toEqual(
      expect.arrayContaining([expect.stringMatching(/^notes: the trigger \w+ is dropped$/)]),
    );
    await up(engine, guarded);
    await engine.asOwner((owner) =>
      owner.atomically(async () => {
        await owner.run(
          "INSERT INTO entries (id, what) VALUES ('00000000-0000-7000-8000-000000000001', 'x')",
        );
        await owner.run("INSERT INTO notes (id, body) VALUES ('00000000-0000-7000-8000-000000000002', 'y')");
      }),
    );
    await engine.seal();
    const error = await down(engine, guarded).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'migration-destroys' });
    const { detail } = error as { detail: string };
    expect(detail).toMatch(/loses 1 row of entries \(ledger\)/);
    expect(detail).toMatch(/loses 1 row of trail \(audit trail\)/);
    expect(detail).toMatch(/loses 1 row of entries_ledger_entries \(records of ledgered of entries\)/);
    expect(detail).toMatch(/lifts notes: the trigger/);
    expect(detail).not.toMatch(/of notes,/);
    expect(await drift(engine, guarded)).toEqual([]);
  });
});

describe.each(withRoles)('down on PostgreSQL: $name', (tested) => {
  const partitioned = `CREATE TABLE months (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE months_1 PARTITION OF months FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE months_2 PARTITION OF months FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
INSERT INTO months VALUES (1, '2024-01-02'), (2, '2024-02-02'), (3, '2024-02-03');
CREATE TABLE wide (id int, a json, b int[], c numeric DEFAULT 0, d text DEFAULT upper('x'), e int GENERATED ALWAYS AS (id + 1) STORED);
INSERT INTO wide (id, a) VALUES (1, '{}');`;

  test.each([
    ['drops a partition', 'DROP TABLE months_2;', [{ table: 'months', rows: 2 }]],
    ['empties a partition', 'TRUNCATE months_1;', [{ table: 'months', rows: 1 }]],
    [
      'empties tables',
      'TRUNCATE months, wide;',
      [
        { table: 'months', rows: 3 },
        { table: 'wide', rows: 1 },
      ],
    ],
    ['moves a row', `UPDATE months SET at = '2024-01-03' WHERE id = 3;`, [{ table: 'months', rows: 1 }]],
    ['drops json', 'ALTER TABLE wide DROP COLUMN a;', [{ table: 'wide', column: 'a', rows: 1 }]],
    [
      'empties by a conversion',
      'ALTER TABLE wide ALTER COLUMN a TYPE int USING NULL;',
      [{ table: 'wide', column: 'a', rows: 1 }],
    ],
    [
      'runs a function',
      `DO $$ BEGIN EXECUTE 'DEL' || 'ETE FROM wide'; END $$;`,
      [{ table: 'wide', rows: 1 }],
    ],
    ['drops what depends', 'DROP TABLE wide CASCADE;', [{ table: 'wide', rows: 1 }]],
    ['drops columns without own values', 'ALTER TABLE wide DROP COLUMN b, DROP COLUMN c, DROP COLUMN e;', []],
    [
      'drops a computed default',
      'ALTER TABLE wide DROP COLUMN d;',
      [{ table: 'wide', column: 'd', rows: 1 }],
    ],
    ['converts', 'ALTER TABLE wide ALTER COLUMN b TYPE bigint[];', []],
    ['rewrites', 'ALTER TABLE wide ALTER COLUMN c TYPE text;', []],
  ])('%s', async (_, sql, losses) => {
    const place = await tested.place();
    const folder = await makeFolder();
    const engine = await openEngine({ url: place.url });
    const shop = system('shop', { tables: {}, migrations: folder.url });
    try {
      await folder.step('0001_base', partitioned, sql);
      await up(engine, shop);
      const found = await down(engine, shop).then(
        () => [],
        (error) => error.facts.losses,
      );
      expect(found).toEqual(losses.map((loss) => ({ step: '0001_base', ...loss })));
    } finally {
      await engine.close();
      await place.remove();
      await folder.remove();
    }
  });
});

describe.each(server)('down beside other sessions on $name', (tested) => {
  test('does not lose a row that was written after the rehearsal', async () => {
    const place = await tested.place();
    const folder = await makeFolder();
    const engine = await openEngine({ url: place.url });
    const other = new pg.Client(place.url);
    const shop = system('shop', { tables: {}, migrations: folder.url });
    try {
      await other.connect();
      await folder.step('0001_late', 'CREATE TABLE late (n int);', 'DROP TABLE late;\nSELECT pg_sleep(0.3);');
      await up(engine, shop);
      const undoing = down(engine, shop).then(
        () => undefined,
        (error: unknown) => error,
      );
      const locked = `SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 'late' AND l.mode = 'AccessExclusiveLock'`;
      while ((await other.query(locked)).rowCount === 0) await pause(5);
      await other.query('INSERT INTO late VALUES (1)');
      expect(await undoing).toMatchObject({
        code: 'migration-destroys',
        facts: { losses: [{ step: '0001_late', table: 'late', rows: 1 }] },
      });
      expect((await other.query('SELECT * FROM late')).rows).toEqual([{ n: 1 }]);
    } finally {
      await other.end();
      await engine.close();
      await place.remove();
      await folder.remove();
    }
  });
});
