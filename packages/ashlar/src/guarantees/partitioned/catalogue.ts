import type { RunSql } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { sql } from '../../sql/template.js';
import { firstMonth, type Month, startOf } from './months.js';

/** A partition with a range: `from` inclusive, `to` exclusive, in milliseconds since 1970; infinite where it is open. */
export interface RangePartition {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** The partitions that a table has. */
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

/** The partitions of a table as the database has them now. */
export const readCatalogue = async (run: RunSql, table: TableFacts): Promise<Catalogue> => {
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
};

/** How many rows of a table lie in each month up to `last`; rows outside (later, or before the year 1) are left out. */
export const countByMonth = async (
  run: RunSql,
  from: string,
  column: string,
  last: Month,
): Promise<ReadonlyMap<Month, number>> => {
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
};

/** That a moment lies in one of the months from the first to the last. */
export const within = (column: string, first: Month, last: Month): string =>
  `${identifier(column)} >= '${startOf(first)}' AND ${identifier(column)} < '${startOf(last + 1)}'`;

/** One row with one value. */
export const value = async (
  run: RunSql,
  sql: string,
  parameters?: readonly unknown[],
): Promise<string | null> => {
  const [row = {}] = await run(sql, parameters);
  const [only] = Object.values(row);
  return only === null || only === undefined ? null : String(only);
};
