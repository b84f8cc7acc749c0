import type { RunSql } from '../../../contract/sql.js';
import type { TableFacts } from '../../../contract/table.js';
import { identifier, identifiers } from '../../../model/index.js';

const planner = ['indexscan', 'indexonlyscan', 'bitmapscan', 'seqscan', 'sort'] as const;

/** Lets the planner use only the given ways to read a table, in this transaction. */
const allow = (run: RunSql, allowed: readonly (typeof planner)[number][]): Promise<unknown> =>
  run(
    `SELECT ${planner.map((way) => `set_config('enable_${way}', '${allowed.includes(way) ? 'on' : 'off'}', true)`).join(', ')}`,
  );

/**
 * Calls `work` in a transaction that reads the rows of a table themselves: an index may lack rows, or have them in another order
 * than the server now compares by.
 */
export async function withoutIndexes<T>(run: RunSql, work: () => Promise<T>): Promise<T> {
  await allow(run, ['seqscan', 'sort']);
  const result = await work();
  await allow(run, planner);
  return result;
}

/** Compares the index of the primary key with the rows of the table, in one snapshot. */
export async function indexDamage(table: TableFacts, run: RunSql): Promise<readonly string[]> {
  const from = identifier(table.name);
  const keys = table.primaryKey.columns.map((name) => `t.${identifier(name)}`);
  const before = keys.map((_, at) => `previous_${at}`);
  const [{ rows } = {}] = await withoutIndexes(run, () => run(`SELECT count(*)::text AS rows FROM ${from}`));
  await allow(run, ['indexscan', 'indexonlyscan']);
  const [{ found, disordered } = {}] = await run(
    `SELECT count(*)::text AS found, count(*) FILTER (WHERE (${keys.join(', ')}) < (${before.join(', ')}))::text AS disordered
     FROM (SELECT ${identifiers(table.primaryKey.columns)}, ${keys.map((key, at) => `lag(${key}) OVER (ORDER BY ${keys.join(', ')}) AS ${before[at]}`).join(', ')} FROM ${from} AS t) AS t`,
  );
  await allow(run, planner);
  return [
    ...(rows === found ? [] : [`its primary key finds ${found} of its ${rows} rows`]),
    ...(disordered === '0' ? [] : [`its primary key has ${disordered} rows in the wrong order`]),
  ];
}
