import { hkdfSync, randomBytes } from 'node:crypto';
import { AshlarError } from '../errors.js';
import { dataKeyData } from './associated-data.js';
import { decryptEnvelope, encryptToEnvelope } from './envelope.js';
import type { MasterKeys } from './master-keys.js';
import { keyBytes, XaesKey } from './xaes.js';

/** The identity of a data key: its keyring, its scope and its version. */
export interface KeyName {
  readonly keyring: string;
  readonly scope: string;
  readonly version: number;
}

/**
 * A data key that is unwrapped, ready to encrypt and decrypt. It encrypts the values of one scope. It never prints.
 */
export class DataKey {
  readonly version: number;
  readonly cells: XaesKey;
  readonly #bytes: Buffer;
  readonly #derived = new Map<string, Buffer>();

  constructor(version: number, bytes: Buffer) {
    this.version = version;
    this.cells = new XaesKey(bytes);
    this.#bytes = bytes;
  }

  /** Derives a key for a purpose other than encryption, with HKDF-SHA256 (RFC 5869). */
  derived(info: Buffer): Buffer {
    const name = info.toString('base64');
    let key = this.#derived.get(name);
    if (!key) {
      key = Buffer.from(hkdfSync('sha256', this.#bytes, new Uint8Array(0), info, keyBytes));
      this.#derived.set(name, key);
    }
    return key;
  }
}

/** A data key as the keyring stores it: encrypted with a master key. */
export interface WrappedKey {
  readonly wrapped: Uint8Array;
  readonly master_version: number;
}

const wrap = (masters: MasterKeys, { keyring, scope, version }: KeyName, bytes: Buffer): WrappedKey => {
  const { version: master_version, key } = masters.current;
  const associated = dataKeyData(keyring, scope, version, master_version);
  return { wrapped: encryptToEnvelope(key, master_version, bytes, associated), master_version };
};

const unwrapped = (masters: MasterKeys, name: KeyName, { wrapped, master_version }: WrappedKey): Buffer => {
  const master = masters.get(master_version);
  if (!master) {
    throw new AshlarError('key-missing', {
      message: `The column key of version ${master_version} is missing.`,
      detail: `A data key in ${name.keyring} is wrapped with this column key.`,
      suggestion:
        'Add the key to COLUMN_KEYS_OLD until `ashlar key rotate columns` has rewrapped every data key.',
    });
  }
  const { keyring, scope, version } = name;
  const bytes = decryptEnvelope(master, wrapped, dataKeyData(keyring, scope, version, master_version));
  if (bytes) return bytes;
  throw new AshlarError('key-wrong', {
    message: `The column key of version ${master_version} does not decrypt the data key ${version} of the scope ${scope}.`,
    detail: `Either the data key was wrapped with a different key of that version, or the row in ${keyring} was changed.`,
    suggestion: 'Set the column key that previously had this version.',
  });
};

/**
 * Creates a data key of 32 random bytes and wraps it. It is not derived: a derived key could be derived again after
 * shredding.
 */
export function newWrappedKey(masters: MasterKeys, name: KeyName): WrappedKey {
  const bytes = randomBytes(keyBytes);
  try {
    return wrap(masters, name, bytes);
  } finally {
    bytes.fill(0);
  }
}

/** Unwraps a data key. @throws AshlarError `key-missing`, `key-wrong` */
export function openWrappedKey(masters: MasterKeys, name: KeyName, given: WrappedKey): DataKey {
  return new DataKey(name.version, unwrapped(masters, name, given));
}

/**
 * Unwraps a wrapped data key and wraps it with the current master key.
 *
 * @throws AshlarError `key-missing`, `key-wrong`
 */
export function rewrappedKey(masters: MasterKeys, name: KeyName, given: WrappedKey): WrappedKey {
  const bytes = unwrapped(masters, name, given);
  try {
    return wrap(masters, name, bytes);
  } finally {
    bytes.fill(0);
  }
}
