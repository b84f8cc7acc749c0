import { symlink } from 'node:fs/promises';
import { array, id, json, type System, system, type Tables, table } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { appendOnly, ledgered } from 'ashlar/guarantees';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines, type Place, server, sqlOf } from '../../../../test/support/engines.js';
import { exactJson, exactJsonText } from '../../src/engines/exact-json.js';
import { jsonbText, numericText } from '../../src/engines/json-text.js';
import { newStep, up } from '../../src/migrations/index.js';
import { discardMove, type MoveProgress, move } from '../../src/move/index.js';
import { type Folder, makeFolder } from '../migrations/folder.js';

const one = engines.filter(({ name }) => name === 'sqlite' || name === 'pglite');
const pairs = one.flatMap((from) => one.map((to) => ({ from, to, name: `${from.name} → ${to.name}` })));
// two of them would be one database in memory
const distinct = pairs.filter(({ from, to }) => from !== to || from.name === 'sqlite');
const targets = engines.filter((engine) => sqlOf(engine) === 'postgres');

const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** The numbers of a JSON text, as PostgreSQL writes them without zeros at the end. */
const numbersOf = (text: string): readonly string[] =>
  (text.match(token) ?? [])
    .filter((found) => !found.startsWith('"'))
    .map((found) =>
      numericText(found)
        .replace(/(\.\d*?)0+$/, '$1')
        .replace(/\.$/, ''),
    )
    .sort();

const docs = table('docs', { id: id(), doc: json(z.json()) });
const rows: readonly string[] = [
  '{}',
  '{"": 1}',
  '[{}, {"": {}}]',
  '{"tweet": 12345678901234567890, "p": 0.12345678901234567891, "e": 1e-400}',
  '[0.1, 19.99, 1e2, 1.00, 10.00, -0.10, 100000000000000000000000, 1e22]',
  '{"a": "12345678901234567890 \\" 1e5", "b": 9007199254740993}',
  '-0.30000000000000004',
  '"12345678901234567890"',
];
/** Numbers that a session would read as infinity. */
const beyond: readonly string[] = [
  '1e400',
  '-1e309',
  `1${'0'.repeat(309)}`,
  '{"a": 1e400, "b": 1}',
  '{"a": [[{"b": [0, -2E+308]}]]}',
  '[1, "1e400", 0.1e310]',
];
const keyOf = (n: number): string => `0190a0b0-0000-7000-8000-${String(n).padStart(12, '0')}`;
const steps = async <T extends Tables>(
  name: string,
  tables: T,
): Promise<{ made: System<T>; folder: Folder }> => {
  const folder = await makeFolder();
  const made = system(name, { tables, migrations: folder.url }) as System<T>;
  await newStep(made, folder.url, 'initial', { engines: ['sqlite', 'postgres'] });
  return { made, folder };
};

test('exact JSON keeps the digits of each number, and is what a session writes where doubles do', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map(String),
    fc
      .tuple(fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.bigInt({ min: 0n, max: 10n ** 20n }))
      .map((each) => each.join('.')),
    // beyond the range of a double
    fc
      .tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: 290, max: 420 }))
      .map(([digit, exponent]) => `${digit}e${exponent}`),
  );
  const value = fc.oneof(
    number,
    fc
      .string({ unit: 'binary' })
      .filter((text) => text.isWellFormed() && !text.includes('\0'))
      .map((text) => JSON.stringify(text)),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 6 }), (list) => {
      const text = `{"list": [${list.join(', ')}], "7": 1}`;
      expect(numbersOf(exactJsonText(text))).toEqual(numbersOf(text));
      expect(numbersOf(jsonbText(exactJson(text)))).toEqual(numbersOf(text));
      // what a session reads is the same
      expect(JSON.parse(exactJsonText(text))).toEqual(JSON.parse(text));
    }),
  );
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      const text = JSON.stringify(json);
      expect(exactJsonText(text)).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

