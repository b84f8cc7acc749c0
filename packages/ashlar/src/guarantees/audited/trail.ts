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

/** The columns of an audit trail: one row for each row that was inserted, updated or deleted. */
const shape = () => ({
  id: autoincrement(),
  /** The database's clock: the start of the transaction; on SQLite, of the statement. */
  at: createdAt({ precision: 6 }),
  /** The actor and the scope of the session; NULL if it has none. */
  actor: z.string().nullable(),
  scope: z.string().nullable(),
  /** The database user; on SQLite, which has no users, `session`. */
  role: z.string(),
  table_name: z.string(),
  operation: z.enum(['insert', 'update', 'delete']),
  /** The primary key of the row, before the change. */
  row_key: json(z.record(z.string(), z.json())),
  before: json(z.record(z.string(), z.json())).nullable(),
  after: json(z.record(z.string(), z.json())).nullable(),
  /** The changed columns whose values the trail leaves out; NULL if there are none. */
  unseen: z.array(z.string()).nullable(),
});

type TrailShape = ReturnType<typeof shape>;

/** A table that records the changes of audited tables. */
export type AuditTrail<Name extends string = string> = Table<Name, TrailShape, 'id'>;

const trail: Guarantee = Object.freeze({
  kind: 'guarantee' as const,
  name: 'trail',
  facts: () => ({ trail: true as const }),
  summary: 'Only the database inserts rows into the trail, with the actor of the session.',
  sqlite: {
    level: 'emulated' as const,
    weaker:
      'A file has no roles: a session could insert a trail row itself, but only with the session’s actor and scope and the current time.',
    readsSession: true,
    objects: trailOnSqlite,
  },
  postgres: {
    level: 'enforced' as const,
    readsContext: true,
    objects: trailOnPostgres,
    rights: () => ({ withheld: ['insert', 'update', 'delete'] as const }),
  },
  attacks: (of: TableFacts, probe: Probe) => trailAttacks(of, probe),
});

/**
 * Declares an audit trail: append-only, and written only by the database.
 *
 * With `(c) => [scoped(c.scope)]` a session reads the lines of sessions in its scope, and `everyScope` all.
 *
 * @param name - the table's name
 * @param extra - given the columns, returns further guarantees and indexes
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
