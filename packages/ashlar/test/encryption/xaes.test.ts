import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { XaesKey } from '../../src/encryption/xaes.js';

// the deterministic stream of the specification's accumulated test: SHAKE-128 of no input
const shakeStream = (bytes: number) => {
  const stream = createHash('shake128', { outputLength: bytes }).digest();
  let at = 0;
  const take = (length: number): Buffer => {
    at += length;
    return stream.subarray(at - length, at);
  };
  return { take, vector: () => take(take(1)[0] ?? 0) };
};

describe('XAES-256-GCM', () => {
  const nonce = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX');
  const plaintext = Buffer.from('XAES-256-GCM');

  it.each([
    { key: 0x01, data: '', ciphertext: 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271' },
    {
      key: 0x03,
      data: 'c2sp.org/XAES-256-GCM',
      ciphertext: '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d',
    },
  ])('gives the published ciphertext under a key of $key', ({ key, data, ciphertext: expected }) => {
    const xaes = new XaesKey(Buffer.alloc(32, key));
    const ciphertext = xaes.encrypt(nonce, plaintext, Buffer.from(data));
    expect(ciphertext.toString('hex')).toBe(expected);
    expect(xaes.decrypt(nonce, ciphertext, Buffer.from(data))).toEqual(plaintext);
  });

  it('gives the published hash over 10,000 random keys, nonces, plaintexts and data', () => {
    const { take, vector } = shakeStream(10_000 * (32 + 24 + 2 * 256));
    expect(shakeStream(16).take(16).toString('hex')).toBe('7f9c2ba4e88f827d616045507605853e');
    const hash = createHash('shake128', { outputLength: 32 });
    for (let i = 0; i < 10_000; i++) {
      const key = new XaesKey(take(32));
      const [given, text, data] = [take(24), vector(), vector()];
      const ciphertext = key.encrypt(given, text, data);
      expect(key.decrypt(given, ciphertext, data)?.equals(text)).toBe(true);
      hash.update(ciphertext);
    }
    expect(hash.digest('hex')).toBe('e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939');
  });

  it('does not decrypt with another key, nonce or data', () => {
    const xaes = new XaesKey(randomBytes(32));
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), fc.nat(191), (text, data, bit) => {
        const ciphertext = xaes.encrypt(nonce, text, data);
        const other = Buffer.from(nonce);
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(xaes.decrypt(other, ciphertext, data)).toBeUndefined();
        expect(xaes.decrypt(nonce, ciphertext, Buffer.concat([data, Buffer.alloc(1)]))).toBeUndefined();
        expect(new XaesKey(randomBytes(32)).decrypt(nonce, ciphertext, data)).toBeUndefined();
        expect(xaes.decrypt(nonce, ciphertext, data)).toEqual(Buffer.from(text));
      }),
    );
  });
});
