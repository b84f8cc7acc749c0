import { z } from 'zod';
import type { TableFacts } from '../../contract/table.js';
import {
  type Columns,
  createdAt,
  id,
  index,
  json,
  type Table,
  type TableItem,
  table,
  timestamp,
} from '../../model/index.js';
import { appendOnly } from '../append-only/append-only.js';

const shape = () => ({
  id: id(),
  /** The table it covers; NULL for every table. */
  table_name: z.string().nullable(),
  /** The primary key of the one row it covers, as an object of its columns; NULL for every row. */
  row_key: json(z.record(z.string(), z.json())).nullable(),
  /** The scope whose rows stay; NULL for every scope. */
  scope: z.string().nullable(),
  reason: z.string().min(1),
  placed_by: z.string().min(1),
  placed_at: createdAt(),
  released_by: z.string().nullable(),
  /** Set once; the hold is open until then. */
  released_at: timestamp().nullable(),
});

type HoldShape = ReturnType<typeof shape>;

/** A table of legal holds. */
export type LegalHolds<Name extends string = string> = Table<Name, HoldShape, 'id'>;

// by their columns, which a table keeps when it is described
const made = new WeakSet<object>();

/**
 * Declares a table of legal holds: while a hold is open, the rows that it covers are not purged, even if they have
 * expired.
 *
 * A NULL matches everything: a hold without `table_name`, `row_key` and `scope` holds every row. A `row_key` that lacks
 * a column of the table's primary key holds the whole table.
 *
 * @example
 * const holds = legalHolds('legal_holds');
 * await db.session((s) => s.insert(holds, { scope: clientId, reason: 'case 12/2026', placed_by: 'user:7' }));
 */
export function legalHolds<const Name extends string>(
  name: Name,
  extra: (columns: Columns<HoldShape>) => readonly TableItem[] = () => [],
): LegalHolds<Name> {
  const holds = table(name, shape(), (c) => [
    index(c.table_name, { where: 'released_at IS NULL' }),
    appendOnly({ stampOnce: [c.released_at, c.released_by] }),
    ...extra(c),
  ]);
  made.add(holds.columns);
  return holds;
}

/** Whether a table was declared with {@link legalHolds}. */
export function isLegalHolds({ columns }: TableFacts): boolean {
  return typeof columns === 'object' && made.has(columns);
}
