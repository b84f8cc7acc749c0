import { adopt } from 'ashlar/adopt';
import { type Engine, openEngine } from 'ashlar/extend';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { engines, type Place, sqlOf } from '../../../../test/support/engines.js';

const uuid = `'0198c0de-0000-7000-8000-000000000001'`;

/** A column of SQLite, its values, how it is declared by them, and if the other program goes on writing. */
const fitted: readonly (readonly [type: string, values: readonly string[], as: string, kept: string])[] = [
  ['INTEGER', ['0', '1'], 'integer', 'integer'],
  ['TINYINT(1)', ['0', '1'], 'boolean', 'integer'],
  ['TINYINT(1)', ['0', '2'], 'integer', 'integer'],
  ['BOOLEAN', ['0', '1'], 'boolean', 'boolean'],
  ['BOOLEAN', ["'true'", '0'], 'boolean', 'several types'],
  ['BOOLEAN', ["'yes'", "'no'"], 'text', 'text'],
  ['INTEGER', ['9007199254740993'], 'bigint', 'bigint'],
  ['INTEGER', ["'a'", "'b'"], 'text', 'text'],
  ['INTEGER', ["'a'", '5'], 'several types', 'several types'],
  ['TEXT', [uuid], 'uuid', 'text'],
  ['TEXT', [uuid.toUpperCase()], 'text', 'text'],
  ['TEXT', ["'2024-02-29'"], 'date', 'text'],
  ['TEXT', ["'2023-02-29'"], 'text', 'text'],
  ['TEXT', ["'2024-02-29 12:00:00'"], 'timestamp', 'text'],
  ['TEXT', ["'2024-02-29T12:00:00.000Z'"], 'timestamp', 'text'],
  ['TEXT', [`'{"a":1}'`, "'[]'"], 'json', 'text'],
  ['TEXT', ["'5'"], 'text', 'text'],
  ['TEXT', ["'a'", "X'00'"], 'several types', 'several types'],
  ['TEXT', ["CAST(X'6100' AS TEXT)"], 'NUL', 'NUL'],
  ['VARCHAR(3)', ["'abcd'"], 'text', 'text'],
  ['DATETIME', ["'2024-02-29 12:00:00'"], 'timestamp', 'text'],
  ['DATETIME', ['1709208000000'], 'timestamp', 'integer'],
  ['DATETIME', ["'2024-02-29'"], 'date', 'text'],
  ['DATETIME', ["'soon'"], 'text', 'text'],
  ['DATETIME', [], 'timestamp', 'text'],
  ['DATE', ["'2024-02-29'"], 'date', 'date'],
  ['DATE', ["'29.2.2024'"], 'text', 'text'],
  ['NUMERIC(10,2)', ['2.5', '3'], 'decimal', 'real'],
  ['NUMERIC(10,2)', ['2.555'], 'real', 'real'],
  ['NUMERIC', ['2.5', '3'], 'real', 'real'],
  ['NUMERIC', [], 'without digits', 'without digits'],
  ['JSON', [`'{}'`, '5'], 'several types', 'several types'],
  ['JSON', [`'{'`], 'text', 'text'],
  ['', ['1'], 'integer', 'integer'],
  ['', [], 'no declaration', 'no declaration'],
  ['BLOB', ["'a'"], 'text', 'text'],
];

