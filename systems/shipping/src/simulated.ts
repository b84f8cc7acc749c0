import { setTimeout as sleep } from 'node:timers/promises';
import type { RowData } from './row-reader.js';
import type { Executor } from './tables.js';

/** Options of {@link simulatedExecutor}: the rows that fail, and the duration of each call. */
export interface SimulationOptions {
  /** The numbers of the rows whose first attempts fail. */
  readonly fail?: Iterable<number> | undefined;
  /** The number of attempts that fail, for each row in `fail`, before an attempt succeeds. Default 1. */
  readonly failAttempts?: number | undefined;
  /** The duration of each call, in milliseconds. Default 0. */
  readonly latency?: number | undefined;
}

// invented rates in cents: a base by ship mode, and a price per item by weight class
const baseCents: Readonly<Record<string, number>> = {
  'Standard Class': 595,
  'Second Class': 895,
  'First Class': 1295,
  'Same Day': 2495,
};
const itemCents = { light: 45, medium: 185, heavy: 1290 };

const heavy = new Set(['Bookcases', 'Chairs', 'Tables', 'Copiers', 'Machines', 'Appliances']);
const medium = new Set(['Furnishings', 'Phones', 'Storage', 'Paper', 'Accessories']);

const weightClass = (subCategory: unknown): keyof typeof itemCents => {
  if (heavy.has(String(subCategory))) return 'heavy';
  return medium.has(String(subCategory)) ? 'medium' : 'light';
};

/**
 * Computes the simulated price of an order line, in integer cents, from its `Ship Mode`, `Sub-Category` and `Quantity`.
 */
export function simulatedRate(data: RowData): number {
  const order: { readonly [column: string]: unknown } = data;
  const base = baseCents[String(order['Ship Mode'])] ?? baseCents['Standard Class'] ?? 0;
  const quantity = Math.min(Math.max(Math.trunc(Number(order.Quantity)) || 1, 1), 10_000);
  return base + itemCents[weightClass(order['Sub-Category'])] * quantity;
}

/**
 * Creates an executor for demonstrations that calls no carrier and ships nothing. Its prices come from an invented rate
 * table, every tracking number and label says SIMULATED, and the same row always gets the same result.
 */
export function simulatedExecutor(options: SimulationOptions = {}): Executor {
  const failing = new Set(options.fail);
  const failAttempts = options.failAttempts ?? 1;
  const latency = options.latency ?? 0;
  return {
    name: 'SIMULATED',
    idempotent: true,
    simulated: true,
    async run(row, { idempotencyKey, attempt }) {
      if (latency > 0) await sleep(latency);
      if (failing.has(row.row_number) && attempt <= failAttempts) {
        throw Object.assign(new Error('SIMULATED failure: the address was refused'), {
          code: 'simulated_failure',
        });
      }
      const number = idempotencyKey.slice(0, 16).toUpperCase();
      return {
        tracking_number: `SIMULATED-${number}`,
        label_path: `labels/SIMULATED-${number}.pdf`,
        cost_cents: simulatedRate(row.row_data),
      };
    },
  };
}
