import fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, test } from 'vitest';
import { type CsvFormat, openCsv } from '../src/csv.js';
import { rowReader } from '../src/row-reader.js';

const stream = async function* (bytes: Uint8Array, piece = 1 << 16) {
  for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
};

const read = async (content: string | Uint8Array, options?: CsvFormat, piece?: number) => {
  const csv = await openCsv(stream(Buffer.from(content), piece), options);
  const toRow = rowReader(csv.header, {});
  const [rows, rejected]: [string[][], string[]] = [[], []];
  for await (const batch of csv.batches)
    for (const line of batch) {
      const row = toRow(line);
      if (row?.rejected === undefined) rows.push([...line.fields]);
      else rejected.push(row.rejected);
    }
  return { header: csv.header, ...csv.format(), rows, rejected };
};

const refused = (content: string | Uint8Array, message: RegExp, options?: CsvFormat) =>
  expect(read(content, options)).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringMatching(message),
  });

const delimiters = [',', ';', '\t', '|'] as const;
const pairs = delimiters.flatMap((a) => delimiters.filter((b) => b !== a).map((b) => [a, b] as const));

describe('the encoding of a file is found out', () => {
  // the only character that is not ASCII is so far from the end, or is the end
  const tails = ['', '\n', '\r\n', 'x\n', 'xy\n', '\n2,Ulm\n', `${'\n2,Ulm'.repeat(100)}\n`];
  const cases = ['windows-1252', 'utf-8'].flatMap((encoding) =>
    ['é', 'É', 'ß', 'ÿ'].flatMap((letter) => tails.map((tail) => ({ encoding, letter, tail }))),
  );
  test.each(cases)('$encoding by one $letter before $tail', async ({ encoding, letter, tail }) => {
    for (const piece of [1, 1 << 16]) {
      const found = await read(iconv.encode(`id,city\n1,Caf${letter}${tail}`, encoding), undefined, piece);
      expect(found).toMatchObject({ encoding, rejected: [] });
      expect(found.rows[0]?.[1]).toBe(`Caf${letter}${tail.split(/[\r\n]/)[0]}`);
    }
  });

  const filling = 'x,Ulm\n'.repeat(25_000);
  test('and a file of two is refused, or the lines of the second are rejected', async () => {
    const [windows, utf8] = ['windows-1252', 'utf-8'].map((name) => iconv.encode('1,Köln\n', name)) as [
      Buffer,
      Buffer,
    ];
    const start = Buffer.from('id,city\n');
    for (const between of [filling, filling.repeat(2)]) {
      const middle = Buffer.from(between);
      await refused(Buffer.concat([start, windows, middle, utf8]), /two encodings/);
      await refused(Buffer.concat([start, windows, middle, utf8, middle]), /two encodings/);
      const { rejected } = await read(Buffer.concat([start, utf8, middle, windows, middle]));
      expect(rejected).toHaveLength(1);
    }
    const given = await read(Buffer.concat([start, windows, Buffer.from(filling), utf8]), {
      encoding: 'windows-1252',
    });
    expect(given.rows.at(-1)).toEqual(['1', 'KÃ¶ln']);
  });

  test('by marks: repeated ones are no text, one in the middle or against the given encoding is an error', async () => {
    const plain = await read('\uFEFF\uFEFFid,city\n1,Köln\n');
    expect(plain).toMatchObject({ header: ['id', 'city'], rows: [['1', 'Köln']] });
    const joined = await read('\uFEFFid,city\n1,Ulm\n\uFEFF2,Bonn\n');
    expect(joined.rows).toEqual([['1', 'Ulm']]);
    expect(joined.rejected).toEqual([expect.stringContaining('byte order mark')]);
    for (const encoding of ['windows-1252', 'utf-16le', 'iso-8859-1'])
      await refused('\uFEFFid,city\n1,Köln\n', /byte order mark/, { encoding });
    for (const encoding of ['utf-8', 'UTF8'])
      expect((await read('\uFEFFid,city\n1,Köln\n', { encoding })).header).toEqual(['id', 'city']);
    for (const encoding of ['base64', 'hex', 'utf-7'])
      await refused('id,city\n1,Ulm\n', /not known/, { encoding });
    const utf16 = iconv.encode('id,city\n1,Ulm\n', 'utf-16le', { addBOM: true });
    for (const encoding of ['utf-16le', 'utf16', 'ucs-2'])
      expect((await read(utf16, { encoding })).rows).toEqual([['1', 'Ulm']]);
    await refused(utf16, /byte order mark/, { encoding: 'utf-8' });
    await refused(utf16.subarray(0, -1), /within a character/);
  });
});