describe.each(distinct)('JSON that other programs wrote, moved $name', ({ from, to }) => {
  let folder: Folder;
  afterEach(() => folder.remove());

  test('keeps every number, and names those that a session would read as infinity', async () => {
    const { made, folder: of } = await steps('docs', { docs });
    folder = of;
    const places = [await from.place(), await to.place()] as const;
    const [source, target] = [await openEngine(places[0]), await openEngine(places[1])];
    const textOf = (engine: Engine) =>
      engine.asOwner((owner) => owner.run('SELECT CAST(doc AS text) AS doc FROM docs ORDER BY id'));
    try {
      await up(source, made);
      await source.asOwner(async (owner) => {
        for (const [n, text] of rows.entries())
          await owner.run(`INSERT INTO docs (id, doc) VALUES ('${keyOf(n)}', '${text}')`);
        for (const [n, text] of beyond.entries())
          await owner.run(`INSERT INTO docs (id, doc) VALUES ('${keyOf(1_000 + n)}', '${text}')`);
      });
      const error = await move(source, target, [made], { prove: false }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'move-value',
        message: expect.stringContaining(`${beyond.length} values`),
      });
      for (const n of beyond.keys())
        expect(error).toMatchObject({ detail: expect.stringContaining(keyOf(1_000 + n)) });
      await source.asOwner((owner) => owner.run(`DELETE FROM docs WHERE id >= '${keyOf(1_000)}'`));
      await move(source, target, [made], { prove: false });
      const texts = (await textOf(target)).map(({ doc }) => String(doc));
      expect(texts.map(numbersOf)).toEqual(rows.map(numbersOf));
      for (const [n, text] of texts.entries()) expect(JSON.parse(text)).toEqual(JSON.parse(rows[n] ?? ''));
      expect(await move(source, target, [made], { prove: false })).toMatchObject({ complete: true });
    } finally {
      await source.close();
      await target.close();
      for (const place of places) await place.remove();
    }
  });
});

