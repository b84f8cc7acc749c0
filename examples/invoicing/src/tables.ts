import {
  ciphertext,
  createdAt,
  id,
  index,
  primaryKey,
  references,
  system,
  table,
  timestamps,
  unique,
} from 'ashlar';
import { appendOnly, encrypted, keyring, ledgered, lifecycle, retained, scoped } from 'ashlar/guarantees';
import { z } from 'zod';

const cents = z.int().min(0);
/** What every table of an organisation begins with. */
const owned = { organisation_id: z.uuid() };

export const keys = keyring('data_keys');

export const organisations = table(
  'organisations',
  { id: id(), name: z.string().min(1), ...timestamps() },
  (c) => [scoped(c.id)],
);

export const users = table(
  'users',
  { id: id(), ...owned, email: z.email().max(254), ...timestamps() },
  (c) => [
    scoped(c.organisation_id),
    references(c.organisation_id, organisations.columns.id),
    unique(c.organisation_id, c.email),
  ],
);

export const customers = table(
  'customers',
  {
    id: id(),
    ...owned,
    name: z.string().min(1).max(200),
    iban: ciphertext(z.string().regex(/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/)).nullable(),
    ...timestamps(),
  },
  (c) => [
    scoped(c.organisation_id),
    encrypted({ scope: c.organisation_id, keys }),
    references(c.organisation_id, organisations.columns.id),
    // a foreign key that includes the organisation cannot refer to a row of another one
    unique(c.organisation_id, c.id),
  ],
);

export const invoices = table(
  'invoices',
  {
    id: id(),
    ...owned,
    customer_id: z.uuid(),
    number: z.int().min(1),
    status: z.enum(['draft', 'sent', 'paid', 'void']).default('draft'),
    issued_on: z.iso.date(),
    due_on: z.iso.date(),
    ...timestamps(),
  },
  (c) => [
    scoped(c.organisation_id),
    references([c.organisation_id, c.customer_id], [customers.columns.organisation_id, customers.columns.id]),
    unique(c.organisation_id, c.number),
    unique(c.organisation_id, c.id),
    index(c.organisation_id, c.customer_id),
    lifecycle(
      c.status,
      { draft: ['sent', 'void'], sent: ['paid', 'void'], paid: [], void: [] },
      { initial: 'draft' },
    ),
    retained(c.created_at, { for: { years: 10 }, reason: 'AO §147' }),
  ],
);

export const lines = table(
  'lines',
  {
    ...owned,
    invoice_id: z.uuid(),
    position: z.int().min(1),
    description: z.string().min(1).max(500),
    quantity: z.int().min(1).default(1),
    unit_cents: cents,
  },
  (c) => [
    scoped(c.organisation_id),
    primaryKey(c.invoice_id, c.position),
    references([c.organisation_id, c.invoice_id], [invoices.columns.organisation_id, invoices.columns.id], {
      onDelete: 'cascade',
    }),
  ],
);

export const payments = table(
  'payments',
  { id: id(), ...owned, invoice_id: z.uuid(), amount_cents: cents.min(1), created_at: createdAt() },
  (c) => [
    scoped(c.organisation_id),
    references([c.organisation_id, c.invoice_id], [invoices.columns.organisation_id, invoices.columns.id]),
    index(c.organisation_id, c.invoice_id),
    appendOnly(),
    ledgered(),
    retained(c.created_at, { for: { years: 10 }, reason: 'AO §147' }),
  ],
);

export const tables = { keys, organisations, users, customers, invoices, lines, payments };
export const invoicing = system('invoicing', {
  tables,
  migrations: new URL('../migrations/', import.meta.url),
});
