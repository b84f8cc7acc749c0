import { openLedger, verifyLedger } from 'ashlar/ledger';
import { purge } from 'ashlar/migrations';
import { type TestDatabase, type TestOptions, testDatabase } from 'ashlar/testing';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  addCustomer,
  createInvoice,
  customers,
  invoices,
  invoicing,
  listInvoices,
  pay,
  payments,
  send,
  signUp,
  type tables,
} from '../src/index.js';

const engines: readonly (readonly [string, () => TestOptions])[] = [
  ['SQLite', () => ({ url: 'sqlite' })],
  ['PostgreSQL with two roles', () => ({ url: inject('postgresUrl'), roles: 'two' })],
];

const dates = { issued_on: '2014-03-01', due_on: '2014-03-31' };

describe.each(engines)('invoicing on %s', (_, options) => {
  let db: TestDatabase<typeof tables>;
  let acme: { readonly actor: string; readonly scope: string };
  let other: typeof acme;
  let customer: string;

  beforeAll(async () => {
    db = await testDatabase(invoicing, { ...options(), clock: '2014-03-01T09:00:00Z' });
    acme = { actor: 'ann@acme.example', scope: (await signUp(db, 'Acme', 'ann@acme.example')).id };
    other = { actor: 'bob@other.example', scope: (await signUp(db, 'Other', 'bob@other.example')).id };
    const added = await db.session(acme, (s) =>
      addCustomer(s, { name: 'Widgets Ltd', iban: 'DE89370400440532013000' }),
    );
    customer = added.id;
  });
  afterAll(() => db.close());

  const draft = () =>
    db.session(acme, (s) =>
      createInvoice(s, {
        customer_id: customer,
        ...dates,
        lines: [
          { description: 'Hinges', quantity: 4, unit_cents: 250 },
          { description: 'Delivery', unit_cents: 500 },
        ],
      }),
    );

  test('numbers the invoices of an organisation in order, also when they are written at once', async () => {
    const drafts = await Promise.all([draft(), draft(), draft()]);
    expect(drafts.map(({ number }) => number).toSorted()).toEqual([1, 2, 3]);
    expect(drafts[0]).toMatchObject({ status: 'draft', created_at: '2014-03-01T09:00:00.000Z' });
  });

  test('refuses a number twice', async () => {
    const { id: _id, ...first } = await draft();
    await expect(db.session(acme, (s) => s.insert(invoices, first))).rejects.toMatchObject({
      code: 'unique-violation',
    });
  });

  test('takes payments until the invoice is paid, and follows its lifecycle', async () => {
    const { id } = await draft();
    await expect(db.session(acme, (s) => s.update(invoices, id, { status: 'paid' }))).rejects.toMatchObject({
      code: 'guarantee-violated',
    });
    await db.session(acme, async (s) => {
      await send(s, id);
      await pay(s, { invoice_id: id, amount_cents: 1000 });
    });
    expect(await db.get(invoices, id, acme)).toMatchObject({ status: 'sent' });
    await db.session(acme, (s) => pay(s, { invoice_id: id, amount_cents: 500 }));
    expect(await db.get(invoices, id, acme)).toMatchObject({ status: 'paid' });
  });

  test('lists pages of invoices with their customer, lines and payments', async () => {
    for (let n = 0; n < 3; n++) await draft();
    const seen: number[] = [];
    let after: string | undefined;
    do {
      const page = await db.read(acme, (s) => listInvoices(s, { after, limit: 2 }));
      for (const { number, customer: bought, lines } of page.rows) {
        seen.push(number);
        expect(bought).toEqual({ id: customer, name: 'Widgets Ltd' });
        expect(lines.map(({ description }) => description)).toEqual(['Hinges', 'Delivery']);
      }
      after = page.next;
    } while (after !== undefined);
    expect(seen).toEqual(seen.map((_number, i) => seen.length - i));
    const { rows } = await db.read(acme, (s) => listInvoices(s, { limit: 100 }));
    expect(rows.find(({ status }) => status === 'paid')?.payments).toEqual([
      { amount_cents: 1000, created_at: '2014-03-01T09:00:00.000Z' },
      { amount_cents: 500, created_at: '2014-03-01T09:00:00.000Z' },
    ]);
  });

  test('keeps organisations apart', async () => {
    const { id } = await draft();
    expect(await db.get(invoices, id, other)).toBeUndefined();
    expect(await db.read(other, (s) => s.query.selectFrom('customers').selectAll().execute())).toEqual([]);
    await expect(
      db.session(other, (s) => createInvoice(s, { customer_id: customer, ...dates, lines: [] })),
    ).rejects.toMatchObject({ code: 'foreign-key-violation' });
  });

  test('encrypts bank accounts', async () => {
    expect(await db.get(customers, customer, acme)).toMatchObject({ iban: 'DE89370400440532013000' });
    const rows = await db.owner.asOwner((owner) => owner.run('SELECT * FROM customers'));
    expect(JSON.stringify(rows)).not.toContain('DE89370400440532013000');
  });

  test('never changes a payment, and proves it to a third party', async () => {
    // without a clock of the test: the ledger reports times that are not those of the database
    await using books = await testDatabase(invoicing, options());
    const { id: scope } = await signUp(books, 'Acme', 'ann@acme.example');
    const paid = await books.session({ scope }, async (s) => {
      const { id: customer_id } = await addCustomer(s, { name: 'Widgets Ltd' });
      const invoice = await createInvoice(s, {
        customer_id,
        ...dates,
        lines: [{ description: 'Hinges', unit_cents: 9 }],
      });
      return pay(s, { invoice_id: invoice.id, amount_cents: 1 });
    });
    await expect(books.session({ scope }, (s) => s.delete(payments, paid.id))).rejects.toMatchObject({
      code: expect.stringMatching(/guarantee-violated|privilege-missing/),
    });
    expect(await verifyLedger(openLedger(books.owner, invoicing, payments))).toMatchObject({
      size: 1,
      problems: [],
    });
  });

  test('purges invoices and payments after ten years, and none before', async () => {
    const count = async () =>
      (await db.read(acme, (s) => s.query.selectFrom('payments').select('id').execute())).length;
    expect(await count()).toBeGreaterThan(0);
    db.clock.set('2024-03-02T00:00:00Z');
    const recent = await draft();
    await db.session(acme, (s) => pay(s, { invoice_id: recent.id, amount_cents: 1 }));
    await purge(db.owner, invoicing);
    expect(await count()).toBe(1);
  });
});