describe.each(targets)('a move to $name', ({ place: newPlace, name }) => {
  const lists = table('lists', { id: id(), counts: array(z.int()) });
  const numbered = table('numbered', { id: id(), word: z.string() });
  let folder: Folder;
  let made: System<{ lists: typeof lists; numbered: typeof numbered }>;
  let places: Place[];
  let source: Engine;
  let target: Engine;
  beforeAll(async () => {
    ({ made, folder } = await steps('lists', { lists, numbered }));
    await folder.write({
      '0002_numbers/up.postgres.sql': `-- ashlar: keeps sequence inv, materialized view words\nCREATE SEQUENCE inv; CREATE MATERIALIZED VIEW words AS SELECT word FROM numbered; CREATE MATERIALIZED VIEW words_again AS SELECT * FROM words;`,
      '0002_numbers/down.postgres.sql':
        'DROP MATERIALIZED VIEW words_again; DROP MATERIALIZED VIEW words; DROP SEQUENCE inv;',
      '0002_numbers/up.sqlite.sql': 'SELECT 1;',
      '0002_numbers/down.sqlite.sql': 'SELECT 1;',
    });
  });
  afterAll(() => folder.remove());
  beforeEach(async () => {
    const [sqlite] = engines.filter((engine) => engine.name === 'sqlite');
    const server = engines.find((engine) => engine.name === 'postgres');
    const from = name === 'postgres' ? server : sqlite;
    places = [(await from?.place()) as Place, await newPlace()];
    source = await openEngine({ url: places[0]?.url ?? '' });
    target = await openEngine({ url: places[1]?.url ?? '' });
    await up(source, made);
  });
  afterEach(async () => {
    await source.close();
    await target.close();
    for (const place of places) await place.remove();
  });
  const run = (engine: Engine, sql: string) => engine.asOwner((owner) => owner.run(sql));

  const stopped = class extends Error {};
  const stopAt = (phase: MoveProgress['phase']) => (progress: MoveProgress) => {
    if (progress.phase === phase && progress.done > 0) throw new stopped();
  };

  // SQLite, the source of the other, has none
  if (name === 'postgres') {
    test('sequences go on and never back, and materialized views of the rows have them', async () => {
      for (let n = 0; n < 5; n++) await run(source, `SELECT nextval('inv')`);
      await run(source, `INSERT INTO numbered (id, word) VALUES ('${keyOf(1)}', 'one')`);
      await source.asOwner((owner) =>
        owner.script(`REFRESH MATERIALIZED VIEW words; CREATE SEQUENCE theirs; CREATE SEQUENCE behind; CREATE SEQUENCE down INCREMENT -1;
          CREATE SEQUENCE missing; SELECT setval('theirs', 3), setval('behind', 9), setval('down', -5)`),
      );
      // what other programs have in the target
      await target.asOwner((owner) =>
        owner.script(`CREATE SEQUENCE theirs; CREATE SEQUENCE behind; CREATE SEQUENCE down INCREMENT -1;
          SELECT setval('theirs', 100), setval('behind', 2), setval('down', -2);
          CREATE TABLE mine AS SELECT 1 AS a; CREATE MATERIALIZED VIEW of_mine AS SELECT 1 / a AS a FROM mine; UPDATE mine SET a = 0;
          CREATE MATERIALIZED VIEW no_data AS SELECT 1 / a AS a FROM mine WITH NO DATA`),
      );
      expect(await move(source, target, [made], { prove: false })).toMatchObject({
        sequencesLeft: ['missing'],
      });
      const next = await run(
        target,
        `SELECT nextval('inv')::text AS inv, nextval('theirs')::text AS theirs, nextval('behind')::text AS behind, nextval('down')::text AS down`,
      );
      expect(next).toEqual([{ inv: '6', theirs: '101', behind: '10', down: '-6' }]);
      expect(await run(target, 'SELECT * FROM words_again')).toEqual([{ word: 'one' }]);
    });
  }

  test('a move that goes on keeps rows that a program has put into a table of before', async () => {
    await run(source, `INSERT INTO numbered (id, word) VALUES ('${keyOf(1)}', 'one')`);
    await up(target, made);
    await expect(
      move(source, target, [made], { prove: false, onProgress: stopAt('schema') }),
    ).rejects.toThrow(stopped);
    await run(target, `INSERT INTO numbered (id, word) VALUES ('${keyOf(2)}', 'theirs')`);
    await expect(move(source, target, [made], { prove: false })).rejects.toMatchObject({
      code: 'move-target-not-empty',
      detail: expect.stringContaining('numbered'),
    });
    expect(await run(target, 'SELECT word FROM numbered')).toEqual([{ word: 'theirs' }]);
    await run(target, 'DELETE FROM numbered');
    await move(source, target, [made], { prove: false });
    expect(await run(target, 'SELECT word FROM numbered')).toEqual([{ word: 'one' }]);
  });

  test('a move that is given up gives the application its rights back on tables that were there', async () => {
    if (name !== 'postgres') return;
    const stopped = class extends Error {};
    await run(source, `INSERT INTO numbered (id, word) VALUES ('${keyOf(1)}', 'one')`);
    await up(target, made);
    const rights = () =>
      run(
        target,
        `SELECT grantee, privilege_type FROM information_schema.table_privileges WHERE table_name = 'numbered' AND grantee <> grantor ORDER BY 1, 2`,
      );
    const before = await rights();
    expect(before.length).toBeGreaterThan(0);
    await expect(
      move(source, target, [made], {
        prove: false,
        onProgress: ({ phase, done }: MoveProgress) => {
          if (phase === 'load' && done > 0) throw new stopped();
        },
      }),
    ).rejects.toThrow(stopped);
    expect(await rights()).not.toEqual(before);
    await discardMove(target, { systems: [made] });
    expect(await rights()).toEqual(before);
  });

  test('a move that is given up leaves what others have made meanwhile, and makes again nothing that they dropped', async () => {
    await run(source, `INSERT INTO numbered (id, word) VALUES ('${keyOf(1)}', 'one')`);
    const before =
      'CREATE TABLE earlier (id integer NOT NULL PRIMARY KEY); CREATE TABLE gone (id integer NOT NULL PRIMARY KEY)';
    await target.asOwner((owner) => owner.script(before));
    for (const phase of ['schema', 'load', 'objects'] as const) {
      await expect(
        move(source, target, [made], {
          prove: false,
          onProgress: stopAt(phase),
        }),
      ).rejects.toThrow(stopped);
      await target.asOwner((owner) =>
        owner.script(`CREATE TABLE sessions_${phase} (id integer NOT NULL PRIMARY KEY); INSERT INTO sessions_${phase} VALUES (1);
          CREATE INDEX ON earlier (id); DROP TABLE IF EXISTS gone`),
      );
      const { removed, left } = await discardMove(target);
      expect(removed).toContain('numbered');
      expect(left.join('\n')).toContain(`the table sessions_${phase}`);
      const found = await target.asOwner((owner) => target.introspect(owner));
      const names = found.tables.map((each) => each.name);
      expect(names).toContain(`sessions_${phase}`);
      expect(names).not.toContain('gone');
      expect(names).not.toContain('numbered');
      expect(await run(target, `SELECT id FROM sessions_${phase}`)).toEqual([{ id: 1 }]);
    }
    expect((await target.asOwner((owner) => target.introspect(owner))).functions).toEqual([]);
  });
});

