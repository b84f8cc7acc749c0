import { randomBytes } from 'node:crypto';
import { Decrypter, Encrypter, type Identity, type Recipient } from 'age-encryption';
import { AshlarError } from '../../errors.js';
import { type Bytes, damaged, decryptPayload, encryptPayload, nonceBytes, splitAt } from './payload.js';

const start = 'age-encryption.org/v1\n';
// the line with the header's MAC, which is its last
const end = /\n--- [A-Za-z0-9+/]{43}\n/;
const longestHeader = 65_536;
const emptyPayload = nonceBytes + 16;

/** An age file on its way: its bytes, and the key of this one file. */
export interface AgeFile {
  readonly fileKey: Buffer;
  readonly bytes: Bytes;
}

/** Encrypts a stream to recipients. */
export async function encryptFile(
  plain: Bytes,
  recipients: readonly (string | Recipient)[],
): Promise<AgeFile> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  let fileKey: Buffer | undefined;
  // a recipient that adds nothing to the header learns the key that the others get
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = Buffer.from(key);
      return [];
    },
  });
  const empty = await encrypter.encrypt(new Uint8Array(0));
  if (!fileKey) throw damaged('Its header could not be made.');
  const header = Buffer.from(empty.subarray(0, empty.length - emptyPayload));
  return { fileKey, bytes: joined(header, encryptPayload(plain, fileKey, randomBytes(nonceBytes))) };
}

/**
 * Decrypts an age file.
 *
 * @returns its plaintext, and the key of this one file
 * @throws AshlarError `backup-damaged`, `backup-key-wrong`; reading its plaintext also throws `backup-damaged`
 */
export async function decryptFile(
  encrypted: Bytes,
  identities: readonly (string | Identity)[],
): Promise<AgeFile> {
  const parts = await splitAt(encrypted, (read) => {
    if (!start.startsWith(read.toString('latin1', 0, start.length))) throw damaged('It is no age file.');
    const found = end.exec(read.toString('latin1', 0, longestHeader));
    if (found) return found.index + found[0].length;
    if (read.length >= longestHeader) throw damaged('Its header has no end.');
    return undefined;
  });
  if (!parts) throw damaged('It ends within its header.');
  const fileKey = await fileKeyOf(parts.head, identities);
  return { fileKey, bytes: decryptPayload(parts.rest, fileKey) };
}

const noMatch = /no identity matched/i;

const fileKeyOf = async (header: Buffer, identities: readonly (string | Identity)[]): Promise<Buffer> => {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    return Buffer.from(await decrypter.decryptHeader(header));
  } catch (error) {
    if (!(error instanceof Error) || !noMatch.test(error.message))
      throw damaged('Its header is not what was written.');
    throw new AshlarError('backup-key-wrong', {
      message: 'The backup key does not open the backup.',
      detail: 'It was encrypted to another key, or its header was changed.',
      suggestion: 'Set BACKUP_KEY to the key of its time; the manifest tells the fingerprint.',
      cause: error,
    });
  }
};

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}
