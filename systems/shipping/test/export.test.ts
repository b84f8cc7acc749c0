import { exportRows, importJob, type ShippingDatabase, shipments, simulatedExecutor } from '@ashlar/shipping';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { Carrier, csv, openShipping, type ShippingPlace } from './support.js';

describe.each(engines)('the rows of a job on $name', (engine) => {
  let place: ShippingPlace;
  let db: ShippingDatabase;
  beforeAll(async () => {
    place = await openShipping(engine);
    db = place.db;
  });
  afterAll(() => place.remove());

  const exported = (jobId: string, options: Partial<Parameters<typeof exportRows>[1]> = {}) =>
    db.read(async (s) => {
      let text = '';
      for await (const part of exportRows(s, { jobId, format: 'csv', ...options })) text += part;
      return text;
    });

  const ran = async (lines: readonly string[], executor = new Carrier().executor()) => {
    const { job } = await importJob(db, csv(...lines), { name: 'export', command: 'ship', mode: 'auto' });
    await shipments.run(db, job.id, executor);
    return job.id;
  };

  test('are exported as CSV with tracking numbers and the columns of the orders, with CRLF', async () => {
    const jobId = await ran(['order,status', 'A-1,"gift, wrapped"', 'A-2', 'A-3,x']);
    const text = await exported(jobId);
    expect(text.replaceAll('\r\n', '')).not.toContain('\n');
    const rows: Record<string, string>[] = parse(text, { columns: true });
    expect(rows).toMatchObject([
      {
        row_number: '1',
        status: 'completed',
        tracking_number: expect.stringMatching(/^T-/),
        order: 'A-1',
        'data.status': 'gift, wrapped',
      },
      {
        row_number: '2',
        status: 'failed',
        error_code: 'invalid_row',
        error_message: expect.stringContaining('1 fields'),
        order: '',
      },
      { row_number: '3', status: 'completed', cost_cents: '103', simulated: 'false', order: 'A-3' },
    ]);
    expect(parse(await exported(jobId, { status: 'failed' }), { columns: true })).toHaveLength(1);
  });

  test('say that they were simulated', async () => {
    const jobId = await ran(['order', 'A-1'], simulatedExecutor());
    expect(parse(await exported(jobId), { columns: true })).toMatchObject([
      { simulated: 'true', tracking_number: expect.stringMatching(/^SIMULATED-/) },
    ]);
    const [row] = JSON.parse(await exported(jobId, { format: 'json' }));
    expect(row).toMatchObject({ simulated: true, row_data: { order: 'A-1' }, status: 'completed' });
    expect(JSON.parse(await exported(jobId, { format: 'json', status: 'failed' }))).toEqual([]);
  });

  test('contain no formula for a spreadsheet, with whatever separator it opens the file', async () => {
    const cells = [
      '=1+1',
      '+1',
      '-1',
      '@x',
      'a;=1+1',
      'a,=1',
      'a\t=1',
      'a|@x',
      'a\n=1',
      'a;"=1',
      '\t=1',
      '＝1',
    ];
    const quoted = cells.map((cell) => `"${cell.replaceAll('"', '""')}"`);
    const jobId = await ran(['note', ...quoted]);
    const text = await exported(jobId);
    const lines = parse(text, { columns: true }) as { note: string }[];
    const notes = lines.map(({ note }) => note);
    expect(notes.map((note: string) => note.replaceAll("'", ''))).toEqual(cells);
    for (const note of notes)
      for (const part of note.split(/[,;\t|\n]/)) expect(part.replace(/^"+/, '')).not.toMatch(/^[=+\-@＝]/);
  });

  test('have each column of the file once, whatever its name', async () => {
    const names = ['constructor', 'toString', 'hasOwnProperty', 'status', 'data.status', 'attempts'];
    const jobId = await ran([names.join(','), '1,2,3,4,5,6', 'short']);
    const [header = [], ...lines] = parse(await exported(jobId)) as string[][];
    expect(new Set(header).size).toBe(header.length);
    // an engine may store the columns in another order
    expect(lines.map((line) => line.slice(-names.length).toSorted())).toEqual([
      ['1', '2', '3', '4', '5', '6'],
      names.map(() => ''),
    ]);
    const [row] = parse(await exported(jobId), { columns: true }) as Record<string, string>[];
    expect(Object.entries(row ?? {})).toEqual(
      expect.arrayContaining([
        ['constructor', '1'],
        ['toString', '2'],
      ]),
    );
  });

  test('with a cell of nothing but quotation marks are exported, and a job that did not run says nothing', async () => {
    const marks = '"'.repeat(400_000);
    const { job } = await importJob(db, csv('note', `"${marks}"`), { name: 'marks', command: 'ship' });
    const [row] = parse(await exported(job.id), { columns: true }) as Record<string, string>[];
    expect(row).toMatchObject({ note: marks.slice(0, marks.length / 2), simulated: '' });
  });

  test('of an unknown job are refused', async () => {
    const nobody = exported('0198c0de-0000-7000-8000-000000000000');
    await expect(nobody).rejects.toMatchObject({ code: 'row-not-found' });
  });
});
