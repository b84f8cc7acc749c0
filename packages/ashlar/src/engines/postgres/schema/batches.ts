import type { BatchSql } from '../../../contract/batches.js';
import { identifier, literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';

const tuple = (parts: readonly string[]): string => `(${parts.join(', ')})`;

/** How PostgreSQL runs a statement in batches of rows. */
export const postgresBatches: BatchSql = {
  key: (table) => sql`
    SELECT a.attname::text AS name
    FROM pg_index i
    CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k (attnum, at)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indisprimary AND i.indrelid = ${literal(identifier(table))}::regclass
    ORDER BY k.at
  `,
  lock: 'FOR UPDATE SKIP LOCKED',
  // only these, because others between them may be locked by sessions
  rows: (key, rows) => `${tuple(key)} IN (${rows.map(tuple).join(', ')})`,
};
