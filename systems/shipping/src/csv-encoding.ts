import { isAscii, isUtf8 } from 'node:buffer';
import { AshlarError } from 'ashlar';
import iconv from 'iconv-lite';

/** A file's text, piece by piece, and the name of the encoding in which it was read, once that is known. */
export interface Decoded {
  readonly text: AsyncGenerator<string>;
  /** The encoding; `ascii` while no other byte was read. */
  encoding(): string;
}

// enough to tell encodings and delimiters apart, and little enough to be kept in memory
const sampleBytes = 1 << 16;

const refused = (message: string, suggestion: string, detail?: string): AshlarError =>
  new AshlarError('input-invalid', { message, suggestion, detail });

// what people rename to .csv, by the first bytes
const otherFiles: readonly (readonly [string, string])[] = [
  ['504b0304', 'a ZIP file, such as a spreadsheet of Excel (.xlsx)'],
  ['d0cf11e0', 'a spreadsheet of Excel (.xls)'],
  ['1f8b', 'a file compressed by gzip'],
  ['25504446', 'a PDF document'],
  ['fffe0000', 'text in UTF-32'],
  ['0000feff', 'text in UTF-32'],
];

const assertText = (head: Buffer): void => {
  const start = head.subarray(0, 4).toString('hex');
  const other = otherFiles.find(([bytes]) => start.startsWith(bytes));
  if (other) throw refused(`The file is ${other[1]}, not CSV.`, 'Export it as CSV in UTF-8.');
};

const byMark = (head: Buffer): string | undefined => {
  if (head.subarray(0, 3).toString('hex') === 'efbbbf') return 'utf-8';
  const mark = head.subarray(0, 2).toString('hex');
  return { fffe: 'utf-16le', feff: 'utf-16be' }[mark];
};

// letters of most languages have one byte 0 in UTF-16: at odd places with the low byte first
const byZeros = (head: Buffer): string | undefined => {
  const zeros = [0, 0];
  for (let at = 0; at < head.length; at++) if (head[at] === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  const least = head.length / 8;
  if (odd > least && even * 8 < odd) return 'utf-16le';
  return even > least && odd * 8 < even ? 'utf-16be' : undefined;
};

// the five bytes that Windows-1252 does not define
const undefinedBytes = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/**
 * Tells UTF-8 from Windows-1252 by bytes that begin with the first one that is not ASCII. Windows-1252 only where nothing speaks
 * for UTF-8: a line of UTF-8 that is damaged must be rejected, and not change how the others are read.
 */
const utf8OrWindows = (bytes: Buffer): string => {
  // a character may be cut off at the end
  const cut = [0, 1, 2, 3].map((less) => bytes.subarray(0, bytes.length - less));
  if (cut.some((part) => isUtf8(part))) return 'utf-8';
  const characters = [...bytes.toString('utf8')].filter((character) => character > '\x7f');
  const isWindows =
    characters.every((character) => character === '\ufffd') &&
    !undefinedBytes.some((byte) => bytes.includes(byte));
  return isWindows ? 'windows-1252' : 'utf-8';
};

/** @throws AshlarError `input-invalid` for an encoding that is not known */
const assertKnown = (encoding: string): void => {
  if (iconv.encodingExists(encoding)) return;
  throw refused(
    `The encoding ${encoding} is not known.`,
    'Use utf-8, utf-16le, utf-16be, windows-1252 or another encoding by its name.',
  );
};

/**
 * Decodes the bytes of a file. Without `encoding` it is found out: by a byte order mark, by the zero bytes of UTF-16, else
 * UTF-8, or Windows-1252 where the first characters that are not ASCII are no UTF-8. What cannot be decoded becomes U+FFFD.
 *
 * @throws AshlarError `input-invalid` for an unknown encoding, here; for a file that is not text, while it is read
 */
export function decode(bytes: AsyncIterable<Uint8Array | string>, encoding?: string): Decoded {
  if (encoding !== undefined) assertKnown(encoding);
  let found = encoding;
  const text = async function* (): AsyncGenerator<string> {
    const source = chunksOf(bytes);
    const next = async (): Promise<Buffer | undefined> => {
      const { value, done } = await source.next();
      return done ? undefined : value;
    };
    try {
      let chunk = await next();
      if (!chunk) return;
      assertText(chunk);
      found ??= byMark(chunk) ?? byZeros(chunk);
      while (found === undefined && chunk) {
        const first: number = isAscii(chunk) ? -1 : chunk.findIndex((byte: number) => byte > 0x7f);
        if (first < 0) {
          yield chunk.toString('latin1');
          chunk = await next();
          continue;
        }
        // at the end of a chunk it may be too little to tell by
        const more: Buffer | undefined = chunk.length - first < 256 ? await next() : undefined;
        if (more) chunk = Buffer.concat([chunk, more]);
        found = utf8OrWindows(chunk.subarray(first));
      }
      const decoder = iconv.getDecoder(found ?? 'utf-8', { stripBOM: true });
      for (; chunk; chunk = await next()) yield decoder.write(chunk);
      yield decoder.end() ?? '';
    } finally {
      await source.return(undefined);
    }
  };
  return { text: text(), encoding: () => found ?? 'ascii' };
}

// chunks that are long enough to tell an encoding by, however small the pieces are in which bytes arrive
async function* chunksOf(bytes: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer> {
  let [parts, length]: [Buffer[], number] = [[], 0];
  for await (const part of bytes) {
    const buffer =
      typeof part === 'string'
        ? Buffer.from(part)
        : Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    parts.push(buffer);
    length += buffer.length;
    if (length < sampleBytes) continue;
    yield parts.length === 1 ? buffer : Buffer.concat(parts);
    [parts, length] = [[], 0];
  }
  if (length > 0) yield Buffer.concat(parts);
}
