// The system of the backup tests and their child processes. Each order is written in one transaction with the totals, so an
// inconsistent copy shows.
import { z } from 'zod';

/** @param ashlar the exports of `ashlar`, from the sources or the build */
export const makeShop = ({ id, system, table }, { appendOnly, ledgered }, migrations) => {
  const orders = table('orders', { id: id(), body: z.string() }, () => [appendOnly(), ledgered()]);
  const totals = table('totals', { id: id(), orders: z.int(), letters: z.int() });
  return system('shop', { tables: { orders, totals }, migrations });
};

export const theTotal = '00000000-0000-7000-8000-000000000001';

/** Writes orders and updates the totals in one transaction. */
export const order = (db, bodies) => {
  const { orders, totals } = db.system.tables;
  return db.session({ actor: 'user:1' }, async (s) => {
    await s.insertMany(
      orders,
      bodies.map((body) => ({ body })),
    );
    const letters = bodies.reduce((sum, body) => sum + body.length, 0);
    const before = await s.get(totals, theTotal);
    if (before)
      await s.update(totals, theTotal, {
        orders: before.orders + bodies.length,
        letters: before.letters + letters,
      });
    else await s.insert(totals, { id: theTotal, orders: bodies.length, letters });
  });
};
