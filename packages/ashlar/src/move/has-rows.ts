import type { Owner } from '../contract/owner.js';
import { identifier } from '../model/index.js';

/**
 * Whether a table has a row.
 *
 * @param condition - SQL that is true for it. Default: any row
 */
export async function hasRows(
  { run }: Pick<Owner, 'run'>,
  table: string,
  condition = 'true',
): Promise<boolean> {
  const found = await run(`SELECT 1 AS found FROM ${identifier(table)} WHERE ${condition} LIMIT 1`);
  return found.length > 0;
}
