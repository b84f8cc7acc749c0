import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { AshlarError } from '../../errors.js';

// https://c2sp.org/age#payload: the library's payload, in JavaScript, is fourteen times slower than node:crypto
const chunkBytes = 65_536;
const tagBytes = 16;
/** The size in bytes of the random nonce before the payload of an age file. */
export const nonceBytes = 16;
const algorithm = 'chacha20-poly1305';

/** A stream of bytes, in chunks of any size. */
export type Bytes = AsyncIterable<Uint8Array>;

/** The content of an age file as a stream (encrypted when writing, decrypted when reading), with the file key. */
export interface AgeFile {
  readonly fileKey: Buffer;
  readonly bytes: Bytes;
}

/**
 * Encrypts a stream as the payload of an age file: a nonce, then chunks of 64 KiB, each with its tag.
 *
 * @param nonce - 16 random bytes, never used before
 */
export async function* encryptPayload(plain: Bytes, fileKey: Buffer, nonce: Buffer): AsyncGenerator<Buffer> {
  const key = payloadKey(fileKey, nonce);
  yield nonce;
  let counter = 0;
  for await (const { chunk, last } of inChunks(plain, chunkBytes)) {
    const cipher = createCipheriv(algorithm, key, chunkNonce(counter++, last), { authTagLength: tagBytes });
    const encrypted = cipher.update(chunk);
    cipher.final();
    yield encrypted;
    yield cipher.getAuthTag();
  }
}

/**
 * Decrypts the payload of an age file, in the format that {@link encryptPayload} writes. Each chunk is authenticated
 * before it is yielded. Only the end of the stream shows that it is complete.
 *
 * @throws AshlarError `backup-damaged` for a changed, missing or additional part
 */
export async function* decryptPayload(encrypted: Bytes, fileKey: Buffer): AsyncGenerator<Buffer> {
  let key: Buffer | undefined;
  let counter = 0;
  const { head, rest } = await split(encrypted, nonceBytes);
  key = payloadKey(fileKey, head);
  for await (const { chunk, last } of inChunks(rest, chunkBytes + tagBytes)) {
    const plain = openChunk(chunk, key, chunkNonce(counter, last));
    if (plain.length === 0 && counter > 0) throw damaged('The last chunk of the file is empty.');
    counter++;
    yield plain;
  }
}

const openChunk = (chunk: Buffer, key: Buffer, nonce: Buffer): Buffer => {
  const end = chunk.length - tagBytes;
  if (end < 0) throw damaged('The file ends too early.');
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(chunk.subarray(end));
  const plain = decipher.update(chunk.subarray(0, end));
  try {
    decipher.final();
  } catch {
    throw damaged('A part of the file was changed, or is missing.');
  }
  return plain;
};

const payloadKey = (fileKey: Buffer, nonce: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));

const chunkNonce = (counter: number, last: boolean): Buffer => {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(counter, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
};

/** Cuts a stream into chunks of one size. The last one has the rest, and is empty only if the stream is. */
async function* inChunks(source: Bytes, size: number): AsyncGenerator<{ chunk: Buffer; last: boolean }> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const part of source) {
    if (part.length === 0) continue;
    let rest = asBuffer(part);
    // a full chunk is held until more bytes arrive, because it may be the last one
    while (length + rest.length > size) {
      const taken = rest.subarray(0, size - length);
      yield { chunk: parts.length === 0 ? taken : Buffer.concat([...parts, taken]), last: false };
      rest = rest.subarray(taken.length);
      parts = [];
      length = 0;
    }
    parts.push(rest);
    length += rest.length;
  }
  yield { chunk: parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts), last: true };
}

/** Splits a stream into its first `count` bytes and the rest. @throws AshlarError `backup-damaged` if it is shorter */
export async function split(source: Bytes, count: number): Promise<{ head: Buffer; rest: Bytes }> {
  const found = await splitAt(source, (read) => (read.length >= count ? count : undefined));
  if (!found) throw damaged('The file ends too early.');
  return found;
}

/**
 * Splits a stream into two parts, at the position that the function `where` finds in the bytes read so far.
 *
 * @param where - how many of the bytes read so far belong to the first part; `undefined` to read more
 * @returns `undefined` if the stream ended before
 */
export async function splitAt(
  source: Bytes,
  where: (read: Buffer) => number | undefined,
): Promise<{ head: Buffer; rest: Bytes } | undefined> {
  const parts = source[Symbol.asyncIterator]();
  let read = Buffer.alloc(0);
  for (;;) {
    const at = where(read);
    if (at !== undefined) return { head: read.subarray(0, at), rest: following(read.subarray(at), parts) };
    const { done, value } = await parts.next();
    if (done) return undefined;
    read = Buffer.concat([read, value]);
  }
}

async function* following(first: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first;
    for (;;) {
      const { done, value } = await rest.next();
      if (done) return;
      yield value;
    }
  } finally {
    await rest.return?.();
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Creates the error for a changed or incomplete backup. */
export function damaged(detail: string): AshlarError {
  return new AshlarError('backup-damaged', {
    message: 'The backup is damaged.',
    detail,
    suggestion: 'Use another backup; `ashlar backup list` lists them.',
  });
}
