import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCsv } from '../src/csv.js';

const read = async (...parts: (string | Uint8Array)[]) => {
  const csv = await openCsv(
    (async function* () {
      for (const part of parts) yield Buffer.from(part);
    })(),
  );
  const lines = [];
  for await (const batch of csv.batches) lines.push(...batch.map((line) => [line.line, ...line.fields]));
  return { header: csv.header, lines };
};

describe('a CSV file', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ashlar-csv-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
  ])('is read with %s, a BOM, quotes and blank lines, each line under its number', async (_, end) => {
    const text = ['﻿name,note', 'a,1', '', `"b ""c""","two${end}lines"`, 'd,"x, y"', ''].join(end);
    expect(await read(text)).toEqual({
      header: ['name', 'note'],
      lines: [
        [2, 'a', '1'],
        [4, 'b "c"', `two${end}lines`],
        [6, 'd', 'x, y'],
      ],
    });
  });

  test('is read when its bytes arrive one by one', async () => {
    const bytes = Buffer.from('﻿naïve,€\n😀,"a\nb"\n');
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
    expect(await read(...single)).toEqual({ header: ['naïve', '€'], lines: [[2, '😀', 'a\nb']] });
  });

  test('may have a quotation mark inside an unquoted field', async () => {
    expect((await read('a,b\n5" pipe,2\n')).lines).toEqual([[2, '5" pipe', '2']]);
  });

  test('may have lines of other lengths than the header', async () => {
    expect((await read('a,b\n1\n1,2,3\n')).lines).toEqual([
      [2, '1'],
      [3, '1', '2', '3'],
    ]);
  });

  test.each([
    ['an empty file', ''],
    ['a column without a name', 'a,,c\n1,2,3\n'],
    ['a first line of values', '17,Standard,22.5\n18,Standard,9\n'],
    ['two columns of one name', 'a,b,a\n1,2,3\n'],
    ['a column named __proto__', 'a,__proto__\n1,2\n'],
    ['a header that is no text', Uint8Array.of(0x61, 0x81, 0x0a, 0x31, 0x0a)],
    ['a quotation mark that is never closed', 'a,b\n1,"2\n3,4\n'],
  ])('is refused: %s', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'input-invalid' });
  });

  test.each([
    ['a missing file', 'missing.csv'],
    ['a folder', '.'],
  ])('is refused: %s', async (_, path) => {
    await expect(openCsv(join(directory, path))).rejects.toMatchObject({ code: 'input-invalid' });
  });

  test('is refused when its stream fails', async () => {
    const broken = (async function* () {
      yield 'a,b\n1,2\n';
      throw new Error('the disk was removed');
    })();
    const all = async () => {
      for await (const _ of (await openCsv(broken)).batches);
    };
    await expect(all()).rejects.toMatchObject({ code: 'input-invalid', detail: 'the disk was removed' });
  });

  test('is closed when its reader stops early', async () => {
    const path = join(directory, 'long.csv');
    await writeFile(path, `a,b\n${'1,2\n'.repeat(100_000)}`);
    const csv = await openCsv(path);
    for await (const batch of csv.batches) if (batch.length > 10) break;
  });
});