describe('the delimiter of a file is found out', () => {
  test.each(pairs)('and where %j and %j fit, with any number of columns, it is refused', async (a, b) => {
    for (const more of [1, 2]) {
      const inner = (word: string) => Array.from({ length: more + 1 }, (_, at) => `${word}${at}`).join(b);
      const lines = [`id${a}name (${inner('part')})`, `1${a}${inner('Doe')}`, `2${a}${inner('Roe')}`];
      const text = `${lines.join('\n')}\n`;
      await refused(text, /can be split at/);
      const chosen = await read(text, { delimiter: a });
      expect(chosen.rows[0]).toEqual(['1', inner('Doe')]);
    }
  });

  test.each(pairs)('and %j in quotation marks is no question where %j splits', async (quoted, delimiter) => {
    const found = await read(`id${delimiter}"a${quoted} b"\n1${delimiter}"c${quoted} d"\n`);
    expect(found.rows).toEqual([['1', `c${quoted} d`]]);
  });

  test.each(['^', '~', ':', '\x01', '\x1f'])('and %j is asked for, not taken for text', async (delimiter) => {
    const text = [['id', 'city', 'zip'], ['1', 'Ulm', '89073'], '']
      .map((line) => [line].flat().join(delimiter))
      .join('\n');
    await refused(text, /seems to be split/);
    expect((await read(text, { delimiter })).rows).toEqual([['1', 'Ulm', '89073']]);
    await refused('id   city   zip\n1    Ulm    89073\n', /aligned/);
    expect((await read('note\na: b\nc\n')).rows).toEqual([['a: b'], ['c']]);
  });

  const separators = [
    'sep=;',
    'SEP=;',
    'sep=; ',
    'sep=;;;',
    'sep=;,,',
    '"sep=;"',
    '"sep=;",,',
    '\nsep=;',
    '\r\n \r\nsep=;',
  ];
  test.each(separators)('by the line %j', async (first) => {
    for (const end of ['\n', '\r\n', '\r']) {
      const found = await read(`${first}${end}id;city, zip${end}1;Ulm, 89073${end}`);
      expect(found).toMatchObject({
        header: ['id', 'city, zip'],
        rows: [['1', 'Ulm, 89073']],
        delimiter: 'semicolon',
      });
    }
  });

  test('by the word tab, and a line sep= that names none is refused', async () => {
    for (const word of ['\\t', 'tab', '\t'])
      expect((await read(`sep=${word}\nid\tcity\n1\tUlm\n`)).header).toEqual(['id', 'city']);
    for (const bad of ['sep=', 'sep=ab', 'sep=;x']) await refused(`${bad}\nid;city\n1;Ulm\n`, /header/);
  });

  test.each(delimiters)('and a title above the table, padded with %j, is no header', async (delimiter) => {
    const line = (...cells: string[]) => `${cells.join(delimiter)}\n`;
    const table = line('id', 'city', 'zip') + line('1', 'Ulm', '89073') + line('2', '', '');
    await refused(line('Orders', '', '') + table, /names 1 of 3 columns/);
    await refused(line('Orders', '2026', '') + line('id', 'city', 'zip') + line('1', 'Ulm', '1'), /header/);
  });
});

test('whatever is detected is what was written, or the file is refused', async () => {
  const cell = fc.string({
    unit: fc.constantFrom('a', 'é', 'ü', ',', ';', '\t', '|', '"', ' ', '1'),
    maxLength: 6,
  });
  const parts = fc.record({
    cells: fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 }),
    delimiter: fc.constantFrom(...delimiters),
    encoding: fc.constantFrom('utf-8', 'windows-1252'),
    quoteAll: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(parts, async ({ cells, delimiter, encoding, quoteAll }) => {
      const quoted = (text: string) =>
        quoteAll || /[",;\t|]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
      const text = [['id', 'city', 'note'], ...cells]
        .map((line) => `${line.map(quoted).join(delimiter)}\n`)
        .join('');
      const found = await read(iconv.encode(text, encoding)).catch((error) => {
        expect(error).toMatchObject({ code: 'input-invalid' });
      });
      if (!found) return;
      expect(found.header).toEqual(['id', 'city', 'note']);
      expect(found.rows).toEqual(cells);
      expect(found.rejected).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

describe('a line of delimiters', () => {
  test('that is longer than 16 MiB is refused, and a long one keeps its first fields', async () => {
    await refused(`id,city\n1,Ulm\n${','.repeat(20 << 20)}\n`, /line 3 is longer than 16 MiB/);
    const csv = await openCsv(stream(Buffer.from(`id,city\n${','.repeat(100_000)}\n`)));
    const toRow = rowReader(csv.header, {});
    const rows = [];
    for await (const batch of csv.batches) rows.push(...batch.map(toRow));
    expect(rows).toMatchObject([
      {
        data: { fields: { length: 1_000 }, more_fields: 99_001 },
        rejected: expect.stringContaining('100001 fields'),
      },
    ]);
  });
});
