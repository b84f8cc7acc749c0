import { describe, expect, test } from 'vitest';
import { BoundedCache } from '../../src/engines/sqlite/driver/bounded-cache.js';
import { parseTable } from '../../src/engines/sqlite/schema/parse-table.js';
import { renderTable } from '../../src/engines/sqlite/schema/render.js';
import { codeOf, folded, line, splitAtAnds } from '../../src/sql/code.js';

describe('two texts that say the same fold to one', () => {
  test.each([
    ['CHECK ( a  IN (1,2 ,3) )', 'CHECK (a IN (1, 2, 3))'],
    ["a -- it's a comment\n = 'x -- no  comment' /* ' */", "a = 'x -- no  comment'"],
    ['"jobs" ("id", "Two", "order", `a`, [b c])', 'jobs (id, "Two", "order", a, "b c")'],
    ['\'it\'\'s\'  ||  "a""b"', `'it''s' || "a""b"`],
    ['1.5e+3 <= x', '1.5e+3 <= x'],
    ['', ''],
  ])('%s', (sql, expected) => {
    expect(folded(sql, 'sqlite')).toBe(expected);
    expect(folded(expected, 'sqlite')).toBe(expected);
  });
});

test('conditions are split at the ANDs that join them', () => {
  const split = (sql: string) => splitAtAnds(codeOf(sql, 'sqlite')).map(line);
  expect(split('a BETWEEN 1 AND 2 AND b AND (c AND d) AND e BETWEEN 3 AND 4')).toEqual([
    'a BETWEEN 1 AND 2',
    'b',
    '(c AND d)',
    'e BETWEEN 3 AND 4',
  ]);
});

describe('a CREATE TABLE is taken apart', () => {
  const sql = `CREATE TABLE "odd, (name)" (
    id INTEGER CONSTRAINT odd_pkey PRIMARY KEY AUTOINCREMENT, -- a comment, with (brackets
    "a,b" VARCHAR(10) COLLATE NOCASE NOT NULL DEFAULT 'x, (y' CONSTRAINT c1 CHECK ("a,b" <> ')' /* ) */),
    n INTEGER DEFAULT -5 NOT NULL, at TEXT DEFAULT (strftime('%s', 'now')), anything,
    d TEXT DEFAULT CURRENT_TIMESTAMP REFERENCES other (id) ON DELETE SET NULL,
    CONSTRAINT u UNIQUE (n, at), PRIMARY KEY (n), CHECK (n > 0)
  ) STRICT, WITHOUT ROWID`;

  test('into columns, constraints and options', () => {
    expect(parseTable(sql, 'odd, (name)')).toEqual({
      columns: [
        {
          name: 'id',
          type: 'INTEGER',
          notNull: false,
          default: undefined,
          rest: 'CONSTRAINT odd_pkey PRIMARY KEY AUTOINCREMENT',
        },
        {
          name: 'a,b',
          type: 'VARCHAR(10)',
          notNull: true,
          default: "'x, (y'",
          rest: `COLLATE NOCASE CONSTRAINT c1 CHECK ("a,b" <> ')')`,
        },
        { name: 'n', type: 'INTEGER', notNull: true, default: '-5', rest: '' },
        { name: 'at', type: 'TEXT', notNull: false, default: "(strftime('%s', 'now'))", rest: '' },
        { name: 'anything', type: '', notNull: false, default: undefined, rest: '' },
        {
          name: 'd',
          type: 'TEXT',
          notNull: false,
          default: 'CURRENT_TIMESTAMP',
          rest: 'REFERENCES other (id) ON DELETE SET NULL',
        },
      ],
      constraints: [
        { name: 'u', definition: 'UNIQUE (n, at)' },
        { name: 'PRIMARY KEY (n)', definition: 'PRIMARY KEY (n)' },
        { name: 'CHECK (n > 0)', definition: 'CHECK (n > 0)' },
      ],
      options: 'STRICT, WITHOUT ROWID',
    });
  });

  test('with the name of the table before a column as without it', () => {
    const text = (of: string) =>
      `CREATE TABLE notes (a INTEGER CHECK (${of}a > 0), notes TEXT, CHECK (${of}notes <> 'notes.a' AND other.a IS ${of} a))`;
    const plain = parseTable(text(''), 'notes');
    for (const of of ['notes.', 'NOTES . ', '"notes".', '[Notes]./* x */'])
      expect(parseTable(text(of), 'notes')).toEqual(plain);
  });

  test('and put together again', () => {
    const parsed = { name: 'odd, (name)', ...parseTable(sql, 'odd, (name)'), indexes: [], triggers: [] };
    expect(parseTable(renderTable(parsed), 'odd, (name)')).toEqual(parseTable(sql, 'odd, (name)'));
  });
});

test('what is kept is bounded, and what is used stays', () => {
  const kept = new BoundedCache<number>(10);
  kept.set('used', -1);
  for (let i = 0; i < 1000; i++) {
    kept.set(`text ${i}`, i);
    expect(kept.get('used')).toBe(-1);
  }
  const found = Array.from({ length: 1000 }, (_, i) => kept.get(`text ${i}`)).filter(
    (value) => value !== undefined,
  );
  expect(found.length).toBeLessThanOrEqual(10);
  kept.clear();
  expect(kept.get('used')).toBeUndefined();
});
