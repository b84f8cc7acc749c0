import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CsvFormat, type CsvSource, openCsv } from '../src/csv.js';
import { rowReader } from '../src/row-reader.js';

/** What becomes of a file: it is refused as a whole, or each of its lines is a row or rejected. */
interface Expected {
  readonly options?: CsvFormat;
  readonly refused?: string;
  readonly format?: { readonly delimiter: string; readonly encoding: string };
  readonly header?: readonly string[];
  /** The line number and the fields of each row. */
  readonly rows?: readonly (readonly [number, ...string[]])[];
  /** The line number of each rejected line, and a part of the reason. */
  readonly rejected?: readonly (readonly [number, string])[];
  /** Instead of `rows`, for a long file. */
  readonly count?: number;
  readonly last?: readonly [number, ...string[]];
}

const folder = fileURLToPath(new URL('./hostile/', import.meta.url));
const expected: Record<string, Expected> = JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8'));

const read = async (source: CsvSource, options?: CsvFormat) => {
  const csv = await openCsv(source, options);
  const toRow = rowReader(csv.header, {});
  const rows: [number, ...string[]][] = [];
  const rejected: [number, string][] = [];
  for await (const batch of csv.batches) {
    for (const line of batch) {
      const row = toRow(line);
      if (row?.rejected === undefined) rows.push([line.line, ...line.fields]);
      else rejected.push([line.line, row.rejected]);
    }
  }
  return { header: csv.header, format: csv.format(), rows, rejected };
};

test('each hostile file has its expected result', async () => {
  const files = (await readdir(folder)).filter((name) => name !== 'expected.json');
  expect(files.toSorted()).toEqual(Object.keys(expected).toSorted());
  expect(files.length).toBeGreaterThanOrEqual(40);
});

describe.each(Object.entries(expected))('%s', (name, { options, refused, ...result }) => {
  const sources: readonly (readonly [string, () => CsvSource])[] = [
    ['from a file', () => join(folder, name)],
    [
      'byte by byte',
      async function* () {
        for (const byte of await readFile(join(folder, name))) yield Uint8Array.of(byte);
      },
    ],
  ];
  test.each(sources)(refused === undefined ? 'is read %s' : 'is refused %s', async (_, source) => {
    if (refused !== undefined) {
      const error = { code: 'input-invalid', message: expect.stringContaining(refused) };
      await expect(read(source(), options)).rejects.toMatchObject(error);
      return;
    }
    const { rows, rejected, ...found } = await read(source(), options);
    expect(found).toEqual({ header: result.header, format: result.format });
    if (result.rows) expect(rows).toEqual(result.rows);
    else expect([rows.length, rows.at(-1)]).toEqual([result.count, result.last]);
    expect(rejected).toEqual(
      (result.rejected ?? []).map(([line, reason]) => [line, expect.stringContaining(reason)]),
    );
  });
});

test('any table comes back as it was, whatever its delimiter, encoding and line ends', async () => {
  const cell = fc.string({
    unit: fc.constantFrom('a', 'é', ',', ';', '\t', '|', '"', '\n', '\r', ' ', '1'),
    maxLength: 6,
  });
  const table = fc
    .tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 8 }))
    .chain(([width, height]) =>
      fc.array(fc.array(cell, { minLength: width, maxLength: width }), {
        minLength: height,
        maxLength: height,
      }),
    );
  const parts = fc.record({
    table,
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    encoding: fc.constantFrom('utf-8', 'utf-16le', 'utf-16be', 'windows-1252'),
    mark: fc.boolean(),
    ends: fc.array(fc.constantFrom('\n', '\r\n', '\r'), { minLength: 9, maxLength: 9 }),
    chunk: fc.integer({ min: 1, max: 64 }),
  });
  await fc.assert(
    fc.asyncProperty(parts, async ({ table: cells, delimiter, encoding, mark, ends, chunk }) => {
      const header = cells[0]?.map((_, at) => `column ${at}`) ?? [];
      const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
      const text = [header, ...cells].map((line, at) => line.map(quoted).join(delimiter) + ends[at]).join('');
      const bytes = iconv.encode(text, encoding, { addBOM: mark && encoding !== 'windows-1252' });
      const source = (async function* () {
        for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
      })();
      const found = await read(source, { encoding, delimiter });
      expect(found.header).toEqual(header);
      expect(found.rows.map(([, ...fields]) => fields)).toEqual(cells);
      expect(found.rejected).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

describe('large input', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ashlar-hostile-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test('a header of 200,000 columns is read, in a time that grows with its length only', async () => {
    const names = Array.from({ length: 200_000 }, (_, at) => `c${at}`);
    const path = join(directory, 'wide.csv');
    await writeFile(path, `${names.join(',')}\n${names.map(() => '1').join(',')}\n1,2\n`);
    const { header, rows, rejected } = await read(path);
    expect(header).toHaveLength(200_000);
    expect(rows[0]).toHaveLength(200_001);
    expect(rejected).toEqual([[3, 'the line has 2 fields, but the header has 200000']]);
    const twice = `${[...names, 'c7'].join(',')}\n`;
    await expect(
      read(
        (async function* () {
          yield twice;
        })(),
      ),
    ).rejects.toMatchObject({
      message: expect.stringContaining('"c7"'),
    });
    const unknown = () => rowReader(header, { where: { nowhere: '1' } });
    expect(unknown).toThrow(expect.objectContaining({ detail: expect.stringContaining('199970 more') }));
  });

  test('a field of 100 MB is refused after 16 MiB of it, with its line', async () => {
    let given = 0;
    const piece = 'x'.repeat(1 << 20);
    const source = (async function* () {
      yield 'id,note\n1,a\n2,"';
      for (let at = 0; at < 100; at++) {
        given++;
        yield piece;
      }
      yield '"\n';
    })();
    await expect(read(source)).rejects.toMatchObject({
      code: 'input-invalid',
      message: 'The line that begins at line 3 is longer than 16 MiB.',
    });
    expect(given).toBeLessThan(40);
  });
});
