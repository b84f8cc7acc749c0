import { createHash } from 'node:crypto';
import { importJob, type ShippingDatabase, shipments } from '@ashlar/shipping';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oneOfEach } from '../../../test/support/engines.js';
import { csv, openShipping, orders, type ShippingPlace, superstore } from './support.js';

const { engines } = oneOfEach(import.meta.url);

const counts = (db: ShippingDatabase) =>
  db.read(async (s) => {
    const count = (table: 'jobs' | 'job_rows' | 'job_chunks' | 'audit_logs') =>
      s.query
        .selectFrom(table)
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow();
    const tables = ['jobs', 'job_rows', 'job_chunks', 'audit_logs'] as const;
    const all = [];
    for (const table of tables) all.push(Number((await count(table)).n));
    return all;
  });

describe.each(engines)('importing a job on $name', (engine) => {
  let place: ShippingPlace;
  let db: ShippingDatabase;
  beforeAll(async () => {
    place = await openShipping(engine);
    db = place.db;
  });
  afterAll(() => place.remove());

  test('imports the 2,001 Californian lines of 9,994, each with its checksum', async () => {
    const report = await importJob(db, superstore, {
      name: 'California',
      command: 'Ship all California orders',
      where: { State: 'California' },
      required: ['Order ID', 'Ship Mode'],
    });
    expect(report).toMatchObject({
      lines: 9_994,
      imported: 2_001,
      filtered: 7_993,
      rejected: [],
      rejected_rows: 0,
    });
    expect(report.job).toMatchObject({
      name: 'California',
      original_command: 'Ship all California orders',
      status: 'pending',
      mode: 'confirm',
      total_rows: 2_001,
      processed_rows: 0,
      total_cost_cents: null,
    });
    const [first] = await db.read((s) => shipments.rows(s, { jobId: report.job.id, limit: 1 }));
    expect(first?.row_data).toMatchObject({
      'Order ID': 'CA-2016-138688',
      State: 'California',
      City: 'Los Angeles',
    });
    const data = first?.row_data ?? {};
    const canonical = JSON.stringify(
      Object.fromEntries(Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1))),
    );
    expect(first?.row_checksum).toBe(createHash('sha256').update(canonical).digest('hex'));
    const chunks = await db.read((s) =>
      s.query
        .selectFrom('job_chunks')
        .selectAll()
        .where('job_id', '=', report.job.id)
        .orderBy('chunk')
        .execute(),
    );
    expect(chunks.map(({ lo, hi, state, epoch }) => [lo, hi, state, epoch])).toEqual([
      [1, 500, 'open', 0],
      [501, 1_000, 'open', 0],
      [1_001, 1_500, 'open', 0],
      [1_501, 2_000, 'open', 0],
      [2_001, 2_001, 'open', 0],
    ]);
  });

  test('a line that cannot be shipped becomes a failed row, with its number and the reason', async () => {
    const text = csv(
      'id,city,zip',
      '1,Ulm,89073',
      '2,Bonn',
      '3,,10115',
      '4,Kiel,x,y',
      '5,Trier\0,1',
      '6,Köln,50667',
    );
    const { job, rejected, ...report } = await importJob(db, text, {
      name: 'bad lines',
      command: 'ship',
      required: ['city'],
      mapRow: (record, line) => {
        if (record.zip === 'x') throw new Error('never called');
        return { ...record, line };
      },
    });
    expect(report).toMatchObject({ lines: 6, imported: 6, filtered: 0, rejected_rows: 4 });
    expect(rejected).toEqual([
      { line: 3, reason: 'the line has 2 fields, but the header has 3' },
      { line: 4, reason: '"city" is empty' },
      { line: 5, reason: 'the line has 4 fields, but the header has 3' },
      { line: 6, reason: 'the line contains the NUL character, which no database can store' },
    ]);
    expect(job).toMatchObject({ total_rows: 6, processed_rows: 4, failed_rows: 4, successful_rows: 0 });
    const rows = await db.read((s) => shipments.rows(s, { jobId: job.id }));
    expect(rows.map((row) => [row.row_number, row.status, row.error_code])).toEqual([
      [1, 'pending', null],
      [2, 'failed', 'invalid_row'],
      [3, 'failed', 'invalid_row'],
      [4, 'failed', 'invalid_row'],
      [5, 'failed', 'invalid_row'],
      [6, 'pending', null],
    ]);
    expect(rows[0]?.row_data).toEqual({ id: '1', city: 'Ulm', zip: '89073', line: 2 });
    expect(rows[1]).toMatchObject({
      row_data: { line: 3, fields: ['2', 'Bonn'] },
      error_message: 'Line 3: the line has 2 fields, but the header has 3.',
    });
    const log = await db.read((s) => shipments.log(s, { jobId: job.id, level: 'WARNING' }));
    expect(log.map((entry) => entry.row_number)).toEqual([2, 3, 4, 5]);
    expect(await db.read((s) => shipments.status(s, job.id))).toMatchObject({ balanced: true });
  });

  test('a line for which mapRow throws is rejected', async () => {
    const { rejected } = await importJob(db, csv('id', 'one', '2'), {
      name: 'mapped',
      command: 'ship',
      mapRow: ({ id = '' }) => {
        if (Number.isNaN(Number(id))) throw new Error(`"${id}" is not a number`);
        return { id: Number(id) };
      },
    });
    expect(rejected).toEqual([{ line: 2, reason: '"one" is not a number' }]);
  });

  test.each([
    ['a missing file', 'missing.csv', {}],
    ['a header without lines', csv('a,b'), {}],
    ['a condition that no line meets', csv('a,b', '1,2'), { where: { a: '2' } }],
    ['a condition on an unknown column', csv('a,b', '1,2'), { where: { A: '1' } }],
    ['an unknown required column', csv('a,b', '1,2'), { required: ['c'] }],
  ])('refuses %s, and writes nothing', async (_, source, rules) => {
    const before = await counts(db);
    const importing = importJob(db, source, { name: 'none', command: 'ship', ...rules });
    await expect(importing).rejects.toMatchObject({ code: 'input-invalid' });
    expect(await counts(db)).toEqual(before);
  });

  test('an import that fails half way keeps nothing, and can be called again', async () => {
    const before = await counts(db);
    const broken = (async function* () {
      for await (const part of orders(5_000)) yield part;
      throw new Error('the connection was lost');
    })();
    const input = { name: 'again', command: 'ship' };
    await expect(importJob(db, broken, input)).rejects.toMatchObject({ code: 'input-invalid' });
    const stop = new AbortController();
    const stopped = importJob(db, orders(5_000), {
      ...input,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(stopped).rejects.toThrow('aborted');
    expect(await counts(db)).toEqual(before);
    await expect(importJob(db, orders(5_000), input)).resolves.toMatchObject({ imported: 5_000 });
  });

  test('reports its progress', async () => {
    const seen: number[] = [];
    await importJob(db, orders(4_500), {
      name: 'far',
      command: 'ship',
      onProgress: ({ done }) => seen.push(done),
    });
    expect(seen.at(-1)).toBe(4_500);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  });
});
