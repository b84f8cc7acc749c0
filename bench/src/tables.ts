import { createdAt, id, index, table } from 'ashlar';
import { z } from 'zod';

/** A table like those of the systems: a key, texts with limits, a choice, cents, JSON, a time. */
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

/** An order as a service would hand it in. */
export const order = (n: number) => ({
  reference: `R-${n}`,
  customer: 'Claire Gute, Henderson',
  total_cents: 26_196,
  items: [
    { sku: 'FUR-BO-10001798', quantity: 2 },
    { sku: 'OFF-LA-10000240', quantity: 1 },
  ],
});
