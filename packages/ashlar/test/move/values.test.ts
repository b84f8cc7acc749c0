import { connect, Database } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import Sqlite from 'better-sqlite3-multiple-ciphers';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engines, type Place, sqlOf } from '../../../../test/support/engines.js';
import type { BulkRow } from '../../src/contract/bulk.js';
import { lineWriter } from '../../src/engines/bulk/row-line.js';
import { RowSum } from '../../src/engines/bulk/row-sum.js';
import { readValueOf } from '../../src/engines/sqlite/bulk/bulk-value.js';
import { encode } from '../../src/engines/sqlite/values/codec.js';
import { up } from '../../src/migrations/index.js';
import { move } from '../../src/move/index.js';
import { bulkTable } from '../../src/move/tables.js';
import type { Folder } from '../migrations/folder.js';
import { contents, type Depot, type DepotDatabase, fillDepot, makeDepot } from './depot.js';

const plain = engines.filter(({ name }) => name === 'sqlite');
const targets = engines.filter((engine) => sqlOf(engine) === 'postgres');
const pairs = plain.flatMap((from) => targets.map((to) => ({ from, to, name: `${from.name} → ${to.name}` })));

let depot: Depot;
let folder: Folder;
beforeAll(async () => {
  ({ system: depot, folder } = await makeDepot());
});
afterAll(() => folder.remove());

