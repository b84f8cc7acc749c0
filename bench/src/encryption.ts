import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Database, system } from 'ashlar';
import type { Comparison, Contender } from './measure.js';
import { order, orders } from './tables.js';

const bench = system('bench', { tables: { orders }, migrations: new URL('file:///none/') });
type Orders = Database<(typeof bench)['tables']>;

const rowCount = 2_000;
const batchSize = 1_000;

const filled = async (url: string, key?: string): Promise<{ db: Orders; ids: readonly string[] }> => {
  const db = await connect(bench, { url, key, durability: 'normal' });
  await db.engine.asOwner((owner) => owner.script(db.engine.dialect.createTable(orders).join(';\n')));
  const ids: string[] = [];
  await db.session(async (s) => {
    for (let n = 0; n < rowCount; n++) ids.push((await s.insert(orders, order(n))).id);
  });
  return { db, ids };
};

/** Compares an encrypted file with a plain one, both through Ashlar, in common operations. */
export async function encryptionComparisons(
  scale: number,
): Promise<{ comparisons: Comparison[]; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-bench-'));
  const plain = await filled(`sqlite:${join(folder, 'plain.db')}`);
  const encrypted = await filled(
    `sqlcipher:${join(folder, 'encrypted.db')}`,
    randomBytes(32).toString('hex'),
  );
  const both = (
    name: string,
    operations: number,
    work: (database: typeof plain) => Contender,
  ): Comparison => ({
    name: `SQLCipher · ${name}`,
    operations,
    peer: work(plain),
    ours: work(encrypted),
  });
  return {
    comparisons: [
      both('point read', 20_000 * scale, ({ db, ids }) => async (count) => {
        for (let n = 0; n < count; n++) await db.get(orders, ids[n % rowCount] ?? '');
      }),
      both(`sum over ${rowCount.toLocaleString('en-US')} rows`, 500 * scale, ({ db }) => async (count) => {
        for (let n = 0; n < count; n++)
          await db.read((s) =>
            s.query
              .selectFrom('orders')
              .select(({ fn }) => fn.sum('total_cents').as('total'))
              .executeTakeFirst(),
          );
      }),
      both('insert in its own session', 2_000 * scale, ({ db }) => async (count) => {
        for (let n = 0; n < count; n++) await db.session((s) => s.insert(orders, order(n)));
      }),
      both(
        `inserts, ${batchSize.toLocaleString('en-US')} per session`,
        5_000 * scale,
        ({ db }) =>
          async (count) => {
            for (let done = 0; done < count; done += batchSize)
              await db.session(async (s) => {
                for (let n = 0; n < batchSize; n++) await s.insert(orders, order(n));
              });
          },
      ),
    ],
    close: async () => {
      for (const { db } of [plain, encrypted]) await db.close();
      await rm(folder, { recursive: true });
    },
  };
}
