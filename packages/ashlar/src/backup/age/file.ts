import { randomBytes } from 'node:crypto';
import type { Identity, Recipient } from 'age-encryption';
import { AshlarError } from '../../errors.js';
import { age } from './library.js';
import {
  type AgeFile,
  type Bytes,
  damaged,
  decryptPayload,
  encryptPayload,
  nonceBytes,
  splitAt,
} from './payload.js';

const start = 'age-encryption.org/v1\n';
// the last line of the header, with its MAC
const end = /\n--- [A-Za-z0-9+/]{43}\n/;
const longestHeader = 65_536;
const emptyPayload = nonceBytes + 16;

/** Encrypts a stream as an age file that each of the given recipients can decrypt. */
export async function encryptFile(
  plain: Bytes,
  recipients: readonly (string | Recipient)[],
): Promise<AgeFile> {
  const { Encrypter } = await age();
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  let fileKey: Buffer | undefined;
  // a recipient that adds no stanza only learns the file key
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = Buffer.from(key);
      return [];
    },
  });
  const empty = await encrypter.encrypt(new Uint8Array(0));
  if (!fileKey) throw damaged('The header of the file cannot be created.');
  const header = Buffer.from(empty.subarray(0, empty.length - emptyPayload));
  return { fileKey, bytes: joined(header, encryptPayload(plain, fileKey, randomBytes(nonceBytes))) };
}

/**
 * Decrypts an age file with whichever of the given identities fits.
 *
 * @returns the plaintext, and the file key
 * @throws AshlarError `backup-damaged`, `backup-key-wrong`; reading the plaintext also throws `backup-damaged`
 */
export async function decryptFile(
  encrypted: Bytes,
  identities: readonly (string | Identity)[],
): Promise<AgeFile> {
  const parts = await splitAt(encrypted, (read) => {
    if (!start.startsWith(read.toString('latin1', 0, start.length)))
      throw damaged('The file is not an age file.');
    const found = end.exec(read.toString('latin1', 0, longestHeader));
    if (found) return found.index + found[0].length;
    if (read.length >= longestHeader) throw damaged('The header of the file is too long.');
    return undefined;
  });
  if (!parts) throw damaged('The file ends inside its header.');
  const fileKey = await fileKeyOf(parts.head, identities);
  return { fileKey, bytes: decryptPayload(parts.rest, fileKey) };
}

const noMatch = /no identity matched/i;

const fileKeyOf = async (header: Buffer, identities: readonly (string | Identity)[]): Promise<Buffer> => {
  const { Decrypter } = await age();
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    return Buffer.from(await decrypter.decryptHeader(header));
  } catch (error) {
    if (!(error instanceof Error) || !noMatch.test(error.message))
      throw damaged('The header of the file was changed.');
    throw new AshlarError('backup-key-wrong', {
      message: 'The backup key cannot decrypt the backup.',
      detail: 'The backup was encrypted to another key, or its header was changed.',
      suggestion:
        'Set BACKUP_KEY to the key that was used for this backup; the manifest contains its fingerprint.',
      cause: error,
    });
  }
};

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}
