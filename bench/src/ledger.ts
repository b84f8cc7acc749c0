import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createdAt, type Database, id, system, table } from 'ashlar';
import { appendOnly, ledgered } from 'ashlar/guarantees';
import { checkpointLedger, newLedgerKey, openLedger, verifyLedger } from 'ashlar/ledger';
import { sql } from 'ashlar/query';
import { z } from 'zod';
import { median } from './measure.js';
import { startPostgres } from './postgres-server.js';

const shape = () => ({
  id: id(),
  actor: z.string().max(100),
  action: z.string().max(50),
  subject: z.string().max(100),
  details: z.json(),
  created_at: createdAt(),
});
const plain = table('plain', shape(), () => [appendOnly()]);
const withLedger = table('with_ledger', shape(), () => [appendOnly(), ledgered()]);

const event = (n: number) => ({
  actor: 'user:42',
  action: 'document.opened',
  subject: `document:${n}`,
  details: { from: '192.0.2.7', pages: [1, 2, 3], reason: 'review of the contract' },
});

const concurrency = 32;

/** Appends in concurrent sessions, each with two milliseconds of other work in its transaction; returns rows per second. */
const append = async (
  db: Database<{ plain: typeof plain; withLedger: typeof withLedger }>,
  into: typeof plain | typeof withLedger,
  count: number,
): Promise<number> => {
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (next < count) {
        const n = next++;
        await db.session({ actor: 'bench' }, async (s) => {
          await s.insert(into as typeof plain, event(n));
          await sql`SELECT pg_sleep(0.002)`.execute(s.query);
        });
      }
    }),
  );
  return count / ((performance.now() - start) / 1_000);
};

/** Measures a ledger on a temporary PostgreSQL server: appending in concurrent sessions, sealing, verifying. */
export async function ledgerFigures(
  scale: number,
  rounds: number,
  print: (line: string) => void,
): Promise<void> {
  const server = await startPostgres();
  const checkpoints = await mkdtemp(join(tmpdir(), 'ashlar-bench-'));
  try {
    const tables = { plain, withLedger };
    const bench = system('bench', { tables, migrations: new URL('file:///none/') });
    const db = await connect(bench, {
      url: server.url,
      connections: concurrency,
    });
    await db.engine.asOwner(async (owner) => {
      for (const each of Object.values(tables))
        await owner.script(db.engine.dialect.createTable(each).join(';\n'));
    });
    const number = (value: number) => Math.round(value).toLocaleString('en-US');

    const ratios: number[] = [];
    const rates: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const order = round % 2 ? [plain, withLedger] : [withLedger, plain];
      const rate = new Map<unknown, number>();
      for (const into of order) rate.set(into, await append(db, into, 2_000 * scale));
      if (round === 0) continue;
      rates.push(rate.get(withLedger) ?? 0);
      ratios.push((rate.get(withLedger) ?? 0) / (rate.get(plain) ?? 1));
    }
    print(
      `PostgreSQL · ${concurrency} concurrent sessions, append to a ledger ÷ to an append-only table   ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})   ${number(median(rates))}/s`,
    );

    await db.engine.seal();
    const rows = 25_000 * scale;
    await db.session((s) =>
      s.insertMany(
        withLedger,
        Array.from({ length: rows }, (_, n) => event(n)),
      ),
    );
    const start = performance.now();
    await db.engine.seal();
    print(`PostgreSQL · sealing   ${number(rows / ((performance.now() - start) / 1_000))} leaves/s`);

    const { key } = newLedgerKey('bench');
    const ledger = openLedger(db.engine, bench, withLedger, { key, checkpoints });
    const whole = await verifyLedger(ledger);
    print(
      `PostgreSQL · verifying all rows   ${number(whole.rowsPerSecond)} rows/s, ${number(whole.checked)} rows, ${whole.problems.length} problems`,
    );
    await checkpointLedger(ledger);
    await db.session((s) =>
      s.insertMany(
        withLedger,
        Array.from({ length: 1_000 }, (_, n) => event(n)),
      ),
    );
    await db.engine.seal();
    const partStart = performance.now();
    const part = await verifyLedger(ledger);
    print(
      `PostgreSQL · verifying ${number(part.checked)} new rows after ${number(whole.size)}   ${number(performance.now() - partStart)} ms`,
    );
    await db.close();
  } finally {
    await server.stop();
    await rm(checkpoints, { recursive: true });
  }
}