describe('a move between two URLs of one database', () => {
  test('is refused before anything is written', async () => {
    const { made, folder } = await steps('docs', { docs });
    const place = (await engines.find(({ name }) => name === 'sqlite')?.place()) as Place;
    const path = place.url.slice('sqlite:'.length);
    await symlink(path, `${path}.link`);
    const [source, target] = [await openEngine(place), await openEngine({ url: `sqlite:${path}.link` })];
    try {
      await up(source, made);
      await expect(move(source, target, [made])).rejects.toMatchObject({
        code: 'move-refused',
        detail: expect.stringContaining('the same database'),
      });
      expect(await source.asOwner((owner) => owner.run('SELECT count(*) AS n FROM docs'))).toEqual([
        { n: 0 },
      ]);
    } finally {
      await source.close();
      await target.close();
      await place.remove();
      await folder.remove();
    }
  });
});

describe('values between PostgreSQL and SQLite', () => {
  const [postgres] = engines.filter((engine) => engine.name === 'pglite');
  const [sqlite] = engines.filter((engine) => engine.name === 'sqlite');

  test('an array element that no double holds is named, not rounded', async () => {
    if (!postgres || !sqlite) return;
    const lists = table('lists', { id: id(), counts: array(z.int()) });
    const { made, folder } = await steps('lists', { lists });
    const places = [await postgres.place(), await sqlite.place()] as const;
    const [source, target] = [await openEngine(places[0]), await openEngine(places[1])];
    try {
      await up(source, made);
      // the CHECK of the column looks at the form of the array alone
      await source.asOwner((owner) =>
        owner.run(`INSERT INTO lists (id, counts) VALUES ('${keyOf(1)}', '{9007199254740993}')`),
      );
      await expect(move(source, target, [made], { prove: false })).rejects.toMatchObject({
        code: 'move-value',
        detail: expect.stringContaining(keyOf(1)),
      });
    } finally {
      await source.close();
      await target.close();
      for (const place of places) await place.remove();
      await folder.remove();
    }
  });
});

describe.each(server)('a ledger on $name', (from) => {
  test('is not moved while a row waits that came after the look at it', async () => {
    const entries = table('entries', { id: id(), amount: z.int() }, () => [appendOnly(), ledgered()]);
    const { made, folder } = await steps('pay', { entries });
    const to = engines.find((engine) => engine.name === 'sqlite');
    if (!to) return;
    const places = [await from.place(), await to.place()] as const;
    const [source, target] = [await openEngine(places[0]), await openEngine(places[1])];
    try {
      await up(source, made);
      const reading = source.bulkReader;
      // what another program does between the look and the snapshot
      const late: Engine = Object.assign(Object.create(source) as Engine, {
        bulkReader: async (sql: 'sqlite' | 'postgres') => {
          await source.asOwner((owner) =>
            owner.run(`INSERT INTO entries (id, amount) VALUES ('${keyOf(1)}', 1)`),
          );
          return reading(sql);
        },
      });
      await expect(move(late, target, [made], { prove: false })).rejects.toMatchObject({
        code: 'move-refused',
        detail: expect.stringContaining('entries has 1 rows that its ledger has not sealed'),
      });
      expect((await target.asOwner((owner) => target.introspect(owner))).tables).toEqual([]);
    } finally {
      await source.close();
      await target.close();
      for (const place of places) await place.remove();
      await folder.remove();
    }
  });
});
