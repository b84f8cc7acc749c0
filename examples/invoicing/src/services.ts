import { type Database, everyScope, type Insert, type Session } from 'ashlar';
import { customers, invoices, lines, organisations, payments, type tables, users } from './tables.js';

type S = Session<typeof tables>;
type NewLine = Omit<Insert<typeof lines>, 'organisation_id' | 'invoice_id' | 'position'>;
type NewInvoice = Pick<Insert<typeof invoices>, 'customer_id' | 'issued_on' | 'due_on'> & {
  readonly lines: readonly NewLine[];
};

/** The organisation for which a session acts. */
const own = ({ scope }: S) => ({ organisation_id: scope ?? '' });

/** Registers an organisation with its first user. */
export const signUp = (db: Database<typeof tables>, name: string, email: string) =>
  db.session({ scope: everyScope, actor: email }, async (s) => {
    const organisation = await s.insert(organisations, { name });
    await s.insert(users, { organisation_id: organisation.id, email });
    return organisation;
  });

export const addCustomer = (s: S, customer: Omit<Insert<typeof customers>, 'organisation_id'>) =>
  s.insert(customers, { ...customer, ...own(s) });

/** Writes a draft with the organisation's next number. */
export const createInvoice = async (s: S, { lines: given, ...invoice }: NewInvoice) => {
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
export const pay = async (s: S, payment: Omit<Insert<typeof payments>, 'organisation_id'>) => {
  const recorded = await s.insert(payments, { ...payment, ...own(s) });
  const { owed, paid } = await sums(s, payment.invoice_id);
  if (paid >= owed) await s.update(invoices, payment.invoice_id, { status: 'paid' });
  return recorded;
};
