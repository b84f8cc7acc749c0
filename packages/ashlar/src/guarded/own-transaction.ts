import type { RunIn, ToolTransactions } from './types.js';
import { nested } from './usage.js';

// it ends with the transaction. What runs in it may run as the owner, so that nothing may come from a schema in which others create
const ownPath = `SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true) AS path,
  pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL AS written`;

/**
 * Runs a transaction of Ashlar's own by a tool.
 *
 * @throws AshlarError `usage` on a connection that somebody left in a transaction, which would be committed with it
 */
export function inOwnTransaction<T>(client: ToolTransactions, work: (run: RunIn) => Promise<T>): Promise<T> {
  return client.transaction(client.ownOptions, async (_, run) => {
    const [row] = await run(ownPath, []);
    if (row?.written === true) throw nested();
    return work(run);
  });
}