describe.each(engines)('adopt reads values on $name', (kind) => {
  const dialect = sqlOf(kind);
  let place: Place;
  let engine: Engine;
  beforeEach(async () => {
    place = await kind.place();
    engine = await openEngine({ url: place.url, key: place.key });
  });
  afterEach(async () => {
    await engine.close();
    await place.remove();
  });
  const run = (sql: string) => engine.asOwner((owner) => owner.script(sql));

  test('a column is declared by what it stores, by its type where nothing is read, and keeps its values if asked to', async () => {
    if (dialect === 'postgres') {
      await run(`CREATE TABLE things (id integer PRIMARY KEY, a date, b timestamptz, c date);
        INSERT INTO things VALUES (1, 'infinity', '20000-01-01', '2024-02-29')`);
      const { report } = await adopt(engine, { name: 'shop' });
      expect(report.columns.map(({ as, reason }) => as ?? reason)).toEqual([
        'integer',
        'date',
        expect.stringContaining('infinity'),
        expect.stringContaining('infinity'),
      ]);
      expect((await adopt(engine, { name: 'shop', scan: false })).report.scanned).toEqual([]);
      return;
    }
    await run(
      `CREATE TABLE things (id INTEGER PRIMARY KEY, is_open INTEGER, ${fitted.map(([type], at) => `c${at} ${type}`).join(', ')})`,
    );
    for (let row = 0; row < 2; row++)
      await run(
        `INSERT INTO things VALUES (${row}, ${row}, ${fitted.map(([, values]) => values[row] ?? 'NULL').join(', ')})`,
      );
    const seen: unknown[] = [];
    const { report } = await adopt(engine, { name: 'shop', onScan: (tables) => seen.push(...tables) });
    expect(seen).toEqual([{ name: 'things', rows: 2, isPart: false }]);
    const found = (columns: typeof report.columns) =>
      fitted.map(([type, values, as, kept], at) => {
        const column = columns.find((each) => each.column === `c${at}`);
        const text = column?.as ?? column?.reason ?? '';
        const wanted = columns === report.columns ? as : kept;
        return `${type} ${values.join()}: ${text.includes(wanted) ? wanted : text}`;
      });
    expect(found(report.columns)).toEqual(
      fitted.map(([type, values, as]) => `${type} ${values.join()}: ${as}`),
    );
    expect(report.columns.find(({ column }) => column === 'is_open')?.as).toBe('boolean');
    const keeping = await adopt(engine, { name: 'shop', keepValues: true });
    expect(found(keeping.report.columns)).toEqual(
      fitted.map(([type, values, , kept]) => `${type} ${values.join()}: ${kept}`),
    );
    // only the first row
    const part = await adopt(engine, { name: 'shop', scanRows: 1 });
    expect(part.report.scanned).toEqual([{ name: 'things', rows: 2, isPart: true }]);
    expect(part.report.columns.find(({ column }) => column === 'c8')?.as).toBe('text');
  });

  test('both ends of a key have one type; a key with NULLs is not declared', async () => {
    await run(
      dialect === 'sqlite'
        ? `CREATE TABLE people (id TEXT PRIMARY KEY NOT NULL); CREATE TABLE notes (id INTEGER PRIMARY KEY, person TEXT REFERENCES people (id));
           CREATE TABLE empty (id INTEGER PRIMARY KEY, person TEXT REFERENCES people (id)); CREATE TABLE odd (id TEXT PRIMARY KEY);
           INSERT INTO people VALUES (${uuid}); INSERT INTO notes VALUES (1, ${uuid}); INSERT INTO odd VALUES (NULL)`
        : `CREATE TABLE people (id text PRIMARY KEY); CREATE TABLE notes (id integer PRIMARY KEY, person text REFERENCES people (id))`,
    );
    const { report, files } = await adopt(engine, { name: 'shop' });
    const of = (table: string, column: string) =>
      report.columns.find((each) => each.table === table && each.column === column)?.as;
    const type = dialect === 'sqlite' ? 'uuid' : 'text';
    expect([of('people', 'id'), of('notes', 'person')]).toEqual([type, type]);
    expect(files[0]?.text).toContain('references(c.person, people.columns.id');
    if (dialect === 'postgres') return;
    expect(of('empty', 'person')).toBe('uuid');
    expect(report.tables.find(({ name }) => name === 'odd')?.reason).toContain('NULLs');
    await run(`INSERT INTO people VALUES ('ann')`);
    const mixed = await adopt(engine, { name: 'shop' });
    expect(mixed.report.columns.filter(({ as }) => as === 'uuid')).toEqual([]);
  });
});
