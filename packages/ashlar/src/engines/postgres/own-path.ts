import type { RunSql } from '../../contract/sql.js';

/**
 * Runs queries of the system catalogue with a search path that finds only what PostgreSQL itself has, and then sets the former
 * path again. Functions and operators of the schema cannot take the place of those that the queries name, and every other name
 * is printed with its schema. Call it in a transaction: outside of one the path does not change.
 */
export async function inOwnPath<T>(run: RunSql, work: () => Promise<T>): Promise<T> {
  const [before = {}] = await run(
    `SELECT pg_catalog.current_setting('search_path') AS path, pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)`,
  );
  const result = await work();
  await run(`SELECT pg_catalog.set_config('search_path', $1, true)`, [String(before.path)]);
  return result;
}
