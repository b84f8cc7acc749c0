import type { DataCheck } from '../../contract/data-check.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import type { Tree } from './tree.js';

/** Finds rows that are their own ancestors. Of a cycle each row is found. */
export function acyclicData(table: TableFacts, { id, parent }: Tree): readonly DataCheck[] {
  const [name, key, up] = [table.name, id, parent].map((one) => identifier(one));
  // UNION drops duplicates, so that the walk ends above a cycle too
  const above = `WITH RECURSIVE above (up) AS (SELECT t.${up} UNION SELECT higher.${up} FROM ${name} AS higher JOIN above ON higher.${key} = above.up WHERE higher.${up} IS NOT NULL) SELECT above.up FROM above`;
  return [{ what: 'is its own ancestor', bad: `t.${up} IS NOT NULL AND t.${key} IN (${above})` }];
}
