import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellData, lengthPrefixed } from '../../src/encryption/associated-data.js';
import {
  decryptEnvelope,
  encryptToEnvelope,
  envelopeOverhead,
  envelopeVersion,
} from '../../src/encryption/envelope.js';
import { XaesKey } from '../../src/encryption/xaes.js';
import { envelopeForm } from '../../src/model/index.js';

const key = new XaesKey(randomBytes(32));
const data = Buffer.from('its place');
const text = Buffer.from('secret plaintext');

describe('an envelope', () => {
  it('is 45 bytes longer than its plaintext, and contains its key version', () => {
    const envelope = encryptToEnvelope(key, 0x01020304, text, data);
    expect(envelope.length).toBe(text.length + 45);
    expect([envelopeOverhead, envelope[0]]).toEqual([envelopeForm.minBytes, envelopeForm.firstByte]);
    expect(envelopeVersion(envelope)).toBe(0x01020304);
    expect(decryptEnvelope(key, envelope, data)).toEqual(text);
    expect(decryptEnvelope(key, encryptToEnvelope(key, 1, Buffer.alloc(0), data), data)).toEqual(
      Buffer.alloc(0),
    );
  });

  it('differs each time', () => {
    const all = Array.from({ length: 100 }, () => encryptToEnvelope(key, 1, text, data).toString('hex'));
    expect(new Set(all).size).toBe(100);
  });

  it('does not open with any bit changed: the associated data binds the version', () => {
    const bound = (version: number) => cellData({ table: 't', column: 'c', scope: 's', row: [1] }, version);
    const envelope = encryptToEnvelope(key, 1, text, bound(1));
    for (let bit = 0; bit < envelope.length * 8; bit++) {
      const changed = Buffer.from(envelope);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(
        decryptEnvelope(key, changed, bound(envelopeVersion(changed) ?? 0)),
        `bit ${bit}`,
      ).toBeUndefined();
    }
  });

  it('opens at its full length only', () => {
    const envelope = encryptToEnvelope(key, 1, text, data);
    for (let length = 0; length < envelope.length; length++) {
      expect(decryptEnvelope(key, envelope.subarray(0, length), data), `${length} bytes`).toBeUndefined();
      expect(decryptEnvelope(key, envelope.subarray(envelope.length - length), data)).toBeUndefined();
    }
    expect(decryptEnvelope(key, Buffer.concat([envelope, Buffer.alloc(1)]), data)).toBeUndefined();
  });
});

describe('associated data', () => {
  it('is equal only for equal parts', () => {
    const parts = fc.array(fc.oneof(fc.string(), fc.nat(), fc.uint8Array({ maxLength: 5 })), {
      maxLength: 5,
    });
    const flat = (list: readonly unknown[]) => lengthPrefixed(list as string[]).toString('hex');
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), parts, (a, b, c, rest) => {
        fc.pre(b !== '');
        expect(flat([a, b, c, ...rest])).not.toBe(flat([a + b, c, ...rest]));
        expect(flat([a, b, c, ...rest])).not.toBe(flat([a, b + c, ...rest]));
      }),
    );
  });

  const place = { table: 'clients', column: 'email', scope: 'ann', row: ['1', 2] };
  it.each([
    ['table', { ...place, table: 'client' }, 1],
    ['column', { ...place, column: 'phone' }, 1],
    ['scope', { ...place, scope: 'bob' }, 1],
    ['row', { ...place, row: ['1', 3] }, 1],
    ['number of key columns', { ...place, row: ['12'] }, 1],
    ['key version', place, 2],
  ])('differs by %s', (_, other, version) => {
    const envelope = encryptToEnvelope(key, 1, text, cellData(place, 1));
    expect(decryptEnvelope(key, envelope, cellData(place, 1))).toEqual(text);
    expect(decryptEnvelope(key, envelope, cellData(other, version))).toBeUndefined();
  });
});

it('a key never prints', () => {
  const bytes = randomBytes(32);
  const shown = `${inspect(new XaesKey(bytes), { depth: 9, showHidden: true })}${JSON.stringify(new XaesKey(bytes))}`;
  expect(shown).not.toContain(bytes.toString('hex'));
});
