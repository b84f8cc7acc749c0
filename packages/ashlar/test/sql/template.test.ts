import { describe, expect, test } from 'vitest';
import { hanging, sql } from '../../src/sql/template.js';

describe('sql`…`', () => {
  test('takes off the indentation of the source', () => {
    expect(sql`
      CREATE TABLE t (
        a TEXT

      )
    `).toBe('CREATE TABLE t (\n  a TEXT\n\n)');
  });

  test('may begin on its first line', () => {
    expect(sql`SELECT 1`).toBe('SELECT 1');
    expect(sql`SELECT
      1
        + 2`).toBe('SELECT\n1\n  + 2');
  });

  test('a value of several lines keeps the indentation of its line', () => {
    expect(sql`
      BEGIN
        ${'SELECT 1;\nSELECT 2;'}
        WHERE ${'a\n  AND b'}
      END
    `).toBe('BEGIN\n  SELECT 1;\n  SELECT 2;\n  WHERE a\n    AND b\nEND');
  });

  test('what a string holds is never changed', () => {
    const value = `a = 'x\n y'\nAND "b\n" = $$\n$$ -- 'c\n  OR d = E'\\'\n'`;
    expect(sql`
      CHECK (
        ${value}
      )
    `).toBe(`CHECK (\n  a = 'x\n y'\n  AND "b\n" = $$\n$$ -- 'c\n    OR d = E'\\'\n'\n)`);
  });

  test('a list gives one line for each item', () => {
    expect(sql`
      (
        ${['a,', 'b']}
      )
    `).toBe('(\n  a,\n  b\n)');
  });

  test('a line of nothing is left out, a line of an empty text stays', () => {
    expect(sql`
      a
      ${undefined}
      ${[]}${undefined}
      ${''}
      b${undefined}
    `).toBe('a\n\nb');
  });

  test('a value is inserted as it is', () => {
    expect(sql`x ${'  $& \\ `'} ${1}`).toBe('x   $& \\ ` 1');
  });

  test('blank lines get no spaces', () => {
    expect(hanging('a\n\nb', 4)).toBe('a\n\n    b');
    expect(sql`
        ${'a\n\nb'}
      c`).toBe('  a\n\n  b\nc');
  });
});
