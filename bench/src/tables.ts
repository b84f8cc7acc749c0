import { createdAt, id, index, table } from 'ashlar';
import { z } from 'zod';

/** A typical table: a key, texts with limits, an enum, cents, JSON, a timestamp. */
export const orders = table(
  'orders',
  {
    id: id(),
    reference: z.string().min(1).max(50),
    customer: z.string().max(200),
    status: z.enum(['open', 'paid', 'shipped']).default('open'),
    total_cents: z.int().min(0),
    items: z.array(z.object({ sku: z.string(), quantity: z.int() })),
    note: z.string().nullable(),
    created_at: createdAt(),
  },
  (c) => [index(c.reference)],
);

/** Returns an order to insert. */
export function order(n: number) {
  return {
    reference: `R-${n}`,
    customer: 'Claire Gute, Henderson',
    total_cents: 26_196,
    items: [
      { sku: 'FUR-BO-10001798', quantity: 2 },
      { sku: 'OFF-LA-10000240', quantity: 1 },
    ],
  };
}
