import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from '../../contract/owner.js';
import { identifier } from '../../model/index.js';
import { asAshlarError } from './wire/errors.js';

/** How long short transactions that may still need old rows are waited for, in milliseconds. */
const patience = 1_000;

/**
 * Rewrites the files of tables without dead rows, and takes the planner's statistics again, which have frequent values. All
 * tables are tried.
 *
 * @returns why a file may still have old values; `undefined` if none has
 */
export async function rewriteTables(owner: Owner, tables: readonly string[]): Promise<string | undefined> {
  const reasons: string[] = [];
  const kept: string[] = [];
  // asked before: what begins later cannot see the old rows
  const older = await olderTransactions(owner).catch(() => ['some that this role cannot see']);
  for (const table of tables) {
    try {
      const before = await fileOf(owner, table);
      // a plain VACUUM leaves the old bytes on their pages
      await owner.run(`VACUUM (FULL, ANALYZE) ${identifier(table)}`);
      // for other users than the owner it only warns
      if ((await fileOf(owner, table)) !== before) continue;
    } catch (error) {
      reasons.push(asAshlarError(error).message);
    }
    kept.push(table);
  }
  const again = older.length > 0 ? tables : kept;
  if (again.length === 0) return undefined;
  if (kept.length > 0 && reasons.length === 0)
    reasons.push(`Only the owner of ${kept.join(', ')} can rewrite it.`);
  if (older.length > 0)
    reasons.push(
      `Old rows were copied for transactions that began before: ${older.join(', ')}. End them first.`,
    );
  const names = again.map(identifier).join(', ');
  return `${[...new Set(reasons)].join(' ')} The owner can still run: VACUUM (FULL) ${names}; ANALYZE ${names}.`;
}

const fileOf = async (owner: Owner, table: string): Promise<unknown> => {
  const [row] = await owner.run('SELECT pg_relation_filenode($1::regclass) AS file', [identifier(table)]);
  return row?.file;
};

/** The transactions that may still see rows as they were before this call, after a short wait for them to end. */
const olderTransactions = async (owner: Owner): Promise<readonly string[]> => {
  const [row] = await owner.run('SELECT pg_current_xact_id()::text AS id');
  const until = performance.now() + patience;
  for (;;) {
    const found = await owner.run(olderThan, [String(row?.id)]);
    if (found.length === 0 || performance.now() > until) return found.map(({ what }) => String(what));
    await sleep(50);
  }
};

// as ComputeXidHorizons of PostgreSQL's procarray.c: backends of this database or of none, slots, prepared transactions
const olderThan = `SELECT what FROM (
    SELECT 'process ' || pid AS what, age(backend_xid) AS xid, age(backend_xmin) AS xmin FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND (datname = current_database() OR datname IS NULL)
    UNION ALL
    SELECT 'replication slot ' || slot_name, NULL, age(xmin) FROM pg_replication_slots
    UNION ALL
    SELECT 'prepared transaction ' || gid, age(transaction), NULL FROM pg_prepared_xacts
    WHERE database = current_database()
  ) AS each
  WHERE greatest(xid, xmin) > age($1::xid8::xid) ORDER BY what`;
