import Sqlite from 'better-sqlite3-multiple-ciphers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BadValue, BulkColumn, BulkTable } from '../../src/contract/bulk.js';
import type { ColumnKind } from '../../src/contract/column.js';
import { RowSum } from '../../src/engines/bulk/row-sum.js';
import { jsonbText } from '../../src/engines/json-text.js';
import { readRows } from '../../src/engines/sqlite/bulk/rows.js';
import type { DriverDatabase } from '../../src/engines/sqlite/driver/driver.js';

const column = (name: string, kind: ColumnKind, more: Partial<BulkColumn> = {}): BulkColumn => ({
  name,
  kind,
  precision: 3,
  digits: undefined,
  generated: undefined,
  ...more,
});
const table: BulkTable = {
  name: 't',
  columns: [
    column('id', 'integer'),
    column('words', 'text'),
    column('other', 'uuid'),
    column('flag', 'boolean'),
    column('data', 'json'),
    column('big', 'bigint'),
    column('at', 'timestamp'),
    column('money', 'decimal', { digits: { total: 12, scale: 2 } }),
    column('ratio', 'real'),
    column('blob', 'bytes'),
    column('entry', 'text', { isBytesOnPostgres: true }),
    column('last', 'text'),
  ],
  primaryKey: ['id'],
};
const definition = (strict: string): string =>
  `CREATE TABLE t (id INTEGER PRIMARY KEY, words TEXT, other TEXT, flag INTEGER, data TEXT, big INTEGER, at TEXT, money INTEGER, ratio REAL, blob BLOB, entry TEXT, last TEXT) ${strict}`;

const part = fc.constantFrom(
  'a',
  '\\',
  'N',
  '\\N',
  '\u001f',
  '\0',
  '\uFFFD',
  '\n',
  '\r',
  '\t',
  'ä',
  '😀',
  '"',
);
const text = fc.oneof(
  fc.array(part, { maxLength: 4 }).map((parts) => `'${parts.join('').replaceAll("'", "''")}'`),
  // bytes that are no UTF-8
  fc.constant("CAST(x'61ff62' AS TEXT)"),
  fc.constant("CAST(x'efbfbd' AS TEXT)"),
  fc.constant('char(0)'),
);
const orNull = (values: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(values, fc.constant('NULL'));
const row = fc.tuple(
  orNull(text),
  orNull(text),
  fc.constantFrom('0', '1', '2', 'NULL'),
  fc.constantFrom('NULL', '\'{"b":1,"aa":[]}\'', '\'"x\\u0000"\'', "'{'", "'1.0'", '\'"\\\\\\\\N"\''),
  fc.constantFrom('NULL', '9223372036854775807', '-9223372036854775808', '0'),
  orNull(text),
  fc.constantFrom('NULL', '-5', '123456'),
  fc.constantFrom('NULL', '0.1', '-0.0', '9e999'),
  fc.constantFrom('NULL', "x''", "x'00ff'"),
  orNull(text),
  orNull(text),
);

/** The text of SQL with a NUL ends there, so each part is joined by char(0). */
const withNul = (sql: string): string =>
  sql.includes('\0') ? sql.split('\0').join("' || char(0) || '") : sql;

/** The fields of a line: a backslash takes the character after it. */
const fieldsOf = (line: string): readonly string[] => {
  const fields = [''];
  for (const part of line.match(/\\.|[^\\]/gsu) ?? []) {
    if (part === '\u001f') fields.push('');
    else fields[fields.length - 1] += part;
  }
  return fields;
};

const read = async (database: DriverDatabase, form: 'rows' | 'lines') => {
  const bad: BadValue[] = [];
  const lines: string[] = [];
  let count = 0;
  for await (const batch of readRows(database, table, undefined, form, (each) => bad.push(each))) {
    lines.push(...batch.lines);
    count += batch.rows.length;
  }
  return { bad, lines, count };
};

describe.each(['STRICT', ''])('rows of a table %s', (strict) => {
  test('are the same lines, and have the same faults, whether their values are read or not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 8 }), async (rows) => {
        const database = new Sqlite(':memory:') as unknown as DriverDatabase;
        database.exec(definition(strict));
        for (const values of rows)
          database.exec(`INSERT INTO t VALUES (NULL, ${values.map(withNul).join(', ')})`);
        const [one, other] = [await read(database, 'rows'), await read(database, 'lines')];
        database.close();
        expect(other.lines).toEqual(one.lines);
        expect(other.bad).toEqual(one.bad);
        expect(one.count).toBe(one.lines.length);
        // a NULL is no text, and a separator in a text is none between fields
        for (const line of one.lines) expect(fieldsOf(line)).toHaveLength(12);
      }),
      { numRuns: 300 },
    );
  });
});

test('a line has the fields that COPY reads', async () => {
  const database = new Sqlite(':memory:') as unknown as DriverDatabase;
  database.exec(definition('STRICT'));
  database.exec(
    `INSERT INTO t VALUES (1, 'a\\N', NULL, 1, '{"b": 1e2, "a": "\\\\"}', -5, 'x\u001fy', -5, 0.5, x'00ff', '["\\""]', '')`,
  );
  const { lines } = await read(database, 'lines');
  database.close();
  expect(lines.map(fieldsOf)).toEqual([
    [
      '1',
      'a\\\\N',
      '\\N',
      '1',
      '{"a": "\\\\\\\\", "b": 100}',
      '-5',
      'x\\\u001fy',
      '-0.05',
      '3fe0000000000000',
      '\\\\x00ff',
      '["\\\\\\\\""]',
      '',
    ],
  ]);
});

test('the sum of rows does not depend on their order, and counts each', () => {
  const sumOf = (lines: readonly string[]) => {
    const sum = new RowSum();
    sum.add(lines);
    return sum.value;
  };
  expect(sumOf(['a', 'b', 'b'])).toEqual(sumOf(['b', 'a', 'b']));
  expect(sumOf(['a', 'b']).sum).not.toBe(sumOf(['a', 'b', 'b']).sum);
  // the first 8 bytes of SHA-256 of 'abc' (FIPS 180-2, B.1)
  expect(sumOf(['abc'])).toEqual({ rows: 1, sum: 'ba7816bf8f01cfea' });
});

test('the form of jsonb sorts keys by length and bytes, whatever objects came before', () => {
  for (let n = 0; n < 2_500; n++) jsonbText({ [`key${n}`]: n });
  expect(jsonbText({ b: 1, aa: { ä: -0, z: 1e21, '"': 0.1 }, a: [null, true] })).toBe(
    '{"a": [null, true], "b": 1, "aa": {"\\"": 0.1, "z": 1000000000000000000000, "ä": 0}}',
  );
  expect(['{}', '{"": 1}', '{}'].map((text) => jsonbText(JSON.parse(text)))).toEqual(['{}', '{"": 1}', '{}']);
  expect(jsonbText({ a: 1, b: { a: 2 } })).toBe('{"a": 1, "b": {"a": 2}}');
});
