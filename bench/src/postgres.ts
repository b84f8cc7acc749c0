import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, system } from 'ashlar';
import pg from 'pg';
import { v7 } from 'uuid';
import { csvImport, rowColumns } from './csv-import.js';
import type { Comparison } from './measure.js';
import { startPostgres } from './postgres-server.js';
import { order, orders } from './tables.js';

// the types of `rowColumns`, in the same order
const rowTypes = [
  'uuid',
  'uuid',
  'bigint',
  'text',
  'jsonb',
  'text',
  'text',
  'text',
  'bigint',
  'text',
  'text',
  'bigint',
  'text',
  'timestamptz',
];

const names = Object.keys(orders.columns);

/** Comparisons on a temporary PostgreSQL server, against pg with named statements on one connection. */
export async function postgresComparisons(
  scale: number,
): Promise<{ comparisons: Comparison[]; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-bench-'));
  const server = await startPostgres();
  const { url } = server;
  const benchSystem = system('bench', { tables: { orders }, migrations: new URL('file:///none/') });
  const db = await connect(benchSystem, { url });
  await db.engine.asOwner((owner) => owner.script(db.engine.dialect.createTable(orders).join(';\n')));

  const raw = new pg.Client({ connectionString: url });
  await raw.connect();
  const insertRaw = async (n: number): Promise<string> => {
    const { reference, customer, total_cents, items } = order(n);
    const { rows } = await raw.query({
      name: 'insert',
      text: `INSERT INTO orders (id, reference, customer, status, total_cents, items, note) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${names.join(', ')}`,
      values: [v7(), reference, customer, 'open', total_cents, JSON.stringify(items), null],
    });
    return (rows[0] as { id: string }).id;
  };
  const ids: string[] = [];
  for (let n = 0; n < 1_000; n++) ids.push(await insertRaw(n));
  const select = `SELECT ${names.join(', ')} FROM orders WHERE id = $1`;

  const csv = await csvImport({
    url,
    folder,
    lines: 10_000 * scale,
    name: 'PostgreSQL',
    openRaw: () => ({
      begin: async (jobId) => {
        await raw.query('BEGIN');
        await raw.query(`INSERT INTO jobs (id, name, original_command) VALUES ($1, 'raw', 'raw')`, [jobId]);
      },
      insert: async (rows) => {
        const arrays = rowTypes.map((type, i) => `$${i + 1}::${type}[]`).join(', ');
        await raw.query({
          name: 'rows',
          text: `INSERT INTO job_rows (${rowColumns.join(', ')}) SELECT * FROM unnest(${arrays})`,
          values: rowTypes.map((_, i) => rows.map((row) => row[i])),
        });
      },
      commit: async () => {
        await raw.query('COMMIT');
      },
    }),
  });
  return {
    comparisons: [
      {
        name: 'PostgreSQL · point read',
        operations: 2_000 * scale,
        peer: async (count) => {
          for (let n = 0; n < count; n++)
            await raw.query({ name: 'select', text: select, values: [ids[n % 1_000]] });
        },
        ours: async (count) => {
          for (let n = 0; n < count; n++) await db.get(orders, ids[n % 1_000] ?? '');
        },
      },
      {
        name: 'PostgreSQL · validated insert in its own session',
        operations: 1_000 * scale,
        peer: async (count) => {
          for (let n = 0; n < count; n++) {
            await raw.query('BEGIN');
            await insertRaw(n);
            await raw.query('COMMIT');
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
      await raw.end();
      await db.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
