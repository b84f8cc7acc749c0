import { expect, test } from 'vitest';
import { targetOf } from '../../src/sql/target.js';

test.each([
  ['SELECT * FROM "orders" WHERE id = $1', 'SELECT', 'orders'],
  ['select o.id from public."Orders" as o join lines on true', 'SELECT', 'Orders'],
  ['SELECT 1', 'SELECT', undefined],
  ['SELECT n FROM (SELECT n FROM inner_table) AS t', 'SELECT', 'inner_table'],
  ['INSERT INTO "orders" ("a") SELECT * FROM unnest($1)', 'INSERT', 'orders'],
  ['INSERT OR REPLACE INTO orders DEFAULT VALUES', 'INSERT', 'orders'],
  ['UPDATE ONLY orders SET a = (SELECT 1 FROM other)', 'UPDATE', 'orders'],
  ['UPDATE OR FAIL orders SET a = 1', 'UPDATE', 'orders'],
  ['/* from nowhere */ DELETE FROM main.orders', 'DELETE', 'orders'],
  ['WITH open AS (SELECT * FROM a) UPDATE b SET x = 1', 'UPDATE', 'b'],
  ['EXPLAIN SELECT * FROM orders', 'SELECT', 'orders'],
  ['COMMIT', 'COMMIT', undefined],
  ["SELECT 'from x'", 'SELECT', undefined],
  ['SELECT (', 'SELECT', undefined],
  ['SELECT * FROM', 'SELECT', undefined],
  ['', '', undefined],
])('%s', (sql, operation, table) => {
  for (const dialect of ['sqlite', 'postgres'] as const)
    expect(targetOf(sql, dialect)).toEqual({ operation, table });
});
