import { type Database, everyScope, type Session } from 'ashlar';
import { nested, nestedOne } from 'ashlar/query';
import { z } from 'zod';
import { customers, invoices, lines, organisations, payments, type tables, users } from './tables.js';

type S = Session<typeof tables>;
/** What a request gives: the columns of a table, without those that the session or the service sets. */
export const newCustomer = customers.insert.omit({ organisation_id: true });
export const newInvoice = invoices.insert.pick({ customer_id: true, issued_on: true, due_on: true }).extend({
  lines: z.array(lines.insert.omit({ organisation_id: true, invoice_id: true, position: true })).min(1),
});
export const newPayment = payments.insert.pick({ invoice_id: true, amount_cents: true });

/** The organisation for which a session acts. */
const own = ({ scope }: S) => ({ organisation_id: scope ?? '' });

/** Registers an organisation with its first user. */
export const signUp = (db: Database<typeof tables>, name: string, email: string) =>
  db.session({ scope: everyScope, actor: email }, async (s) => {
    const organisation = await s.insert(organisations, { name });
    await s.insert(users, { organisation_id: organisation.id, email });
    return organisation;
  });

export const addCustomer = (s: S, customer: z.input<typeof newCustomer>) =>
  s.insert(customers, { ...customer, ...own(s) });

/** Writes a draft with the organisation's next number. */
export const createInvoice = async (s: S, { lines: given, ...invoice }: z.input<typeof newInvoice>) => {
  // two drafts at once would take the same number, and one would fail
  await s.lock(`invoicing:number:${s.scope}`);
  const { last } = await s.query
    .selectFrom('invoices')
    .select((eb) => eb.fn.max('number').as('last'))
    .executeTakeFirstOrThrow();
  const draft = await s.insert(invoices, { ...invoice, ...own(s), number: (last ?? 0) + 1 });
  await s.insertMany(
    lines,
    given.map((line, i) => ({ ...line, ...own(s), invoice_id: draft.id, position: i + 1 })),
  );
  return draft;
};

export const send = (s: S, invoice: string) => s.update(invoices, invoice, { status: 'sent' });

/** The sum of an invoice's lines and of its payments. */
const sums = async (s: S, invoice: string) => {
  const [owed, paid] = await Promise.all([
    s.query
      .selectFrom('lines')
      .where('invoice_id', '=', invoice)
      .select(['quantity', 'unit_cents'])
      .execute(),
    s.query.selectFrom('payments').where('invoice_id', '=', invoice).select('amount_cents').execute(),
  ]);
  return {
    owed: owed.reduce((sum, { quantity, unit_cents }) => sum + quantity * unit_cents, 0),
    paid: paid.reduce((sum, { amount_cents }) => sum + amount_cents, 0),
  };
};

/** Records a payment; the invoice is paid when nothing is left. */
export const pay = async (s: S, payment: z.input<typeof newPayment>) => {
  const recorded = await s.insert(payments, { ...payment, ...own(s) });
  const { owed, paid } = await sums(s, payment.invoice_id);
  if (paid >= owed) await s.update(invoices, payment.invoice_id, { status: 'paid' });
  return recorded;
};

/** A page of the invoices of an organisation, the newest first, each with its customer, its lines and its payments. */
export const listInvoices = (
  s: S,
  options: { readonly after?: string | undefined; readonly limit: number },
) =>
  s.page(
    s.query
      .selectFrom('invoices')
      .select((eb) => [
        'invoices.id',
        'number',
        'status',
        'due_on',
        nestedOne(
          eb
            .selectFrom('customers')
            .select(['customers.id', 'name'])
            .whereRef('customers.id', '=', 'invoices.customer_id'),
        ).as('customer'),
        nested(
          eb
            .selectFrom('lines')
            .select(['description', 'quantity', 'unit_cents'])
            .whereRef('lines.invoice_id', '=', 'invoices.id')
            .orderBy('position'),
        ).as('lines'),
        nested(
          eb
            .selectFrom('payments')
            .select(['amount_cents', 'payments.created_at'])
            .whereRef('payments.invoice_id', '=', 'invoices.id')
            .orderBy('payments.id'),
        ).as('payments'),
      ]),
    { by: [{ column: 'number', direction: 'desc' }, 'id'], ...options },
  );
