import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, system } from 'ashlar';
import Driver from 'better-sqlite3-multiple-ciphers';
import { v7 } from 'uuid';
import { csvImport, rowColumns } from './csv-import.js';
import type { Comparison } from './measure.js';
import { order, orders } from './tables.js';

const pragmas = [
  'journal_mode=WAL',
  'synchronous=NORMAL',
  'foreign_keys=ON',
  'recursive_triggers=ON',
  'temp_store=MEMORY',
  'cache_size=-65536',
];

const names = Object.keys(orders.columns);

/** Comparisons on SQLite, against better-sqlite3 with prepared statements and the same pragmas and SQL. */
export async function sqliteComparisons(
  scale: number,
): Promise<{ comparisons: Comparison[]; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-bench-'));
  const url = `sqlite:${join(folder, 'ashlar.db')}`;
  const benchSystem = system('bench', { tables: { orders }, migrations: new URL('file:///none/') });
  const db = await connect(benchSystem, { url, durability: 'normal' });
  const ddl = db.engine.dialect.createTable(orders);
  await db.engine.asOwner((owner) => owner.script(ddl.join(';\n')));

  const raw = new Driver(join(folder, 'raw.db'));
  for (const pragma of pragmas) raw.pragma(pragma);
  raw.exec(ddl.join(';\n'));
  const insertSql = `INSERT INTO orders (id, reference, customer, status, total_cents, items, note) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING ${names.join(', ')}`;
  const insert = raw.prepare(insertSql);
  const select = raw.prepare(`SELECT ${names.join(', ')} FROM orders WHERE id = ?`);
  const [begin, commit] = [raw.prepare('BEGIN IMMEDIATE'), raw.prepare('COMMIT')];
  const insertRaw = (n: number) => {
    const { reference, customer, total_cents, items } = order(n);
    return insert.get(v7(), reference, customer, 'open', total_cents, JSON.stringify(items), null) as {
      id: string;
    };
  };

  const rawIds: string[] = [];
  const ids: string[] = [];
  for (let n = 0; n < 2_000; n++) rawIds.push(insertRaw(n).id);
  await db.session(async (s) => {
    for (let n = 0; n < 2_000; n++) ids.push((await s.insert(orders, order(n))).id);
  });

  const shippingPath = join(folder, 'shipping.db');
  const shippingRaw = new Driver(shippingPath);
  const csv = await csvImport({
    url: `sqlite:${shippingPath}`,
    folder,
    lines: 20_000 * scale,
    name: 'SQLite',
    openRaw: () => {
      for (const pragma of pragmas) shippingRaw.pragma(pragma);
      const marks = rowColumns.map(() => '?').join(', ');
      const insertRow = shippingRaw.prepare(
        `INSERT INTO job_rows (${rowColumns.join(', ')}) VALUES (${marks})`,
      );
      const insertJob = shippingRaw.prepare(
        `INSERT INTO jobs (id, name, original_command) VALUES (?, 'raw', 'raw')`,
      );
      return {
        begin: (jobId) => {
          shippingRaw.exec('BEGIN IMMEDIATE');
          insertJob.run(jobId);
        },
        insert: (rows) => {
          for (const row of rows) insertRow.run(row);
        },
        commit: () => {
          shippingRaw.exec('COMMIT');
        },
      };
    },
  });
  return {
    comparisons: [
      {
        name: 'SQLite · point read',
        operations: 20_000 * scale,
        peer: (count) => {
          for (let n = 0; n < count; n++) {
            const row = select.get(rawIds[n % 2_000]) as { items: string };
            JSON.parse(row.items);
          }
        },
        ours: async (count) => {
          for (let n = 0; n < count; n++) await db.get(orders, ids[n % 2_000] ?? '');
        },
      },
      {
        name: 'SQLite · validated insert in its own session',
        operations: 4_000 * scale,
        peer: (count) => {
          for (let n = 0; n < count; n++) {
            begin.run();
            insertRaw(n);
            commit.run();
          }
        },
        ours: async (count) => {
          for (let n = 0; n < count; n++)
            await db.session({ actor: 'bench' }, (s) => s.insert(orders, order(n)));
        },
      },
      csv.comparison,
    ],
    close: async () => {
      await csv.close();
      shippingRaw.close();
      raw.close();
      await db.close();
      await rm(folder, { recursive: true });
    },
  };
}
