import type { TableFacts } from '../../contract/table.js';
import { identifier, referenceTo } from '../../model/index.js';
import { sql } from '../../sql/template.js';
import type { Tree } from './tree.js';

/**
 * A recursive SQL query that returns the keys of all ancestors of the row NEW: its parent, the parent of that, and so
 * on. UNION drops duplicates, so that the query also ends in a table that had a cycle before it declared the guarantee.
 */
export function aboveNew(table: TableFacts, { id, parent }: Tree): string {
  const name = referenceTo(table);
  const [key, up] = [id, parent].map(identifier);
  return sql`
    WITH RECURSIVE above (${key}) AS (
      SELECT NEW.${up}
      UNION
      SELECT ${name}.${up} FROM ${name} JOIN above ON ${name}.${key} = above.${key}
      WHERE ${name}.${up} IS NOT NULL
    )
    SELECT ${key} FROM above
  `;
}

/** The SQL condition that an UPDATE gives a row a different parent, or changes the key of a row that has a parent. */
export function isMoved({ id, parent }: Tree, differs: string): string {
  const [key, up] = [id, parent].map(identifier);
  return `NEW.${up} IS NOT NULL AND (NEW.${up} ${differs} OLD.${up} OR NEW.${key} ${differs} OLD.${key})`;
}
