import {
  autoincrement,
  type Database,
  id,
  type KeyOf,
  primaryKey,
  type Row,
  references,
  type Session,
  type SyncSession,
  type TableItem,
  table,
} from 'ashlar';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';

const orders = table('orders', { id: id(), reference: z.string() });
const invoices = table('invoices', { number: z.string(), total: z.int() }, (c) => [primaryKey(c.number)]);
const lines = table('lines', { order_id: z.uuid(), line: z.int(), text: z.string() }, (c) => [
  primaryKey(c.order_id, c.line),
]);
const counted = table('counted', { id: autoincrement(), note: z.string() });
const days = table('days', { day: z.date(), note: z.string() }, (c) => [primaryKey(c.day)]);
const wide = table('wide', { id: id(), month: z.iso.date() }, (c) => [primaryKey(c.id, c.month)]);
const extended = (items: readonly TableItem[]) =>
  table('extended', { id: id(), name: z.string() }, () => [...items]);

const teams = table('teams', { id: id(), lead_id: z.uuid().nullable() }, (c) => [
  references(c.lead_id, () => people.columns.id),
]);
const people = table('people', { id: id(), team_id: z.uuid() }, (c) => [
  references(c.team_id, teams.columns.id),
]);

/** Tables that refer to one another have the types of their columns, without annotations. */
export function circles(): void {
  expectTypeOf<Row<typeof teams>>().toEqualTypeOf<{ id: string; lead_id: string | null }>();
  expectTypeOf<Row<typeof people>>().toEqualTypeOf<{ id: string; team_id: string }>();
  expectTypeOf<KeyOf<typeof teams>>().toEqualTypeOf<string>();
  // @ts-expect-error a target is a column, or a function
  references(teams.columns.lead_id, 'people.id');
}

/** Keys have the types of their columns. */
export function keys(): void {
  expectTypeOf<KeyOf<typeof orders>>().toEqualTypeOf<string>();
  expectTypeOf<KeyOf<typeof invoices>>().toEqualTypeOf<string>();
  expectTypeOf<KeyOf<typeof lines>>().toEqualTypeOf<{ readonly order_id: string; readonly line: number }>();
  expectTypeOf<KeyOf<typeof counted>>().toEqualTypeOf<number>();
  expectTypeOf<KeyOf<typeof days>>().toEqualTypeOf<Date>();
  expectTypeOf<KeyOf<typeof wide>>().toEqualTypeOf<{ readonly id: string; readonly month: string }>();
  expectTypeOf<KeyOf<ReturnType<typeof extended>>>().toEqualTypeOf<string>();
}

type Tables = { orders: typeof orders; lines: typeof lines; counted: typeof counted };

/** What compiles. */
export async function right(
  db: Database<Tables>,
  s: Session<Tables>,
  n: SyncSession,
  given: { line: number; order_id: string; more: boolean },
) {
  expectTypeOf(await s.get(orders, 'x')).toEqualTypeOf<{ id: string; reference: string } | undefined>();
  expectTypeOf(await db.get(counted, 42)).toEqualTypeOf<{ id: number; note: string } | undefined>();
  expectTypeOf(n.get(lines, given)).toEqualTypeOf<
    { order_id: string; line: number; text: string } | undefined
  >();
  expectTypeOf(await s.update(lines, { order_id: 'x', line: 1 }, { text: 'y' })).toEqualTypeOf<{
    order_id: string;
    line: number;
    text: string;
  }>();
  await s.delete(orders, 'x');
  await s.query.updateTable('lines').set({ text: 'x' }).execute();
  await s.query.insertInto('counted').values({ note: 'x' }).execute();
}

/** What must not compile. */
export async function wrong(db: Database<Tables>, s: Session<Tables>, n: SyncSession): Promise<void> {
  // @ts-expect-error a UUID is no number
  await s.get(orders, 42);
  // @ts-expect-error a UUID is no number
  await db.get(orders, 42);
  // @ts-expect-error a UUID is no number
  n.get(orders, 42);
  // @ts-expect-error no column
  await s.get(orders, {});
  // @ts-expect-error a key of one column is its value
  await s.get(orders, { id: 'x' });
  // @ts-expect-error a wrong column
  await s.get(orders, { reference: 'x' });
  // @ts-expect-error a key that may be missing
  await s.get(orders, undefined);
  // @ts-expect-error an integer is no text
  await s.get(counted, '42');
  // @ts-expect-error a Date is the key
  await s.get(days, '2026-01-01T00:00:00.000Z');
  // @ts-expect-error a scalar for a composite key
  await s.get(lines, 'x');
  // @ts-expect-error no column
  await s.get(lines, {});
  // @ts-expect-error a column is missing
  await s.get(lines, { order_id: 'x' });
  // @ts-expect-error a wrong column
  await s.get(lines, { order_id: 'x', text: 'x' });
  // @ts-expect-error a wrong type
  await s.delete(lines, { order_id: 'x', line: '1' });
  // @ts-expect-error an update of the primary key
  await s.update(orders, 'x', { id: 'y' });
  // @ts-expect-error an update of a part of the primary key
  await s.update(lines, { order_id: 'x', line: 1 }, { line: 2 });
  // @ts-expect-error an update of the primary key
  n.update(counted, 1, { id: 2 });
  // @ts-expect-error an update of the primary key
  await s.query.updateTable('orders').set({ id: 'y' }).execute();
  // @ts-expect-error only the database gives the key
  await s.insert(counted, { id: 1, note: 'x' });
  // @ts-expect-error only the database gives the key
  await s.query.insertInto('counted').values({ id: 1, note: 'x' }).execute();
}

// @ts-expect-error a column of no table
table('wrong', { a: z.string() }, (c) => [primaryKey(c.b)]);
