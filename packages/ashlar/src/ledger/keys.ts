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
import { fromBase64 } from './text.js';

const algorithm = Buffer.of(0x01);
const privateKeyPrefix = 'PRIVATE+KEY+';
// What node:crypto wants around the 32 bytes: PKCS #8 and SPKI of Ed25519, RFC 8410.
const seedHeader = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicHeader = Buffer.from('302a300506032b6570032100', 'hex');

/** Whoever a signature is looked for from: one Ed25519 key under a name, as in the C2SP signed-note specification. */
export interface Verifier {
  readonly name: string;
  /** The first four bytes of SHA-256(name ‖ newline ‖ 0x01 ‖ public key). */
  readonly keyId: Buffer;
  /** The key as text, `name+id+base64`: what is given to whoever shall verify. */
  readonly verifierKey: string;
  verify(text: Uint8Array, signature: Uint8Array): boolean;
}

/** Whoever signs. The private key is handed out only as a {@link Secret}. */
export interface Signer extends Verifier {
  /** `PRIVATE+KEY+name+id+base64`, the form that Go's note package uses too. */
  readonly privateKey: Secret;
  sign(text: Uint8Array): Buffer;
}

/** Whether a key can have this name: some characters, no white space, no plus sign, no control characters. */
export const isKeyName = (name: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there
  name.isWellFormed() && /^[^\s+\u0000-\u001f\u0085]+$/u.test(name);

const keyIdOf = (name: string, key: Uint8Array): Buffer =>
  hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), algorithm, key]), 'buffer').subarray(0, 4);

const keyText = (name: string, keyId: Buffer, key: Uint8Array): string =>
  `${name}+${keyId.toString('hex')}+${Buffer.concat([algorithm, key]).toString('base64')}`;

/** The three parts of `name+id+base64`, where they are well-formed and the key is one of Ed25519. */
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
 * A signer with a new key. The name tells whose key it is and is part of it: a host name with a path, by custom.
 *
 * @throws AshlarError usage, for a name with white space, plus signs or nothing in it
 */
export function newSigner(name: string): Signer {
  if (!isKeyName(name))
    throw new AshlarError('usage', {
      message: 'A signing key cannot have that name.',
      detail: 'A name has at least one character, and no spaces or plus signs.',
      suggestion: 'Name it after who signs, for example example.com/audit.',
    });
  return signerOf(name, randomBytes(32));
}

/**
 * The signer whose private key this is.
 *
 * @throws AshlarError settings-invalid
 */
export function parsePrivateKey(privateKey: Secret): Signer {
  const text = privateKey.reveal();
  const parts = text.startsWith(privateKeyPrefix) ? splitKey(text.slice(privateKeyPrefix.length)) : undefined;
  const signer = parts && signerOf(parts.name, parts.key);
  if (signer === undefined || signer.keyId.toString('hex') !== parts?.keyId)
    throw new AshlarError('settings-invalid', {
      message: 'The private key of the ledger cannot be read.',
      detail: 'It must be one line, PRIVATE+KEY+name+id+base64, with an Ed25519 key that the id belongs to.',
    });
  return signer;
}

/**
 * The verifier whose key this is.
 *
 * @throws AshlarError settings-invalid
 */
export function parseVerifierKey(text: string): Verifier {
  const parts = splitKey(text);
  if (parts === undefined || keyIdOf(parts.name, parts.key).toString('hex') !== parts.keyId)
    throw new AshlarError('settings-invalid', {
      message: 'The verifier key cannot be read.',
      detail: 'It must be one line, name+id+base64, with an Ed25519 key that the id belongs to.',
    });
  const der = Buffer.concat([publicHeader, parts.key]);
  return verifierOf(parts.name, parts.key, createPublicKey({ key: der, format: 'der', type: 'spki' }));
}
