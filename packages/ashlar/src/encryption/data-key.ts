import { hkdfSync, randomBytes } from 'node:crypto';
import { AshlarError } from '../errors.js';
import { dataKeyData } from './associated-data.js';
import { decryptEnvelope, encryptToEnvelope } from './envelope.js';
import type { MasterKeys } from './master-keys.js';
import { keyBytes, XaesKey } from './xaes.js';

/** Which data key: of which keyring, whose, and which of its versions. */
export interface KeyName {
  readonly keyring: string;
  readonly scope: string;
  readonly version: number;
}

/** A data key, unwrapped. It encrypts the values of one scope, and never prints. */
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

  /** A key derived from it by HKDF-SHA256, for another purpose than encryption. */
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

/** A data key as the keyring keeps it. */
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
      detail: `A data key in ${name.keyring} is wrapped under it.`,
      suggestion: 'Add it to COLUMN_KEYS_OLD until `rotateMaster` has wrapped every data key anew.',
    });
  }
  const { keyring, scope, version } = name;
  const bytes = decryptEnvelope(master, wrapped, dataKeyData(keyring, scope, version, master_version));
  if (bytes) return bytes;
  throw new AshlarError('key-wrong', {
    message: `The column key of version ${master_version} does not open the data key ${version} of the scope ${scope}.`,
    detail: `Either another key had that version, or the row of ${keyring} is not as Ashlar wrote it.`,
    suggestion: 'Give the key that was in use under that version.',
  });
};

/** A data key of 32 random bytes, wrapped: a derived one could be derived again after it was shredded. */
export function newWrappedKey(masters: MasterKeys, name: KeyName): WrappedKey {
  const bytes = randomBytes(keyBytes);
  try {
    return wrap(masters, name, bytes);
  } finally {
    bytes.fill(0);
  }
}

/** @throws AshlarError `key-missing`, `key-wrong` */
export function openWrappedKey(masters: MasterKeys, name: KeyName, given: WrappedKey): DataKey {
  return new DataKey(name.version, unwrapped(masters, name, given));
}

/** The same data key under the current master key. @throws AshlarError `key-missing`, `key-wrong` */
export function rewrappedKey(masters: MasterKeys, name: KeyName, given: WrappedKey): WrappedKey {
  const bytes = unwrapped(masters, name, given);
  try {
    return wrap(masters, name, bytes);
  } finally {
    bytes.fill(0);
  }
}
