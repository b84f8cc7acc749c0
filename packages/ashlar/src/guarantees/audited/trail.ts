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
  /** The actor and the scope of the session; NULL where it had none. */
  actor: z.string().nullable(),
  scope: z.string().nullable(),
  /** The database role that acted; `session` on SQLite, which has no roles. */
  role: z.string(),
  table_name: z.string(),
  operation: z.enum(['insert', 'update', 'delete']),
  /** The row's primary key; of an update, the key before it. */
  row_key: json(z.record(z.string(), z.json())),
  before: json(z.record(z.string(), z.json())).nullable(),
  after: json(z.record(z.string(), z.json())).nullable(),
  /** The changed columns whose values the trail omits; NULL where there are none. */
  unseen: z.array(z.string()).nullable(),
});

type TrailShape = ReturnType<typeof shape>;

/** The table to which audited tables write their changes. */
export type AuditTrail<Name extends string = string> = Table<Name, TrailShape>;

const trail: Guarantee = Object.freeze({
  kind: 'guarantee' as const,
  name: 'trail',
  facts: () => ({ trail: true as const }),
  summary: 'Only the database writes its rows, with the actor of the session.',
  sqlite: {
    level: 'emulated' as const,
    weaker:
      'A file has no roles: a session could add a row itself, but only with its own actor, its own scope and the current time.',
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
 * Declares an audit trail: an append-only table that only the database writes, when audited tables change.
 *
 * With `(c) => [scoped(c.scope)]` a session reads the rows that sessions of its scope have caused; `everyScope` reads all.
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
