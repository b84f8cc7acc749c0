import { setTimeout as sleep } from 'node:timers/promises';
import type { Executor, ShippableRow } from './executor.js';

/** How the simulation behaves. */
export interface SimulationOptions {
  /** Numbers of the rows that fail, to show what a failure looks like. */
  readonly fail?: Iterable<number> | undefined;
  /** How many attempts of those rows fail before one succeeds. Default 1. */
  readonly failAttempts?: number | undefined;
  /** How long each call takes, in milliseconds. Default 0. */
  readonly latency?: number | undefined;
}

// invented rates, in cents: a base by ship mode, and a price an item by weight class
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

/** The simulated price of an order line, in cents, from its `Ship Mode`, `Sub-Category` and `Quantity`. */
export const simulatedRate = (data: ShippableRow['row_data']): number => {
  const base = baseCents[String(data['Ship Mode'])] ?? baseCents['Standard Class'] ?? 0;
  const quantity = Math.min(Math.max(Math.trunc(Number(data.Quantity)) || 1, 1), 10_000);
  return base + itemCents[weightClass(data['Sub-Category'])] * quantity;
};

/**
 * An executor for demonstrations: no carrier is called and nothing is shipped. Prices come from an invented rate table,
 * every tracking number and label says SIMULATED, and the same row always gets the same answer.
 */
export const simulatedExecutor = (options: SimulationOptions = {}): Executor => {
  const failing = new Set(options.fail);
  const failAttempts = options.failAttempts ?? 1;
  const latency = options.latency ?? 0;
  return {
    name: 'simulated',
    idempotent: true,
    async ship(row, { idempotencyKey, attempt }) {
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
};
