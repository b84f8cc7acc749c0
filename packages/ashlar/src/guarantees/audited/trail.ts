import { z } from 'zod';
import type { Probe } from '../../contract/attack.js';
import type { Guarantee } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import {
  autoincrement,
  type Columns,
  createdAt,
  index,
  json,
  type Table,
  type TableItem,
  table,
} from '../../model/index.js';
import { appendOnly } from '../append-only/append-only.js';
import { trailAttacks } from './attacks.js';
import { trailOnPostgres } from './postgres.js';
import { trailOnSqlite } from './sqlite.js';

/** The columns of an audit trail: one line for each row that was inserted, updated or deleted. */
const shape = () => ({
  id: autoincrement(),
  /** When, by the database's clock: the time of the transaction, on SQLite of the statement. */
  at: createdAt({ precision: 6 }),
  /** In whose name the session acted, and in which scope; NULL where nobody said so. */
  actor: z.string().nullable(),
  scope: z.string().nullable(),
  /** The user of the database that acted; on SQLite, which has none, `session`. */
  role: z.string(),
  table_name: z.string(),
  operation: z.enum(['insert', 'update', 'delete']),
  /** The primary key of the row, as it was before. */
  row_key: json(z.record(z.string(), z.json())),
  before: json(z.record(z.string(), z.json())).nullable(),
  after: json(z.record(z.string(), z.json())).nullable(),
  /** The columns that were changed but whose values are kept out of the trail; NULL where there are none. */
  unseen: z.array(z.string()).nullable(),
});

type TrailShape = ReturnType<typeof shape>;

/** A table into which audited tables write. */
export type AuditTrail<Name extends string = string> = Table<Name, TrailShape>;

const trail: Guarantee = Object.freeze({
  kind: 'guarantee' as const,
  name: 'trail',
  facts: () => ({ trail: true as const }),
  summary: 'Its lines are written by the database alone, in the name of whoever acts.',
  sqlite: {
    level: 'emulated' as const,
    weaker:
      'A file has no roles: a session could add a line of its own, but only in its own name and at its own time.',
    readsSession: true,
    objects: trailOnSqlite,
  },
  postgres: {
    level: 'enforced' as const,
    objects: trailOnPostgres,
    rights: () => ({ withheld: ['insert', 'update', 'delete'] as const }),
  },
  attacks: (of: TableFacts, probe: Probe) => trailAttacks(of, probe),
});

/**
 * Declares a table that audited tables write into: append-only, and written by the database alone.
 *
 * With `(c) => [scoped(c.scope)]` a session sees the lines that sessions of its scope have left, and `everyScope` all.
 *
 * @param name - the table's name
 * @param extra - further guarantees, indexes and the like, given the columns
 *
 * @example
 * const changes = auditTrail('changes');
 * const clauses = table('clauses', { id: id(), text: z.string() }, () => [audited({ into: changes })]);
 */
export function auditTrail<const Name extends string>(
  name: Name,
  extra: (columns: Columns<TrailShape>) => readonly TableItem[] = () => [],
): AuditTrail<Name> {
  return table(name, shape(), (c) => [
    index(c.table_name, c.row_key),
    index(c.at),
    appendOnly(),
    trail,
    ...extra(c),
  ]);
}