describe.each(pairs)('rows that raw SQL wrote, moved $name', ({ from, to }) => {
  let places: [Place, Place];
  let db: DepotDatabase;
  let target: Engine;
  beforeEach(async () => {
    places = [await from.place(), await to.place()];
    db = await connect(depot, { url: places[0].url, migrations: 'ignore' });
    await up(db.engine, depot);
    await fillDepot(db, 8);
    target = await openEngine({ url: places[1].url });
  });
  afterEach(async () => {
    await db.close();
    await target.close();
    for (const place of places) await place.remove();
  });

  const raw = (sql: string): void => {
    const file = new Sqlite(places[0].url.slice('sqlite:'.length));
    try {
      file.pragma('ignore_check_constraints = 1');
      file.pragma('foreign_keys = 0');
      file.exec(sql);
    } finally {
      file.close();
    }
  };
  const moving = () => move(db.engine, target, [depot], { prove: false });

  test('are refused by table, key and column, never by value; and when they are corrected, the move goes on', async () => {
    const key = '0190a0b0-0000-7000-8000-000000001001';
    const bad: readonly (readonly [column: string, sql: string, reason: RegExp])[] = [
      ['words', "CAST(x'73656372657400' AS TEXT)", /NUL/],
      ['words', "CAST(x'736563726574ff' AS TEXT)", /UTF-8/],
      ['flag', '2', /0 or 1/],
      ['anything', `'{"secret":'`, /not JSON/],
      ['anything', `'{"secret":1e400}'`, /double/],
      ['anything', `'"secret\\u0000"'`, /NUL/],
      ['anything', `'["secret\\ud800"]'`, /surrogate/],
      ['at', "'secret'", /SQLSTATE 22007/],
      ['day', "'2026-02-30'", /SQLSTATE 22008/],
      ['uuid', "'secret'", /SQLSTATE 22P02/],
      ['address', "'secret'", /SQLSTATE 22P02/],
      ['whole', '9007199254740993', /SQLSTATE 23514/],
    ];
    const before = new Map(
      Object.entries((await db.read({ scope: '*' }, (s) => s.get(depot.tables.kinds, key))) ?? {}),
    );
    for (const [column, sql, reason] of bad) {
      raw(`CREATE TEMP TABLE was AS SELECT ${column} AS was FROM kinds WHERE id = '${key}';
           UPDATE kinds SET ${column} = ${sql} WHERE id = '${key}';`);
      const error = await moving().then(
        () => undefined,
        (thrown: { code: string; message: string; detail: string }) => thrown,
      );
      expect(error?.code, `${column} = ${sql}`).toBe('move-value');
      expect(error?.detail).toContain(key);
      expect(error?.detail).toContain(column);
      expect(error?.detail).toMatch(reason);
      expect(`${error?.message} ${error?.detail}`).not.toMatch(/secret|9007199254740993|02-30/);
      const value = before.get(column);
      const stored = encode(depot.tables.kinds.columns[column as 'words'], value);
      raw(
        `UPDATE kinds SET ${column} = ${typeof stored === 'number' ? stored : `'${String(stored).replaceAll("'", "''")}'`} WHERE id = '${key}'`,
      );
    }
    expect((await moving()).resumed).toBe(true);
    expect(await contents(new Database(target, depot, {}))).toEqual(await contents(db));
  });

  test('are all named at once, 20 of them, with their number', async () => {
    await fillMore(25);
    raw("UPDATE kinds SET words = CAST(x'610062' AS TEXT) WHERE words = 'more'");
    await expect(moving()).rejects.toMatchObject({
      code: 'move-value',
      message: '25 values of the source cannot be moved.',
      detail: expect.stringMatching(/^(kinds, id "[^"]+", words: .*\n){20}and 5 more$/),
    });
  });

  const fillMore = async (count: number): Promise<void> => {
    const [row] = (await contents(db)).kinds;
    await db.session({ actor: 'jan', scope: null }, async (s) => {
      for (let n = 0; n < count; n++) {
        const { id: _, ...rest } = row as NonNullable<typeof row>;
        await s.insert(depot.tables.kinds, { ...rest, words: 'more' });
      }
    });
  };

  test('that refer to rows which do not exist are refused by the foreign key, and a key twice in JSON is the last', async () => {
    raw("DELETE FROM sites WHERE name = 'site 1'");
    raw(`UPDATE kinds SET anything = '{"a": 1, "a": 1.0, "b":[ 1e2 ]}'`);
    await expect(moving()).rejects.toMatchObject({
      code: 'move-value',
      facts: { table: 'orders', constraint: expect.stringContaining('site_id') },
    });
    raw("INSERT INTO sites VALUES ('0190a0b0-0000-7000-8000-000000000001', 'site 1')");
    await moving();
    const moved = await contents(new Database(target, depot, {}));
    expect(moved).toEqual(await contents(db));
    expect(moved.kinds[0]?.anything).toEqual({ a: 1, b: [100] });
  });
});

describe.each(targets)('the checksum of rows on $name', ({ place: newPlace }) => {
  test('is the same in this process and in the database', async () => {
    const place = await newPlace();
    const engine = await openEngine({ url: place.url });
    try {
      await up(engine, depot);
      const { kinds } = depot.tables;
      const table = bulkTable(kinds);
      const read = table.columns.map(readValueOf);
      const rowOf = (row: Readonly<Record<string, unknown>>): BulkRow =>
        Object.values(kinds.columns).map((column, at) => {
          const stored = encode(column, row[column.name]);
          const isInteger =
            typeof stored === 'bigint' || (typeof stored === 'number' && column.kind !== 'real');
          const found = isInteger ? String(stored) : stored;
          return found === null ? null : (read[at]?.(found) ?? null);
        });
      const text = fc
        .string({ unit: 'binary' })
        .filter((value) => !value.includes('\0') && value.isWellFormed());
      const time = fc
        .date({
          min: new Date('0001-01-01T00:00:00Z'),
          max: new Date('9999-12-31T23:59:59.999Z'),
          noInvalidDate: true,
        })
        .map((date) => date.toISOString());
      const json = fc.jsonValue().filter((value) => !/\\u0000|\\ud/i.test(JSON.stringify(value)));
      const rows = fc.record({
        id: fc.uuid(),
        words: text,
        whole: fc.maxSafeInteger(),
        big: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
        money: fc
          .integer({ min: -1_000_000, max: 1_000_000 })
          .map((cents) => (cents / 100).toFixed(2).replace(/^-0\.00$/, '0.00')),
        real: fc.double({ noNaN: true, noDefaultInfinity: true }),
        flag: fc.boolean(),
        uuid: fc.uuid(),
        at: time,
        precise: time.map((value) => value.replace('Z', '042Z')),
        day: time.map((value) => value.slice(0, 10)),
        address: fc.oneof(
          fc.ipV4(),
          fc.ipV6().map((value) => new URL(`http://[${value}]`).hostname.slice(1, -1)),
        ),
        anything: json,
        blob: fc.uint8Array({ maxLength: 40 }),
        words_or_null: fc.option(text),
        real_or_null: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
        json_or_null: fc.option(json),
        blob_or_null: fc.option(fc.uint8Array({ maxLength: 40 })),
      });
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(rows, { selector: ({ id }) => id, maxLength: 12 }), async (given) => {
          const moved = given.map(rowOf);
          const lines = moved.map(lineWriter(table.columns));
          const sum = new RowSum();
          sum.add(lines);
          await engine.bulkWriter(async (writer) => {
            await writer.owner.atomically(async () => {
              await writer.lift([table.name], []);
              await writer.empty([table.name]);
              const load = await writer.load(table);
              await load.write({ rows: moved, lines });
              await load.end();
            });
            expect(await writer.checksum(table)).toEqual(sum.value);
          });
        }),
        { numRuns: 60 },
      );
    } finally {
      await engine.close();
      await place.remove();
    }
  });
});
