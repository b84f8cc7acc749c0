import type { RunSql } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { sql } from '../../sql/template.js';
import { firstMonth, type Month, startOf } from './months.js';

/**
 * A range partition, which holds the times from `from` (inclusive) to `to` (exclusive), in milliseconds since 1970; an
 * unbounded end is infinite.
 */
export interface RangePartition {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** The partitions of a table, as the system catalogue of PostgreSQL lists them. */
export interface Catalogue {
  readonly ranges: readonly RangePartition[];
  readonly default: string | undefined;
}

const partitionsSql = sql`
  SELECT c.relname::text AS name,
    b.bound = 'DEFAULT' AS "isDefault",
    extract(epoch FROM (regexp_match(b.bound, $re$FROM \\('([^']+)'\\)$re$))[1]::timestamptz)::text AS "from",
    extract(epoch FROM (regexp_match(b.bound, $re$TO \\('([^']+)'\\)$re$))[1]::timestamptz)::text AS "to"
  FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid
  CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) b
  WHERE i.inhparent = $1::text::regclass AND NOT i.inhdetachpending
  ORDER BY c.relname
`;

const milliseconds = (epoch: unknown, open: number): number => (epoch === null ? open : Number(epoch) * 1000);

/** Reads the partitions of a table from the database. */
export async function readCatalogue(run: RunSql, table: TableFacts): Promise<Catalogue> {
  const rows = await run(partitionsSql, [identifier(table.name)]);
  const isDefault = (row: Record<string, unknown>): boolean =>
    row.isDefault === true || row.isDefault === 't';
  return {
    default: rows.filter(isDefault).map((row) => String(row.name))[0],
    ranges: rows
      .filter((row) => !isDefault(row))
      .map((row) => ({
        name: String(row.name),
        from: milliseconds(row.from, Number.NEGATIVE_INFINITY),
        to: milliseconds(row.to, Number.POSITIVE_INFINITY),
      }))
      .sort((a, b) => a.from - b.from),
  };
}

/** Counts the rows of a table in each month from the year 1 to the month `last`. */
export async function countByMonth(
  run: RunSql,
  from: string,
  column: string,
  last: Month,
): Promise<ReadonlyMap<Month, number>> {
  const rows = await run(sql`
    SELECT (extract(year FROM moment) * 12 + extract(month FROM moment) - 1)::int::text AS month, count(*)::text AS rows
    FROM (
      SELECT ${identifier(column)} AT TIME ZONE 'UTC' AS moment
      FROM ${identifier(from)}
      WHERE ${within(column, firstMonth, last)}
    ) AS moments
    GROUP BY 1
    ORDER BY 1::text::int
  `);
  return new Map(rows.map((row) => [Number(row.month), Number(row.rows)]));
}

/** The SQL condition that a time is in one of the months from `first` to `last`. */
export function within(column: string, first: Month, last: Month): string {
  return `${identifier(column)} >= '${startOf(first)}' AND ${identifier(column)} < '${startOf(last + 1)}'`;
}

/** Runs a query of one column and returns the value of the first row as text; `null` if there is no row. */
export async function value(
  run: RunSql,
  sql: string,
  parameters?: readonly unknown[],
): Promise<string | null> {
  const [row = {}] = await run(sql, parameters);
  const [only] = Object.values(row);
  return only === null || only === undefined ? null : String(only);
}
