import type { RunSql } from '../../contract/sql.js';

/** The settings of queries of the system catalogue. */
const settings = {
  search_path: 'pg_catalog, pg_temp',
  quote_all_identifiers: 'off',
  // to compile such a query takes a server with LLVM seconds, and to run it a fraction of one
  jit: 'off',
};
const names = Object.keys(settings);

/**
 * Runs queries of the system catalogue with a search path that finds only what PostgreSQL itself has, and then sets the former
 * settings again. Functions and operators of the schema cannot take the place of those that the queries name, and every other
 * name is printed with its schema. Call it in a transaction: outside of one the path does not change.
 *
 * @param work - gets the name of the schema that was the current one
 */
export async function inOwnPath<T>(run: RunSql, work: (schema: string) => Promise<T>): Promise<T> {
  const [before = {}] = await run(
    `SELECT ${[
      'pg_catalog.current_schema()::pg_catalog.text AS schema',
      ...names.map((name) => `pg_catalog.current_setting('${name}') AS ${name}`),
      ...Object.entries(settings).map(
        ([name, value]) => `pg_catalog.set_config('${name}', '${value}', true)`,
      ),
    ].join(', ')}`,
  );
  const result = await work(String(before.schema));
  await run(
    `SELECT ${names.map((name, at) => `pg_catalog.set_config('${name}', $${at + 1}, true)`).join(', ')}`,
    names.map((name) => String(before[name])),
  );
  return result;
}
