import { sql } from 'drizzle-orm';
import { integer, pgPolicy, pgTable, serial, text, uuid } from 'drizzle-orm/pg-core';

/** What the test has in the schema now: the policy of the guard, and a column that the tool adds. */
const has = (what: string): boolean => (process.env.TOOL_SCHEMA ?? '').split(' ').includes(what);

export const orgs = pgTable('orgs', { id: integer().primaryKey(), name: text().notNull() });

export const orders = pgTable(
  'orders',
  {
    id: uuid().primaryKey(),
    orgId: integer('org_id').notNull(),
    note: text(),
    ...(has('column') ? { colour: text() } : {}),
  },
  () =>
    has('policy')
      ? // the guard writes the condition; until then no row passes
        [pgPolicy('orders_scoped', { as: 'permissive', for: 'all', to: 'public', using: sql`false` })]
      : [],
);

export const events = pgTable('events', { id: serial().primaryKey(), what: text().notNull() });
