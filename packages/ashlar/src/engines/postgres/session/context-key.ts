import { createHmac } from 'node:crypto';
import { AshlarError } from '../../../errors.js';

const form = /^[0-9a-f]{64}$/i;

/** The length of a block of SHA-256, in bytes. */
const block = 64;

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest();

/**
 * The key that signs contexts in one database, derived from SCOPE_KEY and the identity of the database.
 *
 * @param scopeKey - 64 hex digits
 * @throws AshlarError `settings-invalid`
 */
export function contextKey(scopeKey: string, identity: string): Buffer {
  if (!form.test(scopeKey)) {
    throw new AshlarError('settings-invalid', {
      message: 'SCOPE_KEY is not a key.',
      detail: 'A key has 64 hex digits.',
      suggestion: 'Create a key: ashlar key new --scope',
    });
  }
  return hmac(Buffer.from(scopeKey, 'hex'), `ashlar/context/v1 ${identity}`);
}

/** A value by which a client finds out that it has the key of a database. It tells nothing about the key. */
export function checkValue(key: Buffer): string {
  return hmac(key, 'ashlar/context/check').toString('hex').slice(0, 32);
}

/** The key combined with the two pads of HMAC-SHA256 (RFC 2104): what the database needs to verify. */
export function pads(key: Buffer): { readonly inner: Buffer; readonly outer: Buffer } {
  const padded = Buffer.concat([key, Buffer.alloc(block - key.length)]);
  const xor = (byte: number): Buffer => Buffer.from(padded.map((each) => each ^ byte));
  return { inner: xor(0x36), outer: xor(0x5c) };
}

/** A key of a database, with its number there. */
export interface SigningKey {
  readonly id: number;
  readonly key: Buffer;
}

/**
 * Returns which of the keys of a database SCOPE_KEY gives; `undefined` where it gives none.
 *
 * @param keys - as `ashlar_signing()` returns them
 * @throws AshlarError `settings-invalid`
 */
export function keyAmong(
  keys: readonly { readonly id: number; readonly identity: string; readonly check: string }[],
  scopeKey: string,
): SigningKey | undefined {
  return keys
    .map(({ id, identity, check }) => ({ id, check, key: contextKey(scopeKey, identity) }))
    .findLast(({ key, check }) => checkValue(key) === check);
}

/**
 * Signs an actor and a scope.
 *
 * @param issued - the time of the server, in milliseconds since 1970
 */
export function sign(
  { id, key }: SigningKey,
  { actor, scope }: { readonly actor: string; readonly scope: string },
  issued: number,
): string {
  const code = hmac(key, `${issued}:${Buffer.byteLength(actor)}:${actor}${scope}`);
  return `${id}.${issued}.${code.toString('hex')}`;
}
