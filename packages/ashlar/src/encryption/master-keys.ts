import { AshlarError } from '../errors.js';
import { keyBytes, XaesKey } from './xaes.js';

/** The keys that wrap data keys, as settings give them: `version:key`, the key 32 random bytes in hex or base64. */
export interface MasterKeyTexts {
  /** Wraps whatever is wrapped from now on. */
  readonly current: string;
  /** Those before it, which still unwrap. */
  readonly old: readonly string[];
}

interface MasterKey {
  readonly version: number;
  readonly key: XaesKey;
}

const largestVersion = 2_147_483_647;

const invalid = (detail: string): AshlarError =>
  new AshlarError('key-invalid', {
    message: 'A column key is malformed.',
    detail,
    suggestion: 'Write VERSION:KEY, where KEY is 32 random bytes: echo "1:$(openssl rand -hex 32)"',
  });

const decode = (text: string): Buffer | undefined => {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  const bytes = Buffer.from(text, 'base64');
  // what is not base64 is left out silently: only a key that reads back as it was written is one
  const written = text.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  return bytes.length === keyBytes && bytes.toString('base64').replace(/=+$/, '') === written
    ? bytes
    : undefined;
};

const parse = (text: string): { version: number; bytes: Buffer } => {
  const [, digits = '', encoded = ''] = /^([1-9][0-9]{0,9}):(\S+)$/.exec(text.trim()) ?? [];
  const version = Number(digits);
  if (digits === '' || version > largestVersion) {
    throw invalid('It does not begin with a version, a whole number from 1 on, and a colon.');
  }
  const bytes = decode(encoded);
  if (!bytes) throw invalid(`The key of version ${version} is not 32 bytes in hex or base64.`);
  return { version, bytes };
};

/** The master keys: one wraps, all of them unwrap. They are outside the database, and never print. */
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

  /** The key of a version; `undefined` when it was not given. */
  get(version: number): XaesKey | undefined {
    return this.#keys.get(version)?.key;
  }
}
