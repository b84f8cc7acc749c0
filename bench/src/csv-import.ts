import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importJob, shipping } from '@ashlar/shipping';
import { connect } from 'ashlar';
import { parse } from 'csv-parse';
import { v7 } from 'uuid';
import type { Comparison } from './measure.js';

/** The columns of `job_rows` that an import fills, in the order of the raw rows. */
export const rowColumns = [
  'id',
  'job_id',
  'row_number',
  'row_checksum',
  'row_data',
  'status',
  'tracking_number',
  'label_path',
  'cost_cents',
  'error_code',
  'error_message',
  'attempts',
  'idempotency_key',
  'processed_at',
] as const;

/** The import through a raw driver: the same SQL as Ashlar's. */
export interface RawImport {
  begin(jobId: string): Promise<void> | void;
  insert(rows: unknown[][]): Promise<void> | void;
  commit(): Promise<void> | void;
}

const header =
  'Order ID,Order Date,Ship Mode,Customer Name,City,State,Postal Code,Sub-Category,Product Name,Sales,Quantity';
const line = (n: number) =>
  `CA-2016-${n},2016-11-08,Second Class,Claire Gute,Henderson,Kentucky,42420,Bookcases,"Bush Somerset Collection, ${n}",261.96,${(n % 9) + 1}`;

const importRaw = async (path: string, raw: RawImport): Promise<void> => {
  const jobId = v7();
  await raw.begin(jobId);
  let names: string[] = [];
  let number = 0;
  let rows: unknown[][] = [];
  for await (const fields of createReadStream(path).pipe(parse()) as AsyncIterable<string[]>) {
    if (names.length === 0) {
      names = fields;
      continue;
    }
    const data = JSON.stringify(Object.fromEntries(names.map((name, i) => [name, fields[i]])));
    const checksum = createHash('sha256').update(data).digest('hex');
    rows.push([
      v7(),
      jobId,
      ++number,
      checksum,
      data,
      'pending',
      null,
      null,
      null,
      null,
      null,
      0,
      null,
      null,
    ]);
    if (rows.length === 1_000) {
      await raw.insert(rows);
      rows = [];
    }
  }
  await raw.insert(rows);
  await raw.commit();
};

/** Compares the import of a CSV file into `job_rows` through the service of `shipping` with a raw driver. */
export async function csvImport(options: {
  url: string;
  folder: string;
  lines: number;
  name: string;
  /** Opens the raw driver on the same database, after its tables are created. */
  openRaw: () => Promise<RawImport> | RawImport;
}): Promise<{ comparison: Comparison; close(): Promise<void> }> {
  const db = await connect(shipping, { url: options.url, durability: 'normal' });
  await db.engine.asOwner(async (owner) => {
    const { jobs, jobRows, jobChunks, auditLogs } = shipping.tables;
    for (const table of [jobs, jobRows, jobChunks, auditLogs]) {
      for (const statement of db.engine.dialect.createTable(table)) await owner.script(statement);
    }
  });
  const path = join(options.folder, 'orders.csv');
  await writeFile(
    path,
    `${[header, ...Array.from({ length: options.lines }, (_, n) => line(n))].join('\n')}\n`,
  );
  const raw = await options.openRaw();
  return {
    comparison: {
      name: `${options.name} · CSV import, rows`,
      operations: options.lines,
      peer: () => importRaw(path, raw),
      ours: async () => {
        await importJob(db, path, { name: 'bench', command: 'bench' });
      },
    },
    close: () => db.close(),
  };
}
