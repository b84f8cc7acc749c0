import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SqlName } from '../../src/contract/sql.js';
import { tokenise } from '../../src/sql/lexer.js';
import { hostileText } from './hostile.js';

const both = ['sqlite', 'postgres'] as const;

const kindsOf = (sql: string, dialect: SqlName) =>
  tokenise(sql, dialect)
    .filter(({ kind }) => kind !== 'space')
    .map(({ kind, text }) => [kind, text]);

describe.each(both)('%s', (dialect) => {
  test('the tokens of every text are the text', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, fc.string({ unit: 'binary' })), (sql) => {
        const tokens = tokenise(sql, dialect);
        expect(tokens.map(({ text }) => text).join('')).toBe(sql);
        let at = 0;
        for (const { start, end, text } of tokens) {
          expect(start).toBe(at);
          expect(end).toBeGreaterThan(start);
          expect(sql.slice(start, end)).toBe(text);
          at = end;
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('only the last token can be without its end', () => {
    fc.assert(
      fc.property(hostileText, (sql) => {
        const read = tokenise(sql, dialect).filter(({ kind }) => kind !== 'unread');
        expect(read.slice(0, -1).every(({ terminated }) => terminated)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ["'", "'it''s"],
    ['"', '"a""'],
    ['comment', '/* a'],
  ])('an unterminated %s is reported', (_, sql) => {
    expect(tokenise(`SELECT ${sql}`, dialect).at(-1)).toMatchObject({ text: sql, terminated: false });
    expect(tokenise('SELECT 1', dialect).every(({ terminated }) => terminated)).toBe(true);
  });

  test.each([
    ["'".repeat(200_001)],
    ['/*'.repeat(100_000)],
    ['$a'.repeat(100_000)],
    ["'a'\n".repeat(50_000)],
    ["'a' -- b\n-- c\n".repeat(20_000)],
    ["E'\\".repeat(50_000)],
    ['-'.repeat(200_000)],
    ['1e'.repeat(100_000)],
    ['1.'.repeat(100_000)],
    ['U&'.repeat(100_000)],
    [' \n'.repeat(100_000)],
    ['$$a$b$'.repeat(30_000)],
    ["x'".repeat(100_000)],
    ['"\'['.repeat(60_000)],
  ])('hostile text takes linear time (%#)', (sql) => {
    const started = performance.now();
    const tokens = tokenise(sql, dialect);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(tokens.reduce((length, { text }) => length + text.length, 0)).toBe(sql.length);
  });

  test('nothing is read from a NUL character on', () => {
    expect(kindsOf("SELECT 'a\0b' -- c", dialect)).toEqual([
      ['word', 'SELECT'],
      ['string', "'a"],
      ['unread', "\0b' -- c"],
    ]);
  });
});

describe('sqlite', () => {
  test.each([
    [
      'a"b""c"`d``e`[f"g]',
      [
        ['word', 'a'],
        ['name', '"b""c"'],
        ['name', '`d``e`'],
        ['name', '[f"g]'],
      ],
    ],
    [
      "x'0a'X'' 'it''s'",
      [
        ['string', "x'0a'"],
        ['string', "X''"],
        ['string', "'it''s'"],
      ],
    ],
    [
      '? ?12 :a @b $c #d',
      [
        ['parameter', '?'],
        ['parameter', '?12'],
        ['parameter', ':a'],
        ['parameter', '@b'],
        ['parameter', '$c'],
        ['parameter', '#d'],
      ],
    ],
    [
      '1 0x1F 1_000.5e-3 .5',
      [
        ['number', '1'],
        ['number', '0x1F'],
        ['number', '1_000.5e-3'],
        ['number', '.5'],
      ],
    ],
    [
      '/* a /* b */ c',
      [
        ['block-comment', '/* a /* b */'],
        ['word', 'c'],
      ],
    ],
    [
      '-- a\r b\nc',
      [
        ['line-comment', '-- a\r b'],
        ['word', 'c'],
      ],
    ],
    [
      'a$b né \u00a0x',
      [
        ['word', 'a$b'],
        ['word', 'né'],
        ['word', '\u00a0x'],
      ],
    ],
    [
      '1 /*',
      [
        ['number', '1'],
        ['operator', '/'],
        ['operator', '*'],
      ],
    ],
    [
      '\ufeffa \ufeff b',
      [
        ['space', '\ufeff'],
        ['word', 'a'],
        ['space', '\ufeff'],
        ['word', 'b'],
      ].filter(([kind]) => kind !== 'space'),
    ],
    [
      "E'a\\' 'b",
      [
        ['word', 'E'],
        ['string', "'a\\'"],
        ['string', "'b"],
      ],
    ],
  ])('%s', (sql, expected) => expect(kindsOf(sql, 'sqlite')).toEqual(expected));
});

describe('postgres', () => {
  test.each([
    [
      "E'a\\'b''c' e'\\\\' 'd\\'",
      [
        ['string', "E'a\\'b''c'"],
        ['string', "e'\\\\'"],
        ['string', "'d\\'"],
      ],
    ],
    [
      'U&\'d\\0061\' U&"a""b" u&\'x\'',
      [
        ['string', "U&'d\\0061'"],
        ['name', 'U&"a""b"'],
        ['string', "u&'x'"],
      ],
    ],
    [
      "B'01' x'0a' N'é'",
      [
        ['string', "B'01'"],
        ['string', "x'0a'"],
        ['word', 'N'],
        ['string', "'é'"],
      ],
    ],
    [
      '$$a;$b$ $$ $x$ $$ $x$',
      [
        ['string', '$$a;$b$ $$'],
        ['string', '$x$ $$ $x$'],
      ],
    ],
    [
      'a$$b $1 $é$c$é$ $2$d$',
      [
        ['word', 'a$$b'],
        ['parameter', '$1'],
        ['string', '$é$c$é$'],
        ['parameter', '$2'],
        ['string', '$d$'],
      ],
    ],
    [
      '/* a /* b */ c */ d',
      [
        ['block-comment', '/* a /* b */ c */'],
        ['word', 'd'],
      ],
    ],
    [
      '-- a\rb',
      [
        ['line-comment', '-- a'],
        ['word', 'b'],
      ],
    ],
    [
      "E'a' -- c\n '\\'b' 'c'",
      [
        ['string', "E'a' -- c\n '\\'b'"],
        ['string', "'c'"],
      ],
    ],
    [
      "E'a' 'b\\'",
      [
        ['string', "E'a'"],
        ['string', "'b\\'"],
      ],
    ],
    ['\ufeffa', [['word', 'a']]],
    [
      'a<--b',
      [
        ['word', 'a'],
        ['operator', '<'],
        ['line-comment', '--b'],
      ],
    ],
    [
      '[a] `',
      [
        ['operator', '['],
        ['word', 'a'],
        ['operator', ']'],
        ['operator', '`'],
      ],
    ],
  ])('%s', (sql, expected) => expect(kindsOf(sql, 'postgres')).toEqual(expected));
});
