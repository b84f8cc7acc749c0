import { randomBytes } from 'node:crypto';
import { envelopeForm } from '../model/envelope-form.js';
import { nonceBytes, tagBytes, type XaesKey } from './xaes.js';

const versionAt = 1;
const nonceAt = versionAt + 4;
const ciphertextAt = nonceAt + nonceBytes;

/** The number of bytes by which an envelope is longer than its plaintext. */
export const envelopeOverhead = ciphertextAt + tagBytes;

/**
 * Encrypts bytes into an envelope: `0x01 ‖ key version (4 bytes, big endian) ‖ nonce (24) ‖ ciphertext ‖ tag (16)`,
 * with a random nonce.
 *
 * @param associated - data that the ciphertext is bound to; it must contain the key version and the format
 */
export function encryptToEnvelope(
  key: XaesKey,
  version: number,
  plaintext: Uint8Array,
  associated: Uint8Array,
): Buffer {
  const head = Buffer.allocUnsafe(ciphertextAt);
  head[0] = envelopeForm.firstByte;
  head.writeUInt32BE(version, versionAt);
  const nonce = randomBytes(nonceBytes);
  nonce.copy(head, nonceAt);
  return Buffer.concat([head, key.encrypt(nonce, plaintext, associated)]);
}

/** Returns the version of the data key that encrypted an envelope; `undefined` if the bytes are not an envelope. */
export function envelopeVersion(envelope: Uint8Array): number | undefined {
  if (envelope.length < envelopeOverhead || envelope[0] !== envelopeForm.firstByte) return undefined;
  return new DataView(envelope.buffer, envelope.byteOffset).getUint32(versionAt);
}

/**
 * Decrypts an envelope; returns `undefined` if the key or the associated data is wrong, or the envelope was changed.
 */
export function decryptEnvelope(
  key: XaesKey,
  envelope: Uint8Array,
  associated: Uint8Array,
): Buffer | undefined {
  return envelopeVersion(envelope) === undefined
    ? undefined
    : key.decrypt(envelope.subarray(nonceAt, ciphertextAt), envelope.subarray(ciphertextAt), associated);
}
