import { AshlarError } from '../errors.js';
import { keyBytes, XaesKey } from './xaes.js';

/**
 * The master keys, which wrap data keys, as texts of the form `VERSION:KEY`, where KEY is 32 random bytes in hex or
 * base64.
 */
export interface MasterKeyTexts {
  /** The key that wraps new data keys. */
  readonly current: string;
  /** Earlier master keys, which unwrap existing data keys but wrap no new ones. */
  readonly old: readonly string[];
}

interface MasterKey {
  readonly version: number;
  readonly key: XaesKey;
}

const largestVersion = 2_147_483_647;

const invalid = (detail: string): AshlarError =>
  new AshlarError('key-invalid', {
    message: 'Invalid master key of encrypted columns.',
    detail,
    suggestion: 'Write VERSION:KEY, where KEY is 32 random bytes: echo "1:$(openssl rand -hex 32)"',
  });

const decode = (text: string): Buffer | undefined => {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  const bytes = Buffer.from(text, 'base64');
  // Buffer.from skips characters that are not base64: only a text that encodes back to itself is a key
  const written = text.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  return bytes.length === keyBytes && bytes.toString('base64').replace(/=+$/, '') === written
    ? bytes
    : undefined;
};

const parse = (text: string): { version: number; bytes: Buffer } => {
  const [, digits = '', encoded = ''] = /^([1-9][0-9]{0,9}):(\S+)$/.exec(text.trim()) ?? [];
  const version = Number(digits);
  if (digits === '' || version > largestVersion) {
    throw invalid('It must begin with a version (an integer from 1) and a colon.');
  }
  const bytes = decode(encoded);
  if (!bytes) throw invalid(`The key of version ${version} is not 32 bytes in hex or base64.`);
  return { version, bytes };
};

/**
 * The master keys: the current one wraps data keys, and all of them can unwrap data keys. They are kept outside the
 * database, and never print.
 */
export class MasterKeys {
  readonly #keys: ReadonlyMap<number, MasterKey>;
  readonly current: MasterKey;

  /** @throws AshlarError `key-invalid` */
  constructor({ current, old }: MasterKeyTexts) {
    const seen = new Map<number, Buffer>();
    const parsed = [current, ...old].map(parse);
    for (const { version, bytes } of parsed) {
      if (seen.get(version)?.equals(bytes) === false) {
        throw invalid(`Two different keys have the version ${version}.`);
      }
      seen.set(version, bytes);
    }
    const keys = new Map(
      [...seen].map(([version, bytes]) => [version, { version, key: new XaesKey(bytes) }]),
    );
    for (const { bytes } of parsed) bytes.fill(0);
    this.#keys = keys;
    this.current = keys.get(parsed[0]?.version ?? 0) as MasterKey;
  }

  /** Returns the master key with this version; `undefined` if there is none. */
  get(version: number): XaesKey | undefined {
    return this.#keys.get(version)?.key;
  }
}
