import { isAscii } from 'node:buffer';
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

const replaced = '\ufffd';

// the characters of UTF-8 that are not ASCII; U+FFFD for what is no UTF-8
const charactersOf = (bytes: Buffer): readonly string[] =>
  [...bytes.toString('utf8')].filter((character) => character > '\x7f');

/** Whether bytes are UTF-8; a character may be cut off at their end, unless that is the end of the file. */
const isUtf8 = (bytes: Buffer, ended: boolean): boolean => {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: !ended });
    return true;
  } catch {
    return false;
  }
};

/**
 * Tells UTF-8 from Windows-1252 by bytes that begin with the first one that is not ASCII. Windows-1252 only where nothing speaks
 * for UTF-8: a line of UTF-8 that is damaged must be rejected, and not change how the others are read.
 */
const utf8OrWindows = (bytes: Buffer, ended: boolean): string => {
  if (isUtf8(bytes, ended)) return 'utf-8';
  const isWindows =
    charactersOf(bytes).every((character) => character === replaced) &&
    !undefinedBytes.some((byte) => bytes.includes(byte));
  return isWindows ? 'windows-1252' : 'utf-8';
};

// the first bytes of a file say Windows-1252; a part that is UTF-8 would be read as other letters, and nobody would see it
const assertWindows = (bytes: Buffer): void => {
  if (isAscii(bytes) || charactersOf(bytes).every((character) => character === replaced)) return;
  throw refused(
    'The file has two encodings: it begins as Windows-1252, and a later part is UTF-8.',
    'Nothing was imported. Correct the file, or give its encoding: --encoding utf-8 rejects the lines that are not UTF-8, and --encoding windows-1252 reads all of them as Windows-1252.',
  );
};

// forms in which bytes are written, not encodings of text
const notText = new Set(['base64', 'hex', 'utf7', 'utf7imap', 'unicode11utf7']);

const plainName = (encoding: string): string => encoding.toLowerCase().replace(/[^a-z0-9]/g, '');

const unlikeMark = (given: string, mark: string): boolean => {
  const [name, marked] = [plainName(given), plainName(mark)];
  if (name === marked || name === 'utf16' || name === 'ucs2') return marked === 'utf8' && name !== marked;
  return !(marked === 'utf8' && (name === 'cesu8' || name === 'unicode11utf8'));
};

/** @throws AshlarError `input-invalid` for an encoding that contradicts the byte order mark */
const assertMark = (encoding: string, mark: string | undefined): void => {
  if (mark === undefined || !unlikeMark(encoding, mark)) return;
  throw refused(
    `The file begins with the byte order mark of ${mark}, and not in the encoding ${encoding}.`,
    'Leave --encoding out.',
  );
};

/** @throws AshlarError `input-invalid` for an encoding that is not known */
const assertKnown = (encoding: string): void => {
  if (iconv.encodingExists(encoding) && !notText.has(plainName(encoding))) return;
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
  let detected = false;
  let length = 0;
  const text = async function* (): AsyncGenerator<string> {
    const source = chunksOf(bytes);
    const next = async (): Promise<Buffer | undefined> => {
      const { value, done } = await source.next();
      if (done) return undefined;
      length += value.length;
      if (detected) assertWindows(value);
      return value;
    };
    try {
      let chunk = await next();
      if (!chunk) return;
      assertText(chunk);
      const mark = byMark(chunk);
      if (encoding !== undefined) assertMark(encoding, mark);
      found ??= mark ?? byZeros(chunk);
      while (found === undefined && chunk) {
        const first: number = isAscii(chunk) ? -1 : chunk.findIndex((byte: number) => byte > 0x7f);
        if (first < 0) {
          yield chunk.toString('latin1');
          chunk = await next();
          continue;
        }
        // at the end of a chunk it may be too little to tell by
        const short: boolean = chunk.length - first < 256;
        const more: Buffer | undefined = short ? await next() : undefined;
        if (more) chunk = Buffer.concat([chunk, more]);
        found = utf8OrWindows(chunk.subarray(first), short && !more);
        detected = found === 'windows-1252';
      }
      const decoder = iconv.getDecoder(found ?? 'utf-8', { stripBOM: true });
      for (let start = true; chunk; chunk = await next()) {
        const piece = decoder.write(chunk);
        // files that were put together leave several marks
        yield start ? piece.replace(/^\ufeff+/, '') : piece;
        start = false;
      }
      if (/^(utf16|ucs2)/.test(plainName(found ?? '')) && length % 2 > 0)
        throw refused(
          'The file ends within a character of UTF-16.',
          'Nothing was imported. Get the file again.',
        );
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
