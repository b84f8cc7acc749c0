import {
  createPrivateKey,
  createPublicKey,
  hash,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { AshlarError } from '../errors.js';
import { Secret } from '../settings/secret.js';
import { retirementsForm } from './retirement-lines.js';
import { fromBase64 } from './text.js';

const algorithm = Buffer.of(0x01);
const timedAlgorithm = Buffer.of(0x04);
// a kind without a number is named (https://c2sp.org/signed-note)
const retirementsAlgorithm = Buffer.concat([Buffer.of(0xff), Buffer.from(retirementsForm)]);
const privateKeyPrefix = 'PRIVATE+KEY+';
// What node:crypto requires around the 32 bytes: PKCS #8 and SPKI of Ed25519, RFC 8410.
const seedHeader = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicHeader = Buffer.from('302a300506032b6570032100', 'hex');

/** A named Ed25519 public key that verifies signatures, as in the C2SP signed-note specification. */
export interface Verifier {
  readonly name: string;
  /** The id of the key: the first four bytes of SHA-256(name ‖ newline ‖ 0x01 ‖ public key). */
  readonly keyId: Buffer;
  /** The id of the key in signatures that state a time: as `keyId`, with 0x04 (https://c2sp.org/tlog-cosignature). */
  readonly timeKeyId: Buffer;
  /** The id of the key in signatures that state retirements: as `keyId`, with 0xff and `ashlar/retirements/v1`. */
  readonly retirementsKeyId: Buffer;
  /** The public key as text, which may be published: `name+id+base64`. */
  readonly verifierKey: string;
  verify(text: Uint8Array, signature: Uint8Array): boolean;
}

/**
 * A private key that signs notes, with the public key that belongs to it. Its text is available only as a
 * {@link Secret}.
 */
export interface Signer extends Verifier {
  /** The private key as text, in the format of Go's package `note`: `PRIVATE+KEY+name+id+base64`. */
  readonly privateKey: Secret;
  sign(text: Uint8Array): Buffer;
}

/**
 * Whether a text is a valid name for a key: it is not empty, and has no white space, plus signs or control
 * characters.
 */
export function isKeyName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression excludes them
  return name.isWellFormed() && /^[^\s+\u0000-\u001f\u0085]+$/u.test(name);
}

const keyIdOf = (name: string, key: Uint8Array, of: Buffer = algorithm): Buffer =>
  hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), of, key]), 'buffer').subarray(0, 4);

const keyText = (name: string, keyId: Buffer, key: Uint8Array): string =>
  `${name}+${keyId.toString('hex')}+${Buffer.concat([algorithm, key]).toString('base64')}`;

/** The three parts of `name+id+base64`, where they are well-formed and the key is an Ed25519 key. */
const splitKey = (text: string): { name: string; keyId: string; key: Buffer } | undefined => {
  const [, name = '', keyId = '', encoded = ''] = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/su.exec(text) ?? [];
  const bytes = fromBase64(encoded);
  return isKeyName(name) && bytes?.length === 33 && bytes[0] === algorithm[0]
    ? { name, keyId, key: bytes.subarray(1) }
    : undefined;
};

const verifierOf = (name: string, key: Uint8Array, keyObject: KeyObject): Verifier => {
  const keyId = keyIdOf(name, key);
  return Object.freeze({
    name,
    keyId,
    timeKeyId: keyIdOf(name, key, timedAlgorithm),
    retirementsKeyId: keyIdOf(name, key, retirementsAlgorithm),
    verifierKey: keyText(name, keyId, key),
    verify: (text: Uint8Array, signature: Uint8Array) => verify(null, text, keyObject, signature),
  });
};

const signerOf = (name: string, seed: Uint8Array): Signer => {
  const key = createPrivateKey({ key: Buffer.concat([seedHeader, seed]), format: 'der', type: 'pkcs8' });
  const keyObject = createPublicKey(key);
  const publicKey = keyObject.export({ format: 'der', type: 'spki' }).subarray(publicHeader.length);
  const verifier = verifierOf(name, publicKey, keyObject);
  return Object.freeze({
    ...verifier,
    privateKey: new Secret(`${privateKeyPrefix}${keyText(name, verifier.keyId, seed)}`),
    sign: (text: Uint8Array) => sign(null, text, key),
  });
};

/**
 * Creates a signer with a new random private key.
 *
 * @param name - whose key it is; part of the key. By convention a host name with a path: `example.com/shop`
 * @throws AshlarError `usage` for an empty name, or one with white space or plus signs
 */
export function newSigner(name: string): Signer {
  if (!isKeyName(name))
    throw new AshlarError('usage', {
      message: 'Invalid name of a signing key.',
      detail: 'A name has at least one character, and no white space, plus signs or control characters.',
      suggestion: 'Use a name of the signer, for example example.com/shop.',
    });
  return signerOf(name, randomBytes(32));
}

/**
 * Parses a private key from its text: `PRIVATE+KEY+name+id+base64`.
 *
 * @throws AshlarError `settings-invalid`
 */
export function parsePrivateKey(privateKey: Secret): Signer {
  const text = privateKey.reveal();
  const parts = text.startsWith(privateKeyPrefix) ? splitKey(text.slice(privateKeyPrefix.length)) : undefined;
  const signer = parts && signerOf(parts.name, parts.key);
  if (signer === undefined || signer.keyId.toString('hex') !== parts?.keyId)
    throw new AshlarError('settings-invalid', {
      message: 'Invalid private key of a ledger.',
      detail: 'It must be one line, PRIVATE+KEY+name+id+base64, with an Ed25519 key and its id.',
    });
  return signer;
}

/**
 * Parses a public key from its text: `name+id+base64`.
 *
 * @throws AshlarError `settings-invalid`
 */
export function parseVerifierKey(text: string): Verifier {
  const parts = splitKey(text);
  if (parts === undefined || keyIdOf(parts.name, parts.key).toString('hex') !== parts.keyId)
    throw new AshlarError('settings-invalid', {
      message: 'Invalid public key of a ledger.',
      detail: 'It must be one line, name+id+base64, with an Ed25519 key and its id.',
    });
  const der = Buffer.concat([publicHeader, parts.key]);
  return verifierOf(parts.name, parts.key, createPublicKey({ key: der, format: 'der', type: 'spki' }));
}
